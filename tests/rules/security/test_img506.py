"""Packages without signatures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN apt-get install -y a", "signed"),
    ('RUN echo "deb [trusted=yes] file:/var/cuda-repo ./" > /etc/apt/sources.list.d/a.list', "in the image itself"),
    ('RUN echo "deb [signed-by=/k.asc] https://example.org ./" > /etc/apt/sources.list.d/a.list', "signed"),
    ("RUN dnf install -y --nogpgcheck ./a.rpm", "a file"),
    ("RUN dnf install -y --nogpgcheck https://example.org/a-release.rpm", "a file by https"),
    ("RUN apk add --allow-untrusted /tmp/glibc.apk", "a file"),
    ("RUN apk index --allow-untrusted -o APKINDEX.tar.gz *.apk", "an index of files"),
    ('RUN printf "[a]\\ngpgcheck=1\\nrepo_gpgcheck=0\\n" > /etc/yum.repos.d/a.repo', "packages are checked"),
    ("RUN echo --allow-unauthenticated", "a word"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG506", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN apt-get install -y --allow-unauthenticated a", 2, "--allow-unauthenticated", "warning"),
    ("RUN apt install -y --force-yes a b", 2, "--force-yes", "warning"),
    ("RUN apt-get update --allow-insecure-repositories", 2, "--allow-insecure-repositories", "warning"),
    ("RUN apt-get -o APT::Get::AllowUnauthenticated=true install -y a", 2, "APT::Get::AllowUnauthenticated=true", "warning"),
    ('RUN echo "deb [trusted=yes] https://example.org ./" > /etc/apt/sources.list.d/a.list && apt-get update', 2, "trusted=yes", "warning"),
    ("RUN dnf install -y --nogpgcheck a", 2, "--nogpgcheck", "warning"),
    ('RUN printf "[a]\\nbaseurl=https://example.org\\ngpgcheck=0\\n" > /etc/yum.repos.d/a.repo', 2, "gpgcheck=0", "warning"),
    ("RUN zypper --no-gpg-checks install -y a", 2, "--no-gpg-checks", "warning"),
    ("RUN apk add --no-cache --allow-untrusted -X https://example.org/repo a", 2, "--allow-untrusted", "warning"),
    ("COPY <<EOF /etc/yum.repos.d/a.repo\n[a]\ngpgcheck = 0\nEOF", 4, "gpgcheck = 0", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG506", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN apt-get update --allow-insecure-repositories && apt-get install -y --allow-unauthenticated a",
    "RUN sudo apt-get -y --force-yes install a",
    "RUN sed -i 's/gpgcheck=1/gpgcheck=0/' /etc/yum.repos.d/a.repo",
    'RUN <<EOF\necho "deb [arch=amd64 trusted=yes] http://example.org/ ./" > /etc/apt/sources.list.d/a.list\nEOF',
    "RUN yum -y --nogpgcheck install a",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG506", f"{FROM}{lines}\n").findings) == 1
