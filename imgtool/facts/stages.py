"""The stage graph: what every FROM, COPY --from and RUN --mount from= points at.

Look-up rules are BuildKit's (``dockerfile2llb/convert.go``): names are lower-cased where they are defined;
FROM's operand is compared after its variables are replaced, in its own case; ``COPY --from`` and mounts whatever
the case; a number is a stage's index; only earlier stages are seen; the last definition of a name wins. The
triggers of a stage fire in the stages directly FROM it.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise, takewhile
from operator import attrgetter

from imgtool.edits import Span
from imgtool.facts.scope import State
from imgtool.regex import regex
from imgtool.syntax import mounts
from imgtool.syntax.mounts import Mount, MountError
from imgtool.syntax.nodes import Document, Instruction
from imgtool.values import dataclass, field, lazy

# every trigger of a stage fires in every stage FROM it, so a small file can have very many
MAX_EDGES = 100_000

# what Go's Atoi takes; a longer one is no stage's
_NUMBER = regex(r"[+-]?[0-9]{1,9}")


class Via(enum.StrEnum):
    """What makes one stage need another thing."""

    FROM = "from"
    COPY = "copy"
    MOUNT = "mount"
    ONBUILD = "onbuild"


_start_of = attrgetter("span.start")
_from_of = attrgetter("from_.span.start")


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """A stage. ``base`` is FROM's operand as written; ``parent`` the earlier stage it names, if it does.

    ``reference`` is the operand with its variables replaced, None where one is not known here. ``instructions``
    are those after FROM. ``name`` is lower case, as BuildKit looks it up.
    """

    index: int
    name: str | None
    from_: Instruction
    base: str
    reference: str | None
    parent: Stage | None = field(repr=False)
    instructions: tuple[Instruction, ...]

    @property
    def title(self) -> str:
        """How people refer to it: its name, or its number."""
        return self.name or str(self.index)

    def next(self, instruction: Instruction) -> Instruction | None:
        """The one that follows an instruction of the stage, if any does."""
        after = bisect_right(self.instructions, instruction.span.start, key=_start_of)
        return self.instructions[after] if after < len(self.instructions) else None

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
        stage = self
        while stage.parent is not None:
            stage = stage.parent
        return stage


@dataclass(frozen=True, eq=False, slots=True)
class Edge:
    """One reference from a stage to a ``target`` stage, or to a ``source`` outside the file (as written)."""

    stage: Stage
    via: Via
    instruction: Instruction
    target: Stage | None
    source: str


class StageGraph:
    """All stages and references of a document. ``outer`` is what its FROM lines see."""

    def __init__(self, document: Document, outer: State) -> None:
        self.stages = _stages(document, outer)

    @lazy
    def edges(self) -> tuple[Edge, ...]:
        """References in file order, FROM of an image included; :data:`MAX_EDGES` at most."""
        return tuple(islice(self._edges(), MAX_EDGES))

    def _edges(self) -> Iterator[Edge]:
        names: dict[str, Stage] = {}
        for stage in self.stages:
            yield Edge(stage, Via.FROM, stage.from_, stage.parent, stage.base)
            for trigger in triggers(stage):
                yield from self._references(stage, trigger, trigger.inner, names, Via.ONBUILD)
            for instruction in stage.instructions:
                if instruction.flags:
                    yield from self._references(stage, instruction, instruction, names, None)
            if stage.name:
                names[stage.name] = stage

    def _references(
        self,
        stage: Stage,
        at: Instruction,
        node: Instruction | None,
        names: Mapping[str, Stage],
        via: Via | None,
    ) -> Iterator[Edge]:
        if node is None or not node.flags:
            return
        source = copy_source(node)
        if source:
            target = names.get(source.lower()) or self._numbered(source, stage.index)
            yield Edge(stage, via or Via.COPY, at, target, source)
        # a mount's source has no numeric form
        for name in (mount.from_ for mount in mounts_of(node) if mount.from_):
            yield Edge(stage, via or Via.MOUNT, at, names.get(name.lower()), name)

    def _numbered(self, number: str, below: int) -> Stage | None:
        index = int(number) if _NUMBER.fullmatch(number) else -1
        return self.stages[index] if 0 <= index < below else None

    @property
    def final(self) -> Stage | None:
        """The stage that is built when no target is named."""
        return self.stages[-1] if self.stages else None

    def find(self, target: str) -> Stage | None:
        """A stage by name (any case) or index, as ``--target`` looks it up."""
        named = (s for s in reversed(self.stages) if s.name == target.lower())
        return next(named, None) or self._numbered(target, len(self.stages))

    def reachable(self, start: Stage) -> frozenset[Stage]:
        """``start`` and every stage that building it builds."""
        if len(self.stages) == 1:
            return frozenset(self.stages)
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
        """The stage an instruction stands in, FROM included; None before the first FROM."""
        after = bisect_right(self.stages, instruction.span.start, key=_from_of)
        return self.stages[after - 1] if after else None


def copy_source(instruction: Instruction) -> str | None:
    """The value of ``--from`` of a COPY; None without one."""
    if instruction.keyword != "COPY" or not instruction.flags:
        return None
    return instruction.flag_value("from")


def mounts_of(instruction: Instruction) -> tuple[Mount, ...]:
    """The mounts of a RUN; those that BuildKit refuses are left out."""
    if instruction.keyword != "RUN" or not instruction.flags:
        return ()
    return tuple(_parsed(flag.value) for flag in instruction.flags if flag.name == "mount" and flag.value)


def _parsed(value: str) -> Mount:
    try:
        return mounts.parse(value)
    except MountError:
        return Mount()


def triggers(stage: Stage) -> tuple[Instruction, ...]:
    """The ONBUILD instructions that fire when a stage starts: its parent's own."""
    body = stage.parent.instructions if stage.parent else ()
    return tuple(i for i in body if i.keyword == "ONBUILD")


def meta(document: Document) -> Iterator[Instruction]:
    """The instructions before the first FROM."""
    return takewhile(lambda i: i.keyword != "FROM", document.instructions)


def _stages(document: Document, outer: State) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    named: dict[str, Stage] = {}
    starts = [n for n, i in enumerate(document.instructions) if i.keyword == "FROM"]
    for start, end in pairwise([*starts, len(document.instructions)]):
        from_ = document.instructions[start]
        base, *alias = from_.args or ("",)
        name = alias[1].lower() if len(alias) == 2 and alias[0].lower() == "as" else None
        reference = outer.expand(base, document.escape) or None
        body = document.instructions[start + 1 : end]
        stage = Stage(len(stages), name, from_, base, reference, named.get(reference or base), body)
        stages.append(stage)
        if name:
            named[name] = stage
    return tuple(stages)
