"""Files from the network without a checksum."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("ADD --checksum=sha256:9a3f2d1c0b5e4f6a9a3f2d1c0b5e4f6a9a3f2d1c0b5e4f6a9a3f2d1c0b5e4f6a https://example.org/a /a", "a checksum"),
    ("ADD https://github.com/a/b.git#v1.0 /b", "a repository"),
    ("ADD https://example.org/raw/0123456789abcdef0123456789abcdef01234567/a.json /a", "a commit"),
    ("ADD https://api.github.com/repos/a/b/git/refs/heads/main /tmp/b.json", "tells the cache of a new commit"),
    ('ADD https://example.org/a.tar.gz /a\nRUN echo "0f  /a" | sha256sum -c', "checked"),
    ("ADD a.tar.gz /a", "a file of the context"),
    ("ADD $URL /a", "unknown"),
    ("COPY --from=a /a /a", "no ADD"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG509", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("ADD https://example.org/a.tar.gz /a", 2, "https://example.org/a.tar.gz", "info"),
    ("ADD http://example.org/a.tar.gz /a", 2, "http://example.org/a.tar.gz", "warning"),
    ('ADD ["https://example.org/a", "/a"]', 2, '"https://example.org/a"', "info"),
    ("ARG V=1\nADD https://example.org/$V/a /a", 3, "https://example.org/$V/a", "info"),
    ("ONBUILD ADD https://example.org/a /a", 2, "https://example.org/a", "info"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG509", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- what is to be done: (instruction, what the message says) ---
ADVICE = [
    ("ADD https://example.org/a-1.2.tar.gz /a", "send; add --checksum=sha256:…"),
    ("ADD https://example.org/latest/a.sh /a", "name a version, and add --checksum=sha256:…"),
    ("ADD a https://example.org/a-1.2.tar.gz /c/", "add --checksum=sha256:… to an ADD of its own"),
]  # fmt: skip


@pytest.mark.parametrize("lines, words", ADVICE)
def test_advice(lint_with: LintWith, lines: str, words: str) -> None:
    (finding,) = lint_with("IMG509", f"{FROM}{lines}\n").findings
    assert finding.message.endswith(words)


# --- the same mistake in five shapes ---
SHAPES = [
    "ADD https://example.org/a /a",
    "ADD --chmod=755 https://example.org/a /a",
    "ARG URL=https://example.org/a\nADD ${URL} /a",
    "ADD \\\n  https://example.org/a \\\n  /a",
    "ADD a https://example.org/b /c/",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG509", f"{FROM}{lines}\n").findings) == 1


@pytest.mark.parametrize(
    "head", ["# escape=`\nFROM somebody/something:1\n", "FROM mcr.microsoft.com/windows/nanoserver:1809\n"]
)
def test_windows(lint_with: LintWith, head: str) -> None:
    assert not lint_with("IMG509", f"{head}ADD https://example.org/a.exe C:\\a.exe\n").findings
