"""Which stages may be images of their own, and what these inherit."""

from __future__ import annotations

from imgtool.rule import Facts, Instruction, Stage


def images(facts: Facts) -> list[Stage]:
    """The target, and the stages that no other needs: those that ``--target`` may name."""
    needed = {edge.target for edge in facts.graph.edges if edge.target}
    return [stage for stage in facts.stages if stage is facts.target or stage not in needed]


def last(stage: Stage, keyword: str) -> Instruction | None:
    """The last instruction of a kind that a stage has or inherits from other stages."""
    own = (
        i for s in stage.lineage() for i in reversed(s.instructions) if i.keyword == keyword and not i.problem
    )
    return next(own, None)
