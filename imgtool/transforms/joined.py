"""A RUN joined to those directly before it that made what it undoes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection

from imgtool.facts.facts import Facts, Run
from imgtool.facts.paths import position
from imgtool.findings import Applicability, Fix
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.merge import merge_runs


def joined(facts: Facts, run: Run, makers: Collection[Instruction]) -> Fix | None:
    """The fix; None where anything else stands between the makers and the RUN, and where they cannot be one."""
    stage = run.stage
    body = stage.instructions
    ours = {maker for maker in makers if maker.span.start >= stage.from_.span.start}
    last = position(body, run.instruction)
    first = last - len(makers)
    if len(ours) < len(makers) or first < 0 or set(body[first:last]) != ours:
        return None
    own = facts.runs(stage)
    start = bisect_left(own, body[first].span.start, key=lambda r: r.instruction.span.start)
    runs = own[start : start + len(makers) + 1]
    edits = merge_runs(facts, runs) if runs and runs[-1] is run else None
    return Fix("Join it to the RUN before", edits, Applicability.SAFE) if edits else None
