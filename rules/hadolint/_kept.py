"""Caches of package managers that a RUN leaves in its layer."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Stage, cleanings, fills, left_behind, per_file

from ..layers._relief import reported


def kept(meta: RuleMeta, run: Run, facts: Facts, managers: frozenset[str]) -> Iterator[Finding]:
    """One finding for each cache of these managers that a RUN fills and does not empty, in whatever stage."""
    if any(o.manager in managers and fills(o) for o in run.operations):
        for left in left_behind(facts, run, cleanings(facts, run)):
            own = tuple(o for o in left.fills if o.manager in managers)
            if own:
                yield reported(meta, facts, left._replace(fills=own))


def stands(run: Run, facts: Facts) -> bool:
    """Whether a RUN's layer is in an image: its stage is the last one, or another is FROM it."""
    return run.stage in _images(facts)


@per_file
def _images(facts: Facts) -> frozenset[Stage]:
    return frozenset((*facts.shipped, *(stage.parent for stage in facts.stages if stage.parent)))
