"""Suppression comments: ``# imgtool ignore=CODE[,CODE] reason`` and ``# imgtool global ignore=CODE[,CODE] reason``.

The first kind silences the instruction that follows it, or the one whose continuation it stands in; the
second the whole file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from imgtool.edits import Span
from imgtool.findings import Finding
from imgtool.syntax.nodes import Comment, Document, Instruction

_FORM = re.compile(
    rb"#\s*imgtool\s+(global\s+)?ignore\s*=\s*([A-Za-z0-9_-]+(?:\s*,\s*[A-Za-z0-9_-]+)*)", re.IGNORECASE
)
_CODE = re.compile(rb"[A-Za-z0-9_-]+")
# what its author takes for a suppression; prose has other forms of the word
_MEANT = re.compile(
    rb"#\s*imgtool[\s:;,_-]*(global[\s:;,_-]*)?ignore(?![A-Za-z])[\s:;=,\[(]*"
    rb"([A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a suppression as written, and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Suppression:
    """A suppression comment. ``covers`` is the part of the file it silences; None where nothing follows it."""

    comment: Comment
    codes: tuple[Code, ...]
    covers: Span | None


def suppressions(document: Document) -> tuple[Suppression, ...]:
    """All suppression comments in file order."""
    return tuple(_read(document))


def _read(document: Document) -> Iterator[Suppression]:
    for comment in document.comments:
        match = _FORM.match(document.data, comment.span.start, comment.span.end)
        if match:
            found = _CODE.finditer(document.data, *match.span(2))
            codes = tuple(Code(word[0].decode(), Span(*word.span())) for word in found)
            covers = Span(0, len(document.data)) if match[1] else _next(document.instructions, comment)
            yield Suppression(comment, codes, covers)


def misread(document: Document) -> Iterator[tuple[Comment, str]]:
    """Comments that are meant as suppressions and are none, each with the form that is one."""
    for comment in document.comments:
        at = comment.span
        meant = _MEANT.match(document.data, at.start, at.end)
        if meant and not _FORM.match(document.data, at.start, at.end):
            codes = b"".join((meant[2] or b"CODE").split()).decode()
            yield comment, f"# imgtool {'global ' if meant[1] else ''}ignore={codes}"


def _next(instructions: Sequence[Instruction], comment: Comment) -> Span | None:
    after = bisect_right(instructions, comment.span.start, key=lambda i: i.span.end)
    return instructions[after].span if after < len(instructions) else None


def sift(
    findings: Iterable[Finding], comments: Sequence[Suppression], called: Callable[[Finding], set[str]]
) -> tuple[list[Finding], set[Code]]:
    """The findings that no comment silences, and the codes of comments that silenced one.

    ``called`` tells what a finding may be called, in lower case.
    """
    silenced: dict[Span, dict[str, list[Code]]] = {}
    for comment in comments:
        if comment.covers is not None:
            names = silenced.setdefault(comment.covers, {})
            for code in comment.codes:
                names.setdefault(code.text.lower(), []).append(code)
    spans = sorted(silenced)
    kept: list[Finding] = []
    used: set[tuple[Span, str]] = set()
    for finding in findings:
        known = called(finding)
        covering = {s for place in finding.places for s in _covering(spans, place.start)}
        hits = {(s, n) for s in covering for n in known & silenced[s].keys()}
        used |= hits
        if not hits:
            kept.append(finding)
    return kept, {code for span, name in used for code in silenced[span][name]}


def _covering(spans: Sequence[Span], at: int) -> Iterator[Span]:
    """Of the spans of instructions and that of the whole file, those that hold an offset."""
    nearest = bisect_right(spans, at, key=lambda span: span.start) - 1
    # the whole file sorts among the first, before or after an instruction at offset 0
    for index in sorted({0, 1, nearest}):
        if 0 <= index < len(spans) and spans[index].start <= at <= spans[index].end:
            yield spans[index]
