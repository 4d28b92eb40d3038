"""Findings as the protocol's diagnostics."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from imgtool.edits import Span
from imgtool.findings import Finding, Severity
from imgtool.lsp.analysis import Analysis
from imgtool.lsp.texts import Position, Range, Text
from imgtool.report.lint.common import page
from imgtool.report.style import size

SOURCE = "imgtool"

# bytes of the first line that a problem is shown at
_MAX_LINE = 200

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
    Severity.STYLE: types.DiagnosticSeverity.Hint,
}
# names of rules about what could as well be away, which editors fade, and about what is on its way out, which they
# strike through
_TAGS = {
    "unused-suppression": types.DiagnosticTag.Unnecessary,
    "redundant-target-platform": types.DiagnosticTag.Unnecessary,
    "unreachable-stage": types.DiagnosticTag.Unnecessary,
    "maintainer-deprecated": types.DiagnosticTag.Deprecated,
    "legacy-key-value-format": types.DiagnosticTag.Deprecated,
    "end-of-life-base": types.DiagnosticTag.Deprecated,
}


def range_of(text: Text, span: Span) -> types.Range:
    """A span as a range; a line's end at its end is left out, which editors show as one line more."""
    start, end = text.range(span)
    if end.character == 0 and end.line > start.line:
        end = text.position(text.offset(end) - 1)
    return to_range(Range(start, max(start, end)))


def to_range(where: Range) -> types.Range:
    """A range as the protocol's."""
    return types.Range(types.Position(*where.start), types.Position(*where.end))


def from_range(where: types.Range) -> Range:
    """The protocol's range as ours."""
    start, end = where.start, where.end
    return Range(Position(start.line, start.character), Position(end.line, end.character))


def diagnostics(analysis: Analysis, text: Text, uri: str, *, related: bool) -> list[types.Diagnostic]:
    """Every finding; one at the first line where there is a problem. ``related``: the client shows further places."""
    if analysis.problem:
        # the lines of what is too large are not even counted
        first = Text(text.data[:_MAX_LINE].splitlines()[0] if text.data else b"", text.encoding)
        where = range_of(first, Span(0, len(first.data)))
        return [types.Diagnostic(where, analysis.problem, types.DiagnosticSeverity.Error, source=SOURCE)]
    return [diagnostic(f, analysis, text, uri, related=related) for f in analysis.findings]


def diagnostic(
    finding: Finding, analysis: Analysis, text: Text, uri: str, *, related: bool = False
) -> types.Diagnostic:
    """One finding. Its message holds no secret of the document."""
    tag = _TAGS.get(finding.name)
    return types.Diagnostic(
        range=range_of(text, finding.span),
        message=analysis.mask.message(_message(finding)),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(address) if (address := page(finding.code)) else None,
        source=SOURCE,
        tags=[tag] if tag else None,
        related_information=[*_related(finding, text, uri)] or None if related else None,
        data=_data(finding),
    )


def _message(finding: Finding) -> str:
    if not finding.saves_bytes:
        return finding.message
    return f"{finding.message} (saves about {size(finding.saves_bytes)} unpacked)"


def _related(finding: Finding, text: Text, uri: str) -> Iterator[types.DiagnosticRelatedInformation]:
    for span in finding.related:
        where = types.Location(uri, range_of(text, span))
        yield types.DiagnosticRelatedInformation(where, "the same defect")


def _data(finding: Finding) -> dict[str, object]:
    """What programs around the editor want to know."""
    fix = str(finding.fix.applicability) if finding.fix else None
    return {
        "name": finding.name,
        "aliases": [*finding.aliases],
        "fix": fix,
        "savesBytes": finding.saves_bytes,
    }
