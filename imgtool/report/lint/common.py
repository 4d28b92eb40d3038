"""What the reports for programs share: names, places, and which fixes may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.edits import Span
from imgtool.facts.masks import Mask
from imgtool.findings import Finding, Fix
from imgtool.lint.result import LintResult
from imgtool.syntax.source import Place, Source
from imgtool.values import NamedTuple

_SHELLCHECK = "https://www.shellcheck.net/wiki/"


class Region(NamedTuple):
    """From the first place up to the second, which is exclusive."""

    start: Place
    end: Place


def page(code: str) -> str | None:
    """The address of a rule's page. ShellCheck's have one; ours are in the program, and shown by ``imgtool explain``."""
    return f"{_SHELLCHECK}{code}" if code.startswith("SC") else None


def link(code: str) -> str:
    """A code in Markdown, with the address of its page where it has one."""
    address = page(code)
    return f"[{code}]({address})" if address else code


def region(source: Source, span: Span) -> Region:
    """A span in lines and columns; a line end at its end is left out, which viewers show as one line more."""
    start, end = source.place(span.start), source.place(span.end)
    if end.column == 1 and end.line > start.line:
        end = source.place(source.line_span(end.line - 1).end)
    return Region(start, max(start, end))


def first_line(source: Source, whole: Region) -> Region:
    """The part of a region on its first line."""
    if whole.end.line == whole.start.line:
        return whole
    end = source.place(source.line_span(whole.start.line).end)
    return Region(whole.start, max(whole.start, end))


def pairs(results: Sequence[LintResult]) -> Iterator[tuple[LintResult, Finding]]:
    """Every finding with the result that it is in."""
    return ((result, finding) for result in results for finding in result.findings)


def shows_whole(fix: Fix, mask: Mask) -> bool:
    """Whether a fix's edits hold no secret: one that is shown with ``*`` in its place would destroy it."""
    return not mask.shows(fix.edits)


def is_text(fix: Fix) -> bool:
    """Whether a fix's edits hold no bytes that are not UTF-8, which most readers of JSON refuse."""
    return not any("\ud800" <= char <= "\udfff" for edit in fix.edits for char in edit.text)
