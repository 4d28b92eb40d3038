"""What the reports about gates share: one wording for budgets, sizes and what grew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from imgtool.gates.model import Held, Judged, Outcome, Status
from imgtool.gates.settings import Missing
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
        return f"not judged without a baseline{_POLICY.get(held.outcome, '')}"
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


#: What was decided about growth that nothing is compared with.
_POLICY = {
    Outcome.NOT_JUDGED: f", which passes with --missing-baseline {Missing.NEUTRAL}",
    Outcome.MISSING: f", which fails with --missing-baseline {Missing.FAIL}",
}


def _places(held: Held) -> str:
    if not held.places:
        return "none there"
    named = ", ".join(f"{printable(place.name)} ({size(place.size)})" for place in held.places[:_SHOWN])
    total = held.actual or 0
    more = f", and {total - _SHOWN} more" if total > _SHOWN else ""
    return f"{total} there: {named}{more}"


def worst(judged: Judged) -> str:
    """What an image comes to, in a few words."""
    over, missing = _kinds(judged, Outcome.OVER), _kinds(judged, Outcome.MISSING)
    if over or missing:
        return ", ".join(
            [*([f"over {', '.join(over)}"] if over else []), *(["no baseline"] if missing else [])]
        )
    if judged.error:
        return "not established"
    if _kinds(judged, Outcome.WAIVED):
        return "waived"
    if nothing_judged(judged):
        return "not judged"
    unknown = _kinds(judged, Outcome.NOT_JUDGED)
    return f"within, {', '.join(unknown)} not judged" if unknown else "within"


def _kinds(judged: Judged, outcome: Outcome) -> list[str]:
    return list(dict.fromkeys(held.kind for held in judged.held if held.outcome is outcome))


def nothing_judged(judged: Judged) -> bool:
    """Whether no budget is within or over: all of them wait for a baseline."""
    return all(held.outcome is Outcome.NOT_JUDGED for held in judged.held)


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
    """``3 images: 1 within budget, 1 waived, 1 over budget``."""
    counts = Counter(map(_word, judged))
    listed = ", ".join(f"{counts[word]} {word}" for word in _WORDS if counts[word])
    return f"{counted(len(judged), 'image')}: {listed}"


_WORDS = ("within budget", "waived", "not judged", "over budget", "without a baseline", "not established")


def _word(judged: Judged) -> str:
    if judged.status is Status.FAILED:
        return "over budget" if _kinds(judged, Outcome.OVER) else "without a baseline"
    if judged.status is Status.UNKNOWN:
        return "not established"
    said = worst(judged)
    return said if said in _WORDS else "within budget"


def gated(judged: Judged) -> Measure:
    """The measure that was judged in the end."""
    return judged.comparison.measure if judged.comparison else judged.measure
