"""What the reports about gates share: one wording for budgets, sizes and what grew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from imgtool.gates.model import Held, Judged, Outcome, Status
from imgtool.images.compare import Change, Measure
from imgtool.images.measure import Measures
from imgtool.report.sizes import step
from imgtool.report.style import counted, printable, size
from imgtool.values import NamedTuple

MEASURES = ("transfer", "unpacked", "flattened", "waste")
#: Of forbidden places, where not all are shown.
_SHOWN = 5


class Where(NamedTuple):
    """A file that a report can point to: the Dockerfile, or else the configuration. ``path`` is relative to the root."""

    path: str
    line: int = 1


class Row(NamedTuple):
    """A measure of both images in bytes, None where one does not know it; ``gated``: it was judged."""

    name: str
    before: int | None
    after: int | None
    gated: bool


def rows(judged: Judged) -> Iterator[Row]:
    """Every measure of an image, with that of its baseline where there is one."""
    base = judged.comparison.base if judged.comparison else None
    for name in MEASURES if judged.head else ():
        yield Row(name, _of(base, name), _of(judged.head, name), name == gated(judged))


def _of(measures: Measures | None, name: str) -> int | None:
    value: int | None = getattr(measures, name, None)
    return value


def verdict(held: Held) -> str:
    """What a budget asks and what there is, in one line without its outcome."""
    limit = f"--{held.kind} {held.limit}" if held.kind.startswith("max-") else f"{held.kind} {held.limit}"
    said = f"{printable(limit)}: {_found(held)}"
    return f"{said} ({printable(held.note)})" if held.note else said


def _found(held: Held) -> str:
    if held.actual is None or held.allowed is None:
        return "not judged without a baseline"
    if held.kind == "max-layers":
        return f"{counted(held.actual, 'layer')}, allowed {held.allowed}"
    if not held.measure:
        return _places(held)
    what = {"max-growth": f"{held.measure} growth", "max-size": f"{held.measure} size"}.get(
        held.kind, "waste"
    )
    over = held.actual - held.allowed
    text = f"{what} {held.actual:,} bytes, allowed {held.allowed:,}"
    return f"{text}, {size(over)} too many" if over > 0 else text


def _places(held: Held) -> str:
    if not held.places:
        return "none there"
    named = ", ".join(f"{printable(place.name)} ({size(place.size)})" for place in held.places[:_SHOWN])
    total = held.actual or 0
    more = f", and {total - _SHOWN} more" if total > _SHOWN else ""
    return f"{total} there: {named}{more}"


def worst(judged: Judged) -> str:
    """What an image comes to, in a few words."""
    failing = [held for held in judged.held if held.outcome.fails]
    if failing:
        kinds = dict.fromkeys(held.kind for held in failing)
        return f"over {', '.join(kinds)}" if failing[0].outcome is Outcome.OVER else "no baseline"
    if judged.error:
        return "not established"
    waived = [held for held in judged.held if held.outcome is Outcome.WAIVED]
    return "waived" if waived else "within"


def grown(judged: Judged, most: int) -> Iterator[tuple[str, list[tuple[str, Change]]]]:
    """What grew, a table each with its title: names for people with their changes, at most so many."""
    if not judged.grown:
        return
    for title, changes, named in (
        ("instructions", judged.grown.layers, partial(_instruction, judged.lines)),
        ("packages", judged.grown.packages, printable),
        ("paths", judged.grown.paths, printable),
    ):
        listed = [(named(change.name), change) for change in changes if change.growth > 0]
        if listed:
            yield title, listed[:most]


def _instruction(lines: Mapping[str, int], created_by: str) -> str:
    line = lines.get(created_by)
    return f"line {line}: {step(created_by)}" if line else step(created_by)


def pointed(judged: Judged, held: Held, where: Where) -> Where:
    """Where a budget's finding points to: for growth, the instruction that grew most, where its line is known."""
    changes = judged.grown.layers if judged.grown and held.kind == "max-growth" else ()
    lines = (judged.lines.get(change.name) for change in changes if change.growth > 0)
    return where._replace(line=next(filter(None, lines), where.line))


def tally(judged: Sequence[Judged]) -> str:
    """``2 images: 1 passed, 1 failed``."""
    counts = [(sum(one.status is status for one in judged), status) for status in Status]
    listed = ", ".join(f"{count} {_WORDS[status]}" for count, status in counts if count)
    return f"{counted(len(judged), 'image')}: {listed}"


_WORDS = {Status.PASSED: "within budget", Status.FAILED: "over budget", Status.UNKNOWN: "not established"}


def gated(judged: Judged) -> Measure:
    """The measure that was judged in the end."""
    return judged.comparison.measure if judged.comparison else judged.measure
