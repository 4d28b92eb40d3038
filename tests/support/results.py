"""Results of linting, made by hand."""

from __future__ import annotations

from imgtool.edits import Span
from imgtool.facts.masks import mask_of
from imgtool.findings import Finding, Fix, Severity
from imgtool.lint.runner import LintResult
from imgtool.syntax.source import Source


def result(data: bytes, *findings: Finding, path: str = "Dockerfile") -> LintResult:
    """The findings of one file, with its secrets hidden."""
    return LintResult(path, Source(data), findings, mask=mask_of(data))


def at(
    data: bytes,
    marked: bytes,
    message: str = "m",
    *,
    code: str = "X1",
    severity: Severity = Severity.WARNING,
    fix: Fix | None = None,
    saves: int | None = None,
) -> Finding:
    """A finding on the first occurrence of some bytes."""
    start = data.index(marked)
    span = Span(start, start + len(marked))
    return Finding(code, "x", severity, span, message, fix=fix, saves_bytes=saves)
