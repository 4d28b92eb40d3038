"""Which differences a class of the table explains: one predicate a class, called after it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from imgtool.facts.facts import Facts, Run
from imgtool.facts.stages import Stage, copy_source
from imgtool.syntax.nodes import Instruction


@dataclass(frozen=True)
class Difference:
    """A finding that one of the two alone has, at an instruction's first line."""

    code: str
    line: int
    ours: bool
    facts: Facts

    @cached_property
    def instruction(self) -> Instruction | None:
        """The instruction that begins there."""
        return next((i for i in self.facts.document.instructions if i.start_line == self.line), None)

    @cached_property
    def node(self) -> Instruction | None:
        """The same, or what its ONBUILD triggers."""
        return self.instruction and (self.instruction.inner or self.instruction)

    @cached_property
    def run(self) -> Run | None:
        """Its commands, where it is a RUN."""
        runs = (run for stage in self.facts.stages for run in self.facts.runs(stage))
        return next((run for run in runs if run.instruction is self.instruction), None)

    @cached_property
    def stage(self) -> Stage | None:
        """The stage that the instruction stands in."""
        return self.facts.graph.stage_of(self.instruction) if self.instruction else None

    @property
    def names(self) -> list[str]:
        """The names that an ARG or ENV sets."""
        if self.node is None:
            return []
        words = self.node.args[::3] if self.node.keyword == "ENV" else self.node.args
        return [word.partition("=")[0] for word in words]


# --- where the instruction stands ---


def trigger(found: Difference) -> bool:
    """imgtool alone reports it, of what an ONBUILD triggers."""
    return found.ours and found.instruction is not None and found.instruction.keyword == "ONBUILD"


def stage_within(found: Difference) -> bool:
    """hadolint alone reports it, of a stage that another one is FROM or takes from."""
    targets = {edge.target for edge in found.facts.graph.edges if edge.target}
    return not found.ours and found.stage in targets


# --- variables ---


def known_variable(found: Difference) -> bool:
    """imgtool alone reports it, of an operand whose variables have values."""
    operands = found.node.args if found.node else ()
    hidden = [text for text in operands if "$" in text]
    return found.ours and any(found.facts.expand(_of(found), text) for text in hidden)


def repeated_variable(found: Difference) -> bool:
    """hadolint alone reports it, of a FROM that names its image as an earlier one does, by a variable."""
    stage = found.stage
    if found.ours or stage is None or "$" not in stage.base:
        return False
    return any(s.base == stage.base for s in found.facts.stages[: stage.index])


def stage_named_by_a_variable(found: Difference) -> bool:
    """hadolint alone reports it, in a stage whose variable may choose, or by default chooses, an earlier stage."""
    lineage = found.stage.lineage() if found.stage else ()
    chosen = any("$" in link.base and (link.parent or link.reference is None) for link in lineage)
    return not found.ours and chosen


def variable_of_the_environment(found: Difference) -> bool:
    """hadolint alone reports it, of an operand whose variable has no value here, or one of a number or a URL."""
    if found.ours or found.node is None:
        return False
    hidden = [text for text in found.node.args if "$" in text]
    values = [found.facts.expand(_of(found), text) for text in hidden]
    return any(value is None or value.isdigit() or "://" in value for value in values)


# --- one instruction ---


def add_like_copy(found: Difference) -> bool:
    """imgtool alone reports it, of an ADD."""
    return found.ours and found.node is not None and found.node.keyword == "ADD"


def folder_as_target(found: Difference) -> bool:
    """hadolint alone reports it, of a COPY to ``.``, ``..`` or a variable that ends in a slash."""
    if found.ours or found.node is None:
        return False
    target = found.facts.expand(_of(found), found.node.args[-1])
    return target is None or target.endswith(("/", ".", ".."))


def shell_is_set(found: Difference) -> bool:
    """hadolint alone reports it, below a SHELL."""
    stages = list(found.stage.lineage()) if found.stage else []
    above = (i for stage in stages for i in stage.instructions if i.start_line < found.line)
    return not found.ours and any(i.keyword == "SHELL" for i in above)


def platform_in_the_name(found: Difference) -> bool:
    """hadolint alone reports it, of a stage that is called after the platform."""
    flag = found.node.flag_value("platform") if found.node else None
    name = found.stage.name if found.stage else None
    return not found.ours and any(part in (name or "") for part in (flag or "-").split("/")[-2:])


def root_by_name(found: Difference) -> bool:
    """hadolint alone reports it, of ``USER root``."""
    return not found.ours and found.node is not None and found.node.args[0].partition(":")[0] == "root"


def scratch_stage(found: Difference) -> bool:
    """hadolint alone reports it, of a copy from or into a stage that is FROM scratch."""
    source = found.facts.graph.find(copy_source(found.node) or "") if found.node else None
    return not found.ours and any(s is not None and s.root.base == "scratch" for s in (source, found.stage))


def windows_stage(found: Difference) -> bool:
    """hadolint alone reports it, of a stage whose images run on Windows."""
    return not found.ours and found.stage in found.facts.windows


# --- names of secrets ---

_SECRETS = frozenset(("password", "private", "secret", "token"))


def user_name(found: Difference) -> bool:
    """hadolint alone reports it, of the name of a user and of no secret."""
    names = [name.lower() for name in found.names]
    users = [name for name in names if "username" in name]
    return not found.ours and bool(users) and not any(_SECRETS & set(name.split("_")) for name in names)


def part_of_a_word(found: Difference) -> bool:
    """hadolint alone reports it, of a name in which what is secret is a part of another word."""
    words = {word for name in found.names for word in name.lower().split("_")}
    return not found.ours and not words & _SECRETS and any(s in w for s in _SECRETS for w in words)


def switch(found: Difference) -> bool:
    """hadolint alone reports it, of a value that turns something on or off."""
    values = {text.partition("=")[2] or text for text in found.node.args} if found.node else set()
    return not found.ours and bool(values & {"true", "false", "0", "1"})


def _of(found: Difference) -> Instruction:
    assert found.instruction
    return found.instruction
