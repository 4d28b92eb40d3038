"""Checkstyle's XML, which Jenkins and reviewdog read. It has no schema; the shape is that of Checkstyle 4.3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imgtool.findings import Finding
from imgtool.lint.fingerprint import relative
from imgtool.lint.result import LintResult
from imgtool.report.lint.xml import HEADER, element

_SEVERITIES = {"error": "error", "warning": "warning", "info": "info", "style": "info"}


def as_checkstyle(results: Sequence[LintResult], root: Path) -> str:
    """An element a file, those without findings too; paths are relative to ``root``."""
    files = [
        element("file", {"name": relative(result.path, root)}, *(_error(result, f) for f in result.findings))
        for result in results
    ]
    return f"{HEADER}{element('checkstyle', {'version': '4.3'}, *files)}\n"


def _error(result: LintResult, finding: Finding) -> str:
    place = result.source.place(finding.span.start)
    return element(
        "error",
        {
            "line": place.line,
            "column": place.column,
            "severity": _SEVERITIES[finding.severity],
            "message": result.mask.message(finding.message),
            "source": finding.code,
        },
    )
