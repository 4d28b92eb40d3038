"""A gate's judgements for people at a terminal. Pure: values in, a string out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.gates.model import Judged, Outcome, Status
from imgtool.images.measure import Measures
from imgtool.leaks import hide
from imgtool.report.gates.common import grown, nothing_judged, rows, tally, verdict, worst
from imgtool.report.style import Style, growth, known, printable, signed

_COLOURS = {Status.PASSED: "green", Status.FAILED: "red", Status.UNKNOWN: "yellow"}
_OUTCOMES = {Outcome.WITHIN: "green", Outcome.OVER: "red", Outcome.MISSING: "red"}
#: Of what grew, in each table.
_SHOWN = 5


def as_text(judged: Sequence[Judged], style: Style) -> str:
    """Each image with its measures, its budgets and, where it is over one, what grew."""
    blocks = ["".join(f"{line}\n" for line in _lines(one, style)) for one in judged]
    total = [f"{tally(judged)}\n"] if len(judged) > 1 else []
    return hide("\n".join((*blocks, *total)))


def _lines(judged: Judged, style: Style) -> Iterator[str]:
    title = f"{printable(judged.name)}: {worst(judged)}"
    passed = judged.status is Status.PASSED
    colour = "yellow" if passed and nothing_judged(judged) else _COLOURS[judged.status]
    yield style.paint(style.paint(title, colour), "bold")
    if judged.comparison:
        yield f"  base  {_described(judged.comparison.base)}"
    if judged.head:
        yield f"  head  {_described(judged.head)}"
        yield from _table(judged, style)
    for held in judged.held:
        word = style.paint(f"{held.outcome:<10}", _OUTCOMES.get(held.outcome, "yellow"))
        yield f"  {word}  {verdict(held)}"
    if judged.error:
        yield f"  {style.paint('unknown   ', 'yellow')}  {printable(judged.error)}"
    yield from (f"  {style.paint('note      ', 'cyan')}  {printable(note)}" for note in judged.notes)
    if judged.status is Status.FAILED:
        for name, changes in grown(judged, _SHOWN):
            yield style.paint(f"  {name} that grew", "bold")
            yield from (f"  {signed(change.growth):>10}  {said}" for said, change in changes)


def _described(measures: Measures) -> str:
    image = measures.image
    digest = f", {image.digest}" if image.digest else ""
    return printable(f"{image.reference}  ({image.source}, {image.platform}, {measures.compression}{digest})")


def _table(judged: Judged, style: Style) -> Iterator[str]:
    compared = judged.comparison is not None
    heads = f"{'base':>10}  {'head':>10}  growth" if compared else f"{'head':>10}"
    yield style.paint(f"  {'':<10}  {heads}", "dim")
    for row in rows(judged):
        both = f"{known(row.before):>10}  {known(row.after):>10}  {growth(row.before, row.after)}"
        line = f"  {row.name:<10}  {both if compared else f'{known(row.after):>10}'}"
        yield f"{style.paint(line, 'bold')}  <- gated" if row.gated else line
