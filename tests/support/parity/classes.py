"""Which differences a class of the table explains: one predicate a class, called after it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from imgtool.facts.facts import Facts, Run
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
