"""Indexes that nobody vouches for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN pip install -i https://mirrors.aliyun.com/pypi/simple numpy", "https"),
    ("RUN pip install --extra-index-url http://localhost:3141/root/dev a", "the machine itself"),
    ("RUN pip install --trusted-host ${HOST} --index-url ${INDEX} a", "unknown"),
    ("ARG PIP_TRUSTED_HOST=", "none"),
    ('RUN apt-get update && echo "deb http://deb.debian.org/debian bookworm main" > /etc/apt/sources.list', "signed"),
    ("RUN curl http://example.org/simple", "no index"),
    ("RUN pip config set global.index-url https://mirrors.aliyun.com/pypi/simple", "https"),
    ("RUN cat <<EOF > /etc/pip.conf\n# index-url = http://example.org/simple\nEOF", "a comment of the file"),
    ("RUN docker run --registry-mirror http://example.org a", "no packages"),
    ("RUN export PIP_TRUSTED_HOST=mirrors.aliyun.com", "ends with the RUN"),
    ("RUN export PIP_INDEX_URL=http://mirrors.aliyun.com/pypi/simple && UV_INDEX_URL=http://mirrors.aliyun.com/pypi/simple", "ends with the RUN"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG504", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN export PIP_TRUSTED_HOST=mirrors.aliyun.com && pip install numpy", 2, "mirrors.aliyun.com", "warning"),
    ("RUN echo export PIP_TRUSTED_HOST=mirrors.aliyun.com >> ~/.bashrc", 2, "mirrors.aliyun.com", "warning"),
    ("RUN pip install -i http://mirrors.aliyun.com/pypi/simple/ numpy", 2, "http://mirrors.aliyun.com/pypi/simple/", "warning"),
    ('RUN pip install --index-url "http://mirrors.aliyun.com/pypi/simple/" --trusted-host mirrors.aliyun.com numpy', 2, "http://mirrors.aliyun.com/pypi/simple/", "warning"),
    ("ENV PIP_INDEX_URL=http://mirrors.aliyun.com/pypi/simple/ PIP_TRUSTED_HOST=mirrors.aliyun.com", 2, "http://mirrors.aliyun.com/pypi/simple/", "warning"),
    ("ARG UV_INDEX_URL=http://mirrors.aliyun.com/pypi/simple/", 2, "http://mirrors.aliyun.com/pypi/simple/", "warning"),
    ("RUN pip install --trusted-host pypi.org numpy", 2, "pypi.org", "warning"),
    ("RUN pip config set global.trusted-host mirrors.aliyun.com", 2, "mirrors.aliyun.com", "warning"),
    ("RUN printf '[global]\\nindex-url = http://mirrors.aliyun.com/pypi/simple/\\ntrusted-host = mirrors.aliyun.com\\n' > /etc/pip.conf", 2, "http://mirrors.aliyun.com/pypi/simple/", "warning"),
    ("RUN npm config set registry http://registry.example.org/", 2, "http://registry.example.org/", "warning"),
    ("RUN npm ci --registry=http://registry.example.org/", 2, "http://registry.example.org/", "warning"),
    ("ENV GOPROXY=http://proxy.example.org", 2, "http://proxy.example.org", "warning"),
    ("RUN pip install -f http://wheels.example.org/ a", 2, "http://wheels.example.org/", "warning"),
    ("COPY <<EOF /etc/pip.conf\n[global]\nindex-url = http://mirrors.aliyun.com/pypi/simple/\nEOF", 4, "http://mirrors.aliyun.com/pypi/simple/", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG504", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN pip install -i http://mirrors.aliyun.com/pypi/simple/ numpy",
    "RUN pip config set global.index-url http://mirrors.aliyun.com/pypi/simple/",
    "ENV PIP_INDEX_URL=http://mirrors.aliyun.com/pypi/simple/",
    "RUN echo '[global]\\nindex-url=http://mirrors.aliyun.com/pypi/simple/' > ~/.pip/pip.conf",
    "RUN uv pip install --system --allow-insecure-host mirrors.aliyun.com numpy",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG504", f"{FROM}{lines}\n").findings) == 1
