"""Reviewdog's diagnostic format (reviewdog/reviewdog, proto/rdf/reviewdog.proto); fixes become suggestions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imgtool.edits import Span, apply
from imgtool.findings import Applicability, Finding, Fix
from imgtool.lint.fingerprint import relative
from imgtool.lint.result import LintResult
from imgtool.report.lint.common import is_text, page, pairs, shows_whole
from imgtool.report.style import printable
from imgtool.syntax.source import Source

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO", "style": "INFO"}


def as_rdjson(results: Sequence[LintResult], root: Path) -> str:
    """One document; paths are relative to ``root``, columns count the bytes of a line from 1."""
    rows = [_diagnostic(result, finding, root) for result, finding in pairs(results)]
    return json.dumps({"source": {"name": "imgtool"}, "diagnostics": rows}, indent=2) + "\n"


def _diagnostic(result: LintResult, finding: Finding, root: Path) -> dict[str, Any]:
    row = {
        "message": printable(result.mask.message(finding.message)),
        "location": {
            "path": printable(relative(result.path, root)),
            "range": _range(result.source, finding.span),
        },
        "severity": _SEVERITIES[finding.severity],
        "code": {"value": finding.code, **({"url": page(finding.code)} if page(finding.code) else {})},
    }
    suggested = _suggestion(result, finding.fix) if finding.fix else None
    return {**row, "suggestions": [suggested]} if suggested else row


def _suggestion(result: LintResult, fix: Fix) -> dict[str, Any] | None:
    """The whole fix as one change: several suggestions of one diagnostic are alternatives."""
    if fix.applicability is Applicability.DISPLAY or not fix.edits:
        return None
    start, end = min(e.start for e in fix.edits), max(e.end for e in fix.edits)
    inside = [e._replace(start=e.start - start, end=e.end - start) for e in fix.edits]
    text = apply(result.source.data[start:end], inside).decode("utf-8", "surrogateescape")
    whole = Fix(fix.message, (fix.edits[0]._replace(start=start, end=end, text=text),), fix.applicability)
    if not (shows_whole(whole, result.mask) and is_text(whole)):
        return None
    return {"range": _range(result.source, Span(start, end)), "text": text}


def _range(source: Source, span: Span) -> dict[str, dict[str, int]]:
    return {"start": _position(source, span.start), "end": _position(source, span.end)}


def _position(source: Source, offset: int) -> dict[str, int]:
    line = source.line_of(offset)
    return {"line": line, "column": offset - source.line_starts[line - 1] + 1}
