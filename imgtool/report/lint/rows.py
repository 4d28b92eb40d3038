"""Findings as JSON: one array, or a line each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imgtool.edits import Span
from imgtool.facts.masks import Mask
from imgtool.findings import Applicability, Finding, Fix
from imgtool.lint.result import LintResult
from imgtool.report.lint.common import pairs, shows_whole
from imgtool.syntax.source import Source


def as_json(results: Sequence[LintResult], _root: Path) -> str:
    """One array of findings; edits are byte offsets of the file, files are named as they were given.

    A fix whose text holds a secret is shown without its edits; ``--fix`` applies it.
    """
    return json.dumps([_row(*pair) for pair in pairs(results)], indent=2) + "\n"


def as_jsonl(results: Sequence[LintResult], _root: Path) -> str:
    """The same rows, each on a line of its own."""
    return "".join(f"{json.dumps(_row(*pair))}\n" for pair in pairs(results))


def _row(result: LintResult, finding: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "file": result.path,
        "code": finding.code,
        "name": finding.name,
        "aliases": list(finding.aliases),
        "severity": str(finding.severity),
        "message": result.mask.message(finding.message),
        **_place(result.source, finding.span),
    }
    if finding.related:
        row["related"] = [_place(result.source, span) for span in finding.related]
    if finding.fix:
        row["fix"] = _fix(finding.fix, result.mask)
    if finding.saves_bytes is not None:
        row["saves_bytes"] = finding.saves_bytes
    return row


def _place(source: Source, span: Span) -> dict[str, int]:
    start, end = source.place(span.start), source.place(span.end)
    return {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}


def _fix(fix: Fix, mask: Mask) -> dict[str, Any]:
    message = mask.message(fix.message)
    if not shows_whole(fix, mask):
        return {"applicability": str(Applicability.DISPLAY), "message": message, "edits": []}
    edits = [{"start": e.start, "end": e.end, "text": e.text} for e in fix.edits]
    return {"applicability": str(fix.applicability), "message": message, "edits": edits}
