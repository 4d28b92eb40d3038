"""Which findings the comments of a file silence, whatever the dialect they are written in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from imgtool.edits import Span
from imgtool.findings import Finding
from imgtool.lint.dialects import buildkit, hadolint, own
from imgtool.lint.dialects.model import Code, Suppression
from imgtool.syntax.nodes import Document


def suppressions(document: Document) -> tuple[Suppression, ...]:
    """All suppression comments in file order."""
    found = [*own.read(document), *hadolint.read(document), *buildkit.read(document)]
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
    levels = _levels(silenced)
    kept: list[Finding] = []
    used: set[tuple[Span, str]] = set()
    for finding in findings:
        known = called(finding)
        covering = {s for place in finding.places for s in _covering(levels, place.start)}
        hits = {(s, n) for s in covering for n in known & silenced[s].keys()}
        used |= hits
        if not hits:
            kept.append(finding)
    return kept, {code for span, name in used for code in silenced[span][name]}


def _levels(spans: Iterable[Span]) -> list[list[Span]]:
    """Spans by how many others they lie in: those of the file, of stages, of instructions. In a level none overlap."""
    levels: list[list[Span]] = []
    around: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while around and around[-1].end <= span.start:
            around.pop()
        if len(around) == len(levels):
            levels.append([])
        levels[len(around)].append(span)
        around.append(span)
    return levels


def _covering(levels: Sequence[Sequence[Span]], at: int) -> Iterator[Span]:
    """The spans that hold an offset, or end there."""
    for spans in levels:
        nearest = bisect_right(spans, at, key=lambda span: span.start) - 1
        if nearest >= 0 and at <= spans[nearest].end:
            yield spans[nearest]
