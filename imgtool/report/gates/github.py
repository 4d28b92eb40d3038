"""A gate's judgements as GitHub's workflow commands, which become annotations of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.gates.model import Judged, Outcome
from imgtool.leaks import hide
from imgtool.report.gates.common import Where, pointed, tally, verdict
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
    found = [each for one in judged for each in _said(one, where)]
    # ten of each kind are shown a step
    ordered = sorted(found, key=lambda each: ("error", "warning", "notice").index(each[0]))
    lines = [
        command(
            kind, {"title": f"imgtool gate ({printable(name)})", **_place(at)}, f"{printable(name)}: {text}"
        )
        for kind, name, text, at in ordered
    ]
    return hide("".join(f"{line}\n" for line in (*lines, f"imgtool gate: {tally(judged)}")))


def _said(judged: Judged, where: Where | None) -> Iterator[tuple[str, str, str, Where | None]]:
    for held in judged.held:
        if held.outcome in _KINDS:
            at = where and pointed(judged, held, where)
            yield _KINDS[held.outcome], judged.name, verdict(held), at
    if judged.error:
        yield "error", judged.name, printable(judged.error), where
    yield from (("notice", judged.name, printable(note), where) for note in judged.notes)


def _place(at: Where | None) -> dict[str, str | int]:
    return {"file": printable(at.path), "line": at.line} if at else {}
