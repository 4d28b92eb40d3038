"""A gate's judgements for one comment that every run writes anew, and for a job's summary. Pure.

The comment is found again by a mark that renderers hide; several gates on one change have keys of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.gates.model import Judged, Outcome, Status
from imgtool.leaks import hide
from imgtool.report.gates.common import gated, grown, rows, tally, verdict, worst
from imgtool.report.lint.markdown import plain
from imgtool.report.style import growth, known, signed

_HEAD = "| image | verdict | measure | base | head | growth |\n|---|---|---|---:|---:|---:|\n"
_MEASURES = "| measure | base | head | growth |\n|---|---:|---:|---:|\n"
_BOLD = {Status.FAILED, Status.UNKNOWN}
#: Of what grew, in each table.
_SHOWN = 10
#: Characters: GitHub refuses a comment of more than 65,536.
_LONGEST = 60_000


def as_markdown(judged: Sequence[Judged], key: str) -> str:
    """The mark, a row an image, and details to unfold; they are left out where the comment would be too long."""
    head = f"{marker(key)}\n**imgtool gate**: {tally(judged)}\n\n{_HEAD}{''.join(map(_row, judged))}"
    whole = hide(head + "".join(map(_details, judged)))
    return (
        whole
        if len(whole) <= _LONGEST
        else hide(f"{head[:_LONGEST]}\nDetails are left out: there are too many.\n")
    )


def marker(key: str) -> str:
    """What the comment begins with."""
    return f"<!-- imgtool-gate:{key} -->"


def _row(judged: Judged) -> str:
    word = f"**{worst(judged)}**" if judged.status in _BOLD else worst(judged)
    row = next((row for row in rows(judged) if row.gated), None)
    sizes = (known(row.before), known(row.after), growth(row.before, row.after)) if row else ("", "", "")
    before = "none" if row and judged.comparison is None else sizes[0]
    return f"| {plain(judged.name)} | {word} | {gated(judged)} | {before} | {sizes[1]} | {sizes[2]} |\n"


def _details(judged: Judged) -> str:
    """Open where something is wrong."""
    shown = " open" if judged.status is Status.FAILED else ""
    summary = f"<summary>{plain(judged.name)}: {worst(judged)}</summary>"
    return f"\n<details{shown}>{summary}\n\n{''.join(_inside(judged))}\n</details>\n"


def _inside(judged: Judged) -> Iterator[str]:
    images = [("base", judged.comparison.base)] if judged.comparison else []
    images += [("head", judged.head)] if judged.head else []
    for name, measures in images:
        image = measures.image
        digest = f", {image.digest}" if image.digest else ""
        what = f"{image.reference} ({image.source}, {image.platform}, {measures.compression}{digest})"
        yield f"- {name}: {plain(what)}\n"
    yield from (f"- {_outcome(held.outcome)}: {plain(verdict(held))}\n" for held in judged.held)
    yield from (f"- **unknown**: {plain(judged.error)}\n" for _ in range(bool(judged.error)))
    yield from (f"- note: {plain(note)}\n" for note in judged.notes)
    if judged.comparison:
        yield f"\n{_MEASURES}"
        for row in rows(judged):
            name = f"**{row.name}**" if row.gated else row.name
            yield f"| {name} | {known(row.before)} | {known(row.after)} | {growth(row.before, row.after)} |\n"
    for title, changes in grown(judged, _SHOWN):
        yield f"\n| grew | {title} |\n|---:|---|\n"
        yield from (f"| {signed(change.growth)} | {plain(name)} |\n" for name, change in changes)


def _outcome(outcome: Outcome) -> str:
    return f"**{outcome}**" if outcome.fails else str(outcome)
