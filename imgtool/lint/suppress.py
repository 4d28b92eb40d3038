"""Which findings the comments of a file silence, whatever the dialect they are written in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from imgtool.edits import Span
from imgtool.findings import Finding
from imgtool.lint.dialects import buildkit, own
from imgtool.lint.dialects.model import Code, Suppression
from imgtool.syntax.nodes import Document


def suppressions(document: Document) -> tuple[Suppression, ...]:
    """All suppression comments in file order."""
    found = [*own.read(document), *buildkit.read(document)]
    return tuple(sorted(found, key=lambda suppression: suppression.comment.span))


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
                for name in code.silences:
                    names.setdefault(name, []).append(code)
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
