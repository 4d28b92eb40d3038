"""A gate's judgements as GitHub's workflow commands, which become annotations of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.gates.model import Judged, Outcome
from imgtool.leaks import hide
from imgtool.report.gates.common import Where, tally, verdict
from imgtool.report.lint.github import command
from imgtool.report.style import printable

_KINDS = {
    Outcome.OVER: "error",
    Outcome.MISSING: "error",
    Outcome.WAIVED: "warning",
    Outcome.NOT_JUDGED: "warning",
}


def as_github(judged: Sequence[Judged], where: Where | None) -> str:
    """A command for each budget that does not hold, and for what is not known; then a line for the log."""
    found = [each for one in judged for each in _said(one)]
    # ten of each kind are shown a step
    ordered = sorted(found, key=lambda each: ("error", "warning", "notice").index(each[0]))
    at: dict[str, str | int] = {} if where is None else {"file": printable(where.path), "line": where.line}
    lines = [
        command(kind, {"title": f"imgtool gate ({printable(name)})", **at}, f"{printable(name)}: {text}")
        for kind, name, text in ordered
    ]
    return hide("".join(f"{line}\n" for line in (*lines, f"imgtool gate: {tally(judged)}")))


def _said(judged: Judged) -> Iterator[tuple[str, str, str]]:
    for held in judged.held:
        if held.outcome in _KINDS:
            yield _KINDS[held.outcome], judged.name, verdict(held)
    if judged.error:
        yield "error", judged.name, printable(judged.error)
    yield from (("notice", judged.name, printable(note)) for note in judged.notes)
