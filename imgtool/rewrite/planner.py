"""From the facts of a Dockerfile to a plan: what goes to the builder, what ships, what is dropped, or why not.

The soundness rule: the final stage is the runtime base, plus a replay of everything that is not proven
build-only, plus the wheels that build-only commands made. A file disappears only by a named drop rule. What
cannot be placed with certainty ends in a refusal with a stable code, the file untouched.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from itertools import count

from imgtool.edits import Span
from imgtool.facts.facts import Facts, Run
from imgtool.facts.stages import Stage
from imgtool.families import BaseImage, toolchain
from imgtool.families.contents import contents
from imgtool.rewrite import needs, system_packages
from imgtool.rewrite.kinds import Kind, kind
from imgtool.rewrite.plan import Place, Placement, Plan, SplitStage, Status, Step, SwapFlavour
from imgtool.rewrite.python_packages import Installation, installation, transfer
from imgtool.rewrite.refusal import RefusedError, UnchangedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.flavour import other_flavour
from imgtool.transforms.runs import Segment, is_chain, segments
from imgtool.values import dataclass

# carried into both stages: later commands of either depend on them
_STATE = frozenset({"ARG", "ENV", "WORKDIR", "SHELL", "USER", "COPY", "ADD", "RUN"})
# say how the image runs; a builder has no use for them
_METADATA = frozenset("CMD ENTRYPOINT EXPOSE LABEL HEALTHCHECK VOLUME STOPSIGNAL MAINTAINER".split())
# characters of a command in a message
_SHOWN = 50
_SHELLS = frozenset({"", "sh", "bash", "zsh", "ash", "dash", "tmux", "sleep", "tail"})
_BUILDS = frozenset({Kind.PYTHON_PACKAGES, Kind.PYTHON_PROJECT})


def plan(facts: Facts, target: str | None = None) -> Plan:
    """The plan for one accelerator; without ``target`` the one that the base image is made for."""
    try:
        return _converted(facts, target)
    except UnchangedError as why:
        return Plan(target or "", Status.UNCHANGED, reasons=(why.reason,))
    except RefusedError as why:
        return Plan(target or "", Status.REFUSED, reasons=(why.reason,))


def _converted(facts: Facts, target: str | None) -> Plan:
    stage, base = _subject(facts, target)
    runtime, why = _runtime(stage, base)
    sorted_runs = _sort(facts, stage)
    last = _last_build(stage, sorted_runs)
    for found in sorted_runs.values():
        # also those after the build: a command of unknown needs may use what the final stage does not have
        _refuse_unplaceable(facts, found)
    needed = needs.of_stage(facts, stage)
    accelerator = base.accelerator or ""
    if last is None:
        return _swapped(facts, stage, accelerator, runtime, why, needed)
    _refuse_user_before(facts, stage, last)
    split = SplitStage(stage.from_.span, _builder_name(facts), stage.base, runtime, why)
    builder = _Builder(facts, stage, base, needed, last, sorted_runs)
    steps = tuple(_steps(builder))
    dropped = system_packages.dropped_programs(steps) | needs.TOOLKIT_TOOLS
    needs.refuse_run_time_tools(facts, stage, dropped=dropped)
    return Plan(accelerator, Status.CONVERTED, (split, *steps))


def _swapped(
    facts: Facts, stage: Stage, accelerator: str, runtime: str, why: str, needed: needs.Needs
) -> Plan:
    """The weakest strategy: nothing is built, so only the flavour changes."""
    if runtime == stage.base:
        raise UnchangedError(
            "nothing-to-split", "nothing is built, and no smaller image exists", stage.base_span
        )
    if needed.compiler:
        raise RefusedError("compiles-at-run-time", needed.compiler, stage.base_span)
    needs.refuse_run_time_tools(facts, stage, dropped=needs.TOOLKIT_TOOLS)
    swap = SwapFlavour(stage.base_span, stage.base, runtime, f"nothing is built; {why}")
    kept = (Place(i.span, Placement.FINAL, "no-build", "nothing is built") for i in stage.instructions)
    return Plan(accelerator, Status.CONVERTED, (swap, *kept))


# --- what is rewritten -------------------------------------------------------------------------------


def _subject(facts: Facts, target: str | None) -> tuple[Stage, BaseImage]:
    document = facts.document
    whole = Span(0, len(document.data))
    if document.problems:
        first = document.problems[0]
        raise RefusedError("syntax-error", first.message, first.span)
    stage = facts.target
    if stage is None:
        raise RefusedError("no-such-stage", f"there is no stage {facts.options.stage!r}", whole)
    if document.escape != "\\":
        raise RefusedError("escape", "files with another escape character are for Windows images", whole)
    base = facts.base(stage)
    span, name = stage.root.base_span, _base_name(stage)
    if base is None:
        raise RefusedError("unknown-base", f"no image family covers {name}", span)
    if not base.accelerator:
        raise RefusedError("no-accelerator", f"{name} is no accelerator image", span)
    if target and base.accelerator != target:
        message = f"{name} is made for {base.accelerator}; a {target} image of it is not covered"
        raise RefusedError("other-accelerator", message, span)
    _refuse_shape(facts, stage, base)
    return stage, base


def _base_name(stage: Stage) -> str:
    """The image at the end of the lineage, variables filled in where they are known."""
    return stage.root.reference or stage.root.base


def _refuse_shape(facts: Facts, stage: Stage, base: BaseImage) -> None:
    span, name = stage.root.base_span, _base_name(stage)
    held = contents(base)
    if toolchain(base) is None and not held.has & {"toolkit", "gcc"}:
        if held.has:
            raise UnchangedError("no-toolchain", f"{name} holds no toolchain", span)
        raise UnchangedError("no-smaller-image", f"no smaller image of {name} is known", span)
    if len(facts.stages) > 1:
        if toolchain(base) is None:
            raise UnchangedError("no-smaller-image", f"no smaller image of {name} exists", span)
        raise RefusedError("multi-stage", "files with several stages are not covered", stage.from_.span)
    if not base.known:
        message = f"the data on this family does not list {name}: it may be withdrawn, or too new"
        raise RefusedError("unknown-tag", message, span)
    _refuse_no_program(stage)


def _refuse_no_program(stage: Stage) -> None:
    """Refuse an image that starts a shell, or nothing: it may be there for people to build in."""
    starts = [i for i in stage.instructions if i.keyword in ("CMD", "ENTRYPOINT")]
    programs = [posixpath.basename((i.args[0] if i.args else "").split(" ")[0]) for i in starts]
    if all(program in _SHELLS for program in programs):
        message = "no program starts: the image may be there to build in (write its CMD or ENTRYPOINT)"
        raise RefusedError("no-program", message, starts[-1].span if starts else stage.from_.span)


def _runtime(stage: Stage, base: BaseImage) -> tuple[str, str]:
    """The final stage's FROM operand, and why it is the right one."""
    found = toolchain(base)
    if found is None:
        return stage.base, "no smaller official image exists, so both stages stand on the same one"
    if found.sibling is None or found.flavour is None:
        raise RefusedError(
            "no-runtime-image", f"{stage.base} has no runtime image ({found.why})", stage.base_span
        )
    if not found.built_on:
        message = f"{stage.base} is not built on {found.sibling}, which may lack other files too"
        raise RefusedError("runtime-not-contained", message, stage.base_span)
    written = other_flavour(stage.base, base, found.flavour)
    if written is None:
        raise RefusedError(
            "base-in-argument", f"the flavour of {stage.base} comes from an ARG", stage.base_span
        )
    return written, f"{found.why}; {stage.base} is built on {found.sibling}"


