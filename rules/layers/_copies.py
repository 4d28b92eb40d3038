"""What a stage copies of other stages and images."""

from __future__ import annotations

from collections.abc import Mapping

from imgtool.rule import Edge, Facts, Stage, Via, copy_source, per_part


@per_part
def copies(facts: Facts, stage: Stage) -> Mapping[int, Edge]:
    """What each ``COPY --from`` of a stage takes from, by the instruction; nothing of those behind ``MAX_EDGES``."""
    # few have any flags
    if not any(map(copy_source, [i for i in stage.instructions if i.flags])):
        return {}
    edges = facts.graph.edges
    return {id(edge.instruction): edge for edge in edges if edge.stage is stage and edge.via is Via.COPY}
