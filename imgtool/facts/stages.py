"""The stage graph: what every FROM, COPY --from and RUN --mount from= points at.

Look-up rules are BuildKit's (``dockerfile2llb/convert.go``): names are lower-cased where they are defined;
``FROM Name`` is compared as written, ``COPY --from`` and mounts whatever the case; a number is a stage's index;
only earlier stages are seen; the last definition of a name wins.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from imgtool.edits import Span
from imgtool.syntax import mounts
from imgtool.syntax.mounts import Mount, MountError
from imgtool.syntax.nodes import Document, Instruction


class Via(enum.StrEnum):
    """What makes one stage need another thing."""

    FROM = "from"
    COPY = "copy"
    MOUNT = "mount"
    ONBUILD = "onbuild"


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """A stage. ``base`` is FROM's operand as written; ``parent`` the earlier stage it names, if it does.

    ``instructions`` are those after FROM. ``name`` is lower case, as BuildKit looks it up.
    """

    index: int
    name: str | None
    from_: Instruction
    base: str
    parent: Stage | None
    instructions: tuple[Instruction, ...]

    @property
    def title(self) -> str:
        """How people refer to it: its name, or its number."""
        return self.name or str(self.index)

    @property
    def base_span(self) -> Span:
        """Where FROM's operand stands."""
        return self.from_.words[0].span if self.from_.words else self.from_.span

    def lineage(self) -> Iterator[Stage]:
        """This stage, the one it is FROM, and so on; the last one stands on an image."""
        stage: Stage | None = self
        while stage is not None:
            yield stage
            stage = stage.parent

    @property
    def root(self) -> Stage:
        """The end of the lineage: the stage whose FROM names an image."""
        return list(self.lineage())[-1]


@dataclass(frozen=True, eq=False, slots=True)
class Edge:
    """One reference from a stage to a ``target`` stage, or to a ``source`` outside the file (as written)."""

    stage: Stage
    via: Via
    instruction: Instruction
    target: Stage | None
    source: str


class StageGraph:
    """All stages and references of a document."""

    def __init__(self, document: Document) -> None:
        self.stages = _stages(document)
        self.meta = tuple(_before_first_from(document.instructions))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """References in file order, FROM of an image included."""
        return tuple(edge for stage in self.stages for edge in _edges(stage, self.stages))

    @property
    def final(self) -> Stage | None:
        """The stage that is built when no target is named."""
        return self.stages[-1] if self.stages else None

    def find(self, target: str) -> Stage | None:
        """A stage by name (any case) or index, as ``--target`` looks it up."""
        return _lookup(target, self.stages)

    def reachable(self, start: Stage) -> frozenset[Stage]:
        """``start`` and every stage that building it builds."""
        needs: dict[Stage, list[Stage]] = {}
        for edge in self.edges:
            if edge.target is not None:
                needs.setdefault(edge.stage, []).append(edge.target)
        seen: set[Stage] = set()
        queue = [start]
        while queue:
            stage = queue.pop()
            if stage not in seen:
                seen.add(stage)
                queue += needs.get(stage, ())
        return frozenset(seen)

    def stage_of(self, instruction: Instruction) -> Stage | None:
        """The stage an instruction stands in; None before the first FROM."""
        found = None
        for stage in self.stages:
            if stage.from_.span.start > instruction.span.start:
                break
            found = stage
        return found


def copy_source(instruction: Instruction) -> str | None:
    """The value of ``--from`` of a COPY; None without one."""
    return instruction.flag_value("from") if instruction.keyword == "COPY" else None


def mounts_of(instruction: Instruction) -> tuple[Mount, ...]:
    """The mounts of a RUN; those that BuildKit refuses are left out."""
    if instruction.keyword != "RUN":
        return ()
    return tuple(_parsed(flag.value) for flag in instruction.flags if flag.name == "mount" and flag.value)


def _parsed(value: str) -> Mount:
    try:
        return mounts.parse(value)
    except MountError:
        return Mount()


def _before_first_from(instructions: Sequence[Instruction]) -> Iterator[Instruction]:
    for instruction in instructions:
        if instruction.keyword == "FROM":
            return
        yield instruction


def _stages(document: Document) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    starts = [n for n, i in enumerate(document.instructions) if i.keyword == "FROM"]
    for start, end in zip(starts, [*starts[1:], len(document.instructions)], strict=True):
        from_ = document.instructions[start]
        base = from_.args[0] if from_.args else ""
        named = len(from_.args) == 3 and from_.args[1].lower() == "as"
        name = from_.args[2].lower() if named else None
        parent = next((s for s in reversed(stages) if s.name == base), None)
        body = document.instructions[start + 1 : end]
        stages.append(Stage(len(stages), name, from_, base, parent, body))
    return tuple(stages)


def _lookup(name: str, earlier: Sequence[Stage]) -> Stage | None:
    if name.isascii() and name.isdigit():
        return earlier[int(name)] if len(name) < 6 and int(name) < len(earlier) else None
    lowered = name.lower()
    return next((s for s in reversed(earlier) if s.name == lowered), None)


def _edges(stage: Stage, stages: Sequence[Stage]) -> Iterator[Edge]:
    earlier = stages[: stage.index]
    yield Edge(stage, Via.FROM, stage.from_, stage.parent, stage.base)
    for ancestor in list(stage.lineage())[1:]:
        for trigger in (i for i in ancestor.instructions if i.keyword == "ONBUILD"):
            yield from _references(stage, trigger, trigger.inner, earlier, Via.ONBUILD)
    for instruction in stage.instructions:
        yield from _references(stage, instruction, instruction, earlier, None)


def _references(
    stage: Stage, at: Instruction, node: Instruction | None, earlier: Sequence[Stage], via: Via | None
) -> Iterator[Edge]:
    if node is None:
        return
    source = copy_source(node)
    if source:
        yield Edge(stage, via or Via.COPY, at, _lookup(source, earlier), source)
    for mount in mounts_of(node):
        # a mount's source has no numeric form
        if mount.from_:
            target = None if mount.from_.isdigit() else _lookup(mount.from_, earlier)
            yield Edge(stage, via or Via.MOUNT, at, target, mount.from_)
