"""The images that a file is FROM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import Facts, Finding, RuleMeta, Stage


def bases(facts: Facts) -> Iterator[tuple[str, Sequence[Stage]]]:
    """Each image with the stages FROM it; one that a variable names once, a written one for each stage.

    The image is as written where a variable of it has no value here.
    """
    named: dict[str, list[Stage]] = {}
    for stage in facts.stages:
        if stage.parent is None and not stage.from_.problem:
            key = stage.base if "$" in stage.base else str(stage.index)
            named.setdefault(key, []).append(stage)
    for stages in named.values():
        yield stages[0].reference or stages[0].base, stages


def at(meta: RuleMeta, stages: Sequence[Stage], message: str) -> Finding:
    """A finding at the first of the stages, related to the others."""
    first, *others = (stage.base_span for stage in stages)
    return meta.finding(first, message, related=tuple(others))