def _builder_name(facts: Facts) -> str:
    taken = {stage.name for stage in facts.stages}
    names = ("builder", "build", *(f"builder{n}" for n in range(2, 100)))
    return next(name for name in names if name not in taken)


# --- what each command is ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A RUN with the kind of each of its commands."""

    run: Run
    items: tuple[tuple[Segment, Kind], ...]

    @property
    def builds(self) -> bool:
        return any(one in _BUILDS for _, one in self.items)


def _sort(facts: Facts, stage: Stage) -> dict[Instruction, _Sorted]:
    """Every RUN with its commands by kind."""
    found = {}
    for run in facts.runs(stage):
        if run.onbuild:
            raise RefusedError("onbuild", "what an ONBUILD will run is not known here", run.instruction.span)
        items = tuple((segment, kind(segment, run, facts)) for segment in segments(run.script))
        found[run.instruction] = _Sorted(run, items)
    return found


def _last_build(stage: Stage, runs: Mapping[Instruction, _Sorted]) -> int | None:
    """The position of the last instruction that must run in the builder."""
    last = None
    for position, instruction in enumerate(stage.instructions):
        if instruction in runs and runs[instruction].builds:
            last = position
        elif instruction.keyword not in _STATE | _METADATA:
            raise RefusedError("instruction", f"{instruction.keyword} is not covered", instruction.span)
    return last


