"""Everything known about one Dockerfile, worked out lazily, once, and read by rules and planner alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Any

from imgtool.facts import context as contexts
from imgtool.facts.given import FactOptions as FactOptions  # noqa: PLC0414 - for those who have facts
from imgtool.facts.given import Policy as Policy  # noqa: PLC0414 - likewise
from imgtool.facts.packages import PackageOperation, operations
from imgtool.facts.scope import State, Variables, global_state, states
from imgtool.facts.secrets import Secret, secrets
from imgtool.facts.shell import Script, run_script, with_programs
from imgtool.facts.stages import Stage, StageGraph, copy_source, meta, triggers
from imgtool.facts.windows import SHELL, windows_stages
from imgtool.families import BaseImage, InheritedConfig, config, identify
from imgtool.syntax.nodes import Document, Instruction
from imgtool.values import dataclass, lazy

DEFAULT_SHELL = ("/bin/sh", "-c")
# what BuildKit sets where the base image has none
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """A RUN, or the RUN inside an ONBUILD: its commands and what they do to packages."""

    instruction: Instruction
    stage: Stage
    script: Script
    operations: tuple[PackageOperation, ...]
    onbuild: bool = False


class Facts:
    """The facts of one document. Attributes are computed when first read, then kept."""

    def __init__(self, document: Document, options: FactOptions | None = None) -> None:
        self.document = document
        self.options = options or FactOptions()
        self.remembered: dict[Callable[..., Any], Any] = {}
        self._states: dict[Stage, list[State]] = {}
        # of the document's own instructions, which live as long as these facts: no other gets their place in memory
        self._seen: dict[int, State] = {}
        self._fired: dict[Stage, State] = {}
        self._runs: dict[Stage, tuple[Run, ...]] = {}
        self._bases: dict[Stage, BaseImage | None] = {}

    @property
    def policy(self) -> Policy:
        return self.options.policy

    @lazy
    def graph(self) -> StageGraph:
        return StageGraph(self.document, self.global_state)

    @lazy
    def stages(self) -> tuple[Stage, ...]:
        return self.graph.stages

    @lazy
    def target(self) -> Stage | None:
        """The stage that ships: ``--stage``, or the last one."""
        if self.options.stage is not None:
            return self.graph.find(self.options.stage)
        return self.graph.final

    @lazy
    def shipped(self) -> tuple[Stage, ...]:
        """The target and the stages it is FROM: what they hold is in the image."""
        return tuple(self.target.lineage()) if self.target else ()

    @lazy
    def built(self) -> frozenset[Stage]:
        """Every stage that building the target builds."""
        return self.graph.reachable(self.target) if self.target else frozenset()

    # --- variables -----------------------------------------------------------------------------------

    @lazy
    def global_state(self) -> State:
        """What FROM lines see."""
        return global_state(meta(self.document), self.options.build_args, self.document.escape)

    def states(self, stage: Stage) -> list[State]:
        """The state before each of the stage's instructions, and after the last."""
        known = self._states.get(stage)
        if known is not None:
            return known
        # outermost first: a chain of stages may be longer than Python's stack is deep
        for link in reversed(list(takewhile(lambda s: s not in self._states, stage.lineage()))):
            found = self._states[link] = self._after(self._start(link), link.instructions)
            self._seen.update(zip(map(id, link.instructions), found, strict=False))
        return self._states[stage]

    def state(self, instruction: Instruction) -> State:
        """What an instruction of a stage sees; FROM and the ARGs above it see the global state."""
        # many rules ask
        known = self._seen.get(id(instruction))
        return self._state(instruction) if known is None else known

    def _state(self, instruction: Instruction) -> State:
        stage = self.graph.stage_of(instruction)
        if stage is None or instruction is stage.from_:
            return self.global_state
        found = self.states(stage)
        position = bisect_right(stage.instructions, instruction.span.start, key=_start_of)
        return found[position - 1]

    def final_state(self, stage: Stage) -> State:
        """What the stage leaves behind."""
        return self.states(stage)[-1]

    def expand(self, instruction: Instruction, text: str) -> str | None:
        """A word of an instruction with its variables replaced; None where a value is not known."""
        return self.state(instruction).expand(text, self.document.escape)

    def _after(self, start: State, body: Sequence[Instruction]) -> list[State]:
        return states(start, body, self.options.build_args, self.global_state, self.document.escape)

    def _start(self, stage: Stage) -> State:
        if stage.parent is None:
            return self._inherited(stage)
        if stage.parent not in self._fired:
            fired = [trigger.inner for trigger in triggers(stage) if trigger.inner]
            self._fired[stage.parent] = self._after(self.final_state(stage.parent), fired)[-1]
        return self._fired[stage.parent]

    def _inherited(self, stage: Stage) -> State:
        if stage.reference == "scratch":
            path = Variables().assign({"PATH": DEFAULT_PATH})
            return State(path, path, closed=True, user="0", workdir="/")
        if stage in self.windows:
            return State(shell=SHELL)
        base = self.base(stage)
        known = config(base) if base else InheritedConfig()
        env = Variables().assign(known.env)
        return State(env, env, known.env_complete, known.shell, user=known.user, workdir=known.workdir)

    @lazy
    def windows(self) -> frozenset[Stage]:
        """The stages that are Windows."""
        return windows_stages(self.stages, self.document.escape)

    # --- base images ---------------------------------------------------------------------------------

    def base(self, stage: Stage) -> BaseImage | None:
        """The known image family at the end of the stage's lineage."""
        if stage not in self._bases:
            reference = stage.root.reference
            self._bases[stage] = identify(reference) if reference else None
        return self._bases[stage]

    # --- shell ---------------------------------------------------------------------------------------

    def runs(self, stage: Stage) -> tuple[Run, ...]:
        """The stage's RUN instructions in order, those of ONBUILD included."""
        if stage not in self._runs:
            self._runs[stage] = tuple(self._read_runs(stage))
        return self._runs[stage]

    def _read_runs(self, stage: Stage) -> Iterator[Run]:
        for instruction, state in zip(stage.instructions, self.states(stage), strict=False):
            node = instruction.inner or instruction
            if node.keyword != "RUN" or node.problem:
                continue
            script = run_script(node, state.shell or DEFAULT_SHELL, instruction.heredocs)
            script = with_programs(script, state.values)
            done = operations(script.commands)
            yield Run(instruction, stage, script, done, onbuild=node is not instruction)

    @lazy
    def programs(self) -> frozenset[str]:
        """The names of all commands of RUNs: what is not among them need not be looked for in each."""
        runs = [run for stage in self.stages for run in self.runs(stage)]
        return frozenset([command.name for run in runs for command in run.script.commands])

    @lazy
    def secrets(self) -> tuple[Secret, ...]:
        """Passwords, tokens and keys that stand in the file by value."""
        return secrets(self.document)

    # --- build context -------------------------------------------------------------------------------

    @lazy
    def context(self) -> contexts.BuildContext | None:
        """The build context, where it can be told which folder that is."""
        given = self.options
        return contexts.locate(
            given.dockerfile, self.local_sources, context=given.context, how=given.context_how
        )

    @lazy
    def contexts(self) -> tuple[contexts.BuildContext, ...]:
        """:attr:`context` and, where nobody names it, other folders that it may be as well."""
        if self.context is None:
            return ()
        others = contexts.alternatives(self.context, self.options.dockerfile, self.local_sources)
        return (self.context, *others)

    @lazy
    def local_sources(self) -> tuple[str, ...]:
        """Literal sources of COPY and ADD that come from the build context, without quotes.

        Those of triggers are read from the context of whoever builds on the image.
        """
        copies = [i for i in self.document.instructions if i.keyword in ("COPY", "ADD")]
        sources = [s for i in copies for s in local_sources(i) if "$" not in s]
        plain = [_LITERAL.expand(source, self.document.escape) for source in sources]
        return tuple([source for source in plain if source])


_start_of = attrgetter("span.start")
_LITERAL = State(closed=True)


def local_sources(node: Instruction) -> tuple[str, ...]:
    """The operands of a COPY or ADD that are read from the build context, as written."""
    if node.keyword not in ("COPY", "ADD") or copy_source(node) or node.problem:
        return ()
    return tuple([a for a in node.args[:-1] if "://" not in a and not a.startswith(_NOT_LOCAL)])


# here-documents and repositories
_NOT_LOCAL = ("<<", "git@")
