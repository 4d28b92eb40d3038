"""Sources that the build context does not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"
FILES = {"main.py": "", "src/a.py": "", "logs/a.log": "", "docs/a.md": ""}

# --- (instructions, .dockerignore, why they are left alone) ---
LEFT_ALONE = [
    ("COPY main.py /a", "", "it is there"),
    ("COPY src /a", "*.md", "it is there"),
    ("COPY . /a", "*", "never kept out"),
    ("COPY nothing* /a", "", "a wildcard may match nothing"),
    ("COPY logs/*.log /a", "logs", "likewise"),
    ("COPY $WHERE /a", "", "unknown"),
    ("ONBUILD COPY nothing /a", "", "another context"),
    ("COPY --from=busybox nothing /a", "", "another image"),
    ("COPY https://example.org/a /a", "", "not of the context"),
    ("COPY src /a", "src\n!src/a.py", "a part of it is let in"),
    ("COPY <<nothing /a\nnothing", "", "of the file itself"),
    ("COPY nothing /a\nFROM scratch", "", "not built"),
    ("COPY ./main.py /a", "", "it is there"),
    ("COPY /main.py /a", "", "the root is the context's"),
    ("COPY ../main.py /a", "", "nothing is above the context"),
    ("COPY src/../main.py /a", "src", "it is there"),
    ("COPY src/a.py /a", "*\n!src/**", "it is let in"),
    ("RUN --mount=type=bind,source=src,target=/s make", "", "it is there"),
    ("RUN --mount=type=bind,target=/s make", "*", "the context itself"),
    ("RUN --mount=type=bind,from=busybox,source=nothing,target=/s make", "", "another image"),
    ("RUN --mount=type=cache,source=nothing,target=/s make", "", "of the cache"),
    ("RUN --mount=type=bind,source=$WHERE,target=/s make", "", "unknown"),
    ('COPY ["main.py", "src", "/a/"]', "**/*.log", "they are there"),
]  # fmt: skip


@pytest.mark.parametrize("lines, ignore, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, tmp_path: Path, lines: str, ignore: str, reason: str) -> None:
    files = FILES | {".dockerignore": ignore}
    assert not lint_with("IMG304", f"{FROM}{lines}\n", files, context=tmp_path).findings, reason


def test_an_unknown_context_is_left_alone(lint_with: LintWith) -> None:
    assert not lint_with("IMG304", f"{FROM}COPY nothing /a\n").findings


# --- (instructions, .dockerignore, what is marked, message) ---
FOUND = [
    ("COPY nothing /a", "", "nothing", "nothing is not in the build context, so COPY fails"),
    ("ADD nothing/ /a", "", "nothing/", "nothing/ is not in the build context, so ADD fails"),
    ("COPY main.py nothing /a/", "", "nothing", "nothing is not in the build context, so COPY fails"),
    ("ARG W=nothing\nCOPY $W /a", "", "$W", "nothing is not in the build context, so COPY fails"),
    ("COPY main.py /a", "*.py", "main.py", "line 1 of .dockerignore keeps main.py out, so COPY finds nothing"),
    ("COPY logs/a.log /a", "docs\nlogs", "logs/a.log", "line 2 of .dockerignore keeps logs/a.log out, so COPY finds nothing"),
    ("COPY main.py /a", "*\n!src", "main.py", "line 1 of .dockerignore keeps main.py out, so COPY finds nothing"),
    ("RUN --mount=type=bind,source=nothing,target=/s make", "", "nothing", "nothing is not in the build context, so RUN fails"),
    ("RUN --mount=target=/s,src=logs make", "logs", "logs", "line 1 of .dockerignore keeps logs out, so RUN finds nothing"),
    ("COPY logs /a", "logs", "logs", "line 1 of .dockerignore keeps logs out, so COPY finds nothing"),
]  # fmt: skip


@pytest.mark.parametrize("lines, ignore, marked, message", FOUND)
def test_found(
    lint_with: LintWith, tmp_path: Path, lines: str, ignore: str, marked: str, message: str
) -> None:
    files = FILES | {".dockerignore": ignore}
    result = lint_with("IMG304", f"{FROM}{lines}\n", files, context=tmp_path)
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.message, finding.severity) == (marked, message, "error")


def test_kept_out_where_the_context_is_found_by_its_files(lint_with: LintWith) -> None:
    files = FILES | {".dockerignore": "*.py\n"}
    (finding,) = lint_with("IMG304", f"{FROM}COPY main.py /a\n", files).findings
    assert finding.aliases == ("CopyIgnoredFile",)