def _refuse_unplaceable(facts: Facts, found: _Sorted) -> None:
    instruction = found.run.instruction
    if instruction.heredocs:
        raise RefusedError("heredoc", "scripts in here-documents are not covered", instruction.span)
    if not is_chain(facts.document.data, found.run):
        raise RefusedError("unknown-shell", "the RUN is more than commands joined by &&", instruction.span)
    for segment, one in found.items:
        if one is Kind.UNKNOWN:
            words = " ".join(facts.document.source.text(segment.span).split())
            shown = words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
            raise RefusedError("unknown-command", f"what `{shown}` leaves behind is not known", segment.span)
    if found.builds and instruction.flags:
        raise RefusedError("run-flags", "installations with builder flags are not covered", instruction.span)


def _refuse_user_before(facts: Facts, stage: Stage, last: int) -> None:
    for instruction in stage.instructions[:last]:
        if instruction.keyword == "USER":
            user = facts.expand(instruction, instruction.args[0]) or ""
            if user.partition(":")[0] not in ("0", "root"):
                message = "installations by another user than root are not covered"
                raise RefusedError("user-before-install", message, instruction.span)


# --- steps -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Builder:
    """What the steps are made from. ``last`` is the position of the last instruction of the builder."""

    facts: Facts
    stage: Stage
    base: BaseImage
    needed: needs.Needs
    last: int
    runs: Mapping[Instruction, _Sorted]


def _steps(builder: _Builder) -> Iterator[Step]:
    installations = tuple(_installations(builder))
    numbers = count(1)
    for position, instruction in enumerate(builder.stage.instructions):
        found = builder.runs.get(instruction)
        if found is None or position > builder.last:
            yield _place(instruction, position, builder.last)
            continue
        for segment, one in found.items:
            yield from _command_steps(builder, found.run, segment, one, installations, numbers)
        caches = system_packages.caches(builder.facts, found.run)
        if caches:
            yield caches


def _command_steps(
    builder: _Builder,
    run: Run,
    segment: Segment,
    one: Kind,
    installations: tuple[Installation, ...],
    numbers: Iterator[int],
) -> Iterator[Step]:
    if one in _BUILDS:
        found = next(i for i in installations if i.command is segment.commands[0])
        more = found is not installations[-1]
        pip = contents(builder.base).holds("pip") is True
        yield transfer(builder.facts, found, numbers, pip_in_final=pip, used_later=more)
    elif one is Kind.SYSTEM_PACKAGES:
        yield from system_packages.steps(run, segment, compiler=builder.needed.compiler)
    elif one is Kind.CLEAN:
        yield Place(segment.span, Placement.BUILDER, one, "the final stage has no such cache")
    else:
        yield Place(segment.span, Placement.BOTH, one, "not proven build-only, so it is replayed")


def _installations(builder: _Builder) -> Iterator[Installation]:
    for position, instruction in enumerate(builder.stage.instructions):
        found = builder.runs.get(instruction)
        if found is None or position > builder.last:
            continue
        for segment, one in found.items:
            if one in _BUILDS:
                yield installation(found.run, segment.commands[0])


def _place(instruction: Instruction, position: int, last: int) -> Place:
    if position > last:
        return Place(instruction.span, Placement.FINAL, "after-build", "nothing is built after it")
    if instruction.keyword in _METADATA:
        return Place(instruction.span, Placement.FINAL, "metadata", "it says how the image runs")
    return Place(instruction.span, Placement.BOTH, "state", "not proven build-only, so it is replayed")
