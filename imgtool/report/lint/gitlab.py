"""GitLab's Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from imgtool.lint.fingerprint import marks, relative
from imgtool.lint.result import LintResult
from imgtool.report.lint.common import region
from imgtool.report.style import printable

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info", "style": "info"}


def as_gitlab(results: Sequence[LintResult], root: Path) -> str:
    """One array; paths are relative to ``root``, fingerprints survive moved lines."""
    return json.dumps([row for result in results for row in _rows(result, root)], indent=2) + "\n"


def _rows(result: LintResult, root: Path) -> Iterator[dict[str, Any]]:
    path = relative(result.path, root)
    for finding, mark in zip(result.findings, marks(result, path), strict=True):
        start, end = region(result.source, finding.span)
        yield {
            # GitLab shows no check_name
            "description": f"{finding.code}: {printable(result.mask.message(finding.message))}",
            "check_name": finding.code,
            "fingerprint": mark.fingerprint,
            "severity": _SEVERITIES[finding.severity],
            "location": {"path": printable(path), "lines": {"begin": start.line, "end": end.line}},
        }
