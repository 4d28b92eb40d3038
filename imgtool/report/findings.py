"""Findings as text. Pure: values in, a string out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.edits import Span
from imgtool.findings import Applicability, Finding, Fix
from imgtool.lint.result import LintResult
from imgtool.report.style import Style, printable, size
from imgtool.syntax.source import Place, Source, decode

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan", "style": "dim"}
MAX_EXCERPT = 160


def text(results: Sequence[LintResult], style: Style) -> str:
    """Every finding with its place, the source line under it, its saving and whether a fix exists."""
    return "".join([f"{block}\n" for result in results for block in _blocks(result, style)])


def _blocks(result: LintResult, style: Style) -> list[str]:
    if not result.findings:
        return []
    data = result.mask.file(result.source.data)
    shown = result.source if data is result.source.data else Source(data)
    path = printable(result.path)
    return [_block(result, finding, path, shown, style) for finding in result.findings]


def _block(result: LintResult, finding: Finding, path: str, shown: Source, style: Style) -> str:
    place = result.source.place(finding.span.start)
    where, code = f"{path}:{place.line}:{place.column}:", finding.code
    if style.colour:
        where, code = style.paint(where, "bold"), style.paint(code, _COLOURS[finding.severity])
    message = printable(result.mask.message(finding.message))
    if shown is not result.source:
        place = shown.place(finding.span.start)
    block = f"{where} {code} {finding.severity}: {message}\n{_excerpt(shown, place, finding.span, style)}"
    if finding.saves_bytes or finding.fix:
        return "\n".join([block, *_notes(result, finding, style)])
    return block


def _notes(result: LintResult, finding: Finding, style: Style) -> Iterator[str]:
    if finding.saves_bytes:
        yield style.paint(f"  = saves about {size(finding.saves_bytes)} unpacked", "dim")
    if finding.fix:
        yield style.paint(f"  = {printable(result.mask.message(_fix_note(finding.fix)))}", "dim")


def _fix_note(fix: Fix) -> str:
    match fix.applicability:
        case Applicability.SAFE:
            return f"fix: {fix.message} (--fix)"
        case Applicability.UNSAFE:
            return f"unsafe fix: {fix.message} (--fix --unsafe-fixes)"
        case _:
            return f"suggestion: {fix.message}"


def _excerpt(source: Source, place: Place, span: Span, style: Style) -> str:
    """The line of a place, and what is underlined in it."""
    number, column = place
    first, last = source.line_span(number)
    text = decode(source.data[first:last])
    start, last = column - 1, min(span.end, last)
    # where a character is a byte, the columns need no counting
    end = max(0, last - first) if text.isascii() else source.place(last).column - 1
    # a tab is one column, so the caret must stand under one
    shown = text.replace("\t", " ").rstrip()
    cut = max(0, start - MAX_EXCERPT // 2) if len(shown) > MAX_EXCERPT else 0
    window = printable(shown[cut : cut + MAX_EXCERPT])
    cells = len if window.isascii() else _cells
    gutter = f"{str(number).rjust(5)} | "
    indent = " " * (len(gutter) + cells(window[: start - cut]))
    marked = "^" * max(1, cells(window[start - cut : end - cut]))
    if style.colour:
        gutter, marked = style.paint(gutter, "dim"), style.paint(marked, "bold")
    return f"{gutter}{window}\n{indent}{marked}"


def _cells(text: str) -> int:
    """How many cells of a terminal a text fills."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - few files need it

    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)
