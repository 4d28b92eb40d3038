"""Certificates that are not checked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN curl -fsSL https://example.org/a", "checked"),
    ("RUN curl -kfsSL https://localhost:8443/health", "the machine itself"),
    ("RUN curl -k http://example.org/a", "no certificate"),
    ('RUN wget --no-check-certificate https://example.org/a && echo "0f  a" | sha256sum -c', "its checksum is checked"),
    ("RUN git -c http.sslVerify=true clone https://example.org/a", "checked"),
    ("RUN git config --global http.sslVerify false && git clone https://example.org/a && git config --global --unset http.sslVerify", "set back; the clone is one place"),
    ("RUN npm config set strict-ssl true", "checked"),
    ("ENV NODE_TLS_REJECT_UNAUTHORIZED=1", "checked"),
    ("RUN apt-get -o Acquire::https::Verify-Peer=false update", "packages are signed"),
    ("RUN tar -xkf a.tar && make -k", "other commands"),
    ("HEALTHCHECK CMD curl -kf https://127.0.0.1/", "when it runs"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG505", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN curl -k https://example.org/a", 2, "-k", "warning"),
    ("RUN curl -fsSLk https://example.org/a -o a", 2, "-fsSLk", "warning"),
    ("RUN curl --insecure https://example.org/a", 2, "--insecure", "warning"),
    ("RUN wget -q \\\n  --no-check-certificate https://example.org/a", 3, "--no-check-certificate", "warning"),
    ("RUN git config --global http.sslVerify false", 2, "http.sslVerify false", "warning"),
    ("RUN git -c http.sslVerify=false clone https://example.org/a", 2, "http.sslVerify=false", "warning"),
    ("ENV GIT_SSL_NO_VERIFY=1", 2, "GIT_SSL_NO_VERIFY=1", "warning"),
    ("ENV NODE_TLS_REJECT_UNAUTHORIZED 0", 2, "NODE_TLS_REJECT_UNAUTHORIZED 0", "warning"),
    ("RUN npm config set strict-ssl false", 2, "strict-ssl false", "warning"),
    ("RUN conda config --set ssl_verify no", 2, "ssl_verify no", "warning"),
    ('RUN echo "sslverify=0" >> /etc/yum.conf', 2, "sslverify=0", "warning"),
    ("RUN echo insecure >> ~/.curlrc", 2, "insecure", "warning"),
    ('RUN echo "check_certificate = off" >> ~/.wgetrc', 2, "check_certificate = off", "warning"),
    ("ENV PYTHONHTTPSVERIFY=0", 2, "PYTHONHTTPSVERIFY=0", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG505", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN curl -k https://example.org/a",
    "RUN sudo wget --no-check-certificate https://example.org/a",
    "RUN export GIT_SSL_NO_VERIFY=true && git clone https://example.org/a",
    'RUN ["bash", "-c", "curl -sk https://example.org/a"]',
    "RUN <<EOF\nyarn config set strict-ssl false\nEOF",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG505", f"{FROM}{lines}\n").findings) == 1
