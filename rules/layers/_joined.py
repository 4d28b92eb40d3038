"""A RUN joined to those directly before it that made what it undoes."""

from __future__ import annotations

from collections.abc import Collection

from imgtool.rule import Applicability, Facts, Fix, Instruction, Run, merge_runs


def joined(facts: Facts, run: Run, makers: Collection[Instruction]) -> Fix | None:
    """The fix; None where anything else stands between the makers and the RUN, and where they cannot be one."""
    body = run.stage.instructions
    places = [body.index(maker) for maker in makers if maker in body]
    last = body.index(run.instruction)
    if len(places) < len(makers) or set(body[min(places, default=last) : last]) != set(makers):
        return None
    runs = [r for r in facts.runs(run.stage) if r.instruction in makers or r is run]
    edits = merge_runs(facts, runs) if len(runs) == len(makers) + 1 else None
    return Fix("Join it to the RUN before", edits, Applicability.SAFE) if edits else None
