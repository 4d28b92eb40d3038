"""From the facts of a Dockerfile to a plan: what goes to the builder, what ships, what is dropped, or why not.

The soundness rule: the final stage is the runtime base, plus a replay of everything that is not proven
build-only, plus the wheels that build-only commands made. A file disappears only by a named drop rule. What
cannot be placed with certainty ends in a refusal with a stable code, the file untouched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from imgtool.edits import Span
from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import PackageOperation
from imgtool.facts.stages import Stage
from imgtool.families import BaseImage, contents, is_toolchain
from imgtool.rewrite import needs
from imgtool.rewrite.kinds import Kind, kind, operations_of
from imgtool.rewrite.plan import (
    DropCaches,
    DropPackages,
    Place,
    Placement,
    Plan,
    Reason,
    SplitStage,
    Status,
    Step,
    SwapFlavour,
    TransferWheels,
)
from imgtool.rewrite.refusal import RefusedError, UnchangedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.flavour import other_flavour
from imgtool.transforms.runs import is_chain, segments
from imgtool.transforms.wheels import HOME

APT_CACHES = ("/var/lib/apt/lists/*", "/var/cache/apt/archives/*.deb")

# carried into both stages: later commands of either depend on them
_STATE = frozenset({"ARG", "ENV", "WORKDIR", "SHELL", "USER", "COPY", "ADD"})
# say how the image runs; a builder has no use for them
_METADATA = frozenset("CMD ENTRYPOINT EXPOSE LABEL HEALTHCHECK VOLUME STOPSIGNAL MAINTAINER".split())


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
    runtime, why = _runtime(facts, stage, base)
    draft = _Draft(facts, stage, needs.of_stage(facts, stage))
    last = _last_build(draft)
    accelerator = base.accelerator or ""
    if last is None:
        if runtime == stage.base:
            raise UnchangedError("nothing-to-split", "no command builds anything, and no smaller image exists", stage.base_span)
        needs.refuse_run_time_tools(facts, stage, draft.needed, dropped=needs.TOOLKIT_TOOLS)
        swap = SwapFlavour(stage.base_span, stage.base, runtime, f"no command builds anything; {why}")
        return Plan(accelerator, Status.CONVERTED, (swap, *_places(draft, None)))
    _refuse_user_before(draft, last)
    steps = tuple(_steps(draft, last))
    needs.refuse_run_time_tools(facts, stage, draft.needed, dropped=draft.dropped_tools | needs.TOOLKIT_TOOLS)
    split = SplitStage(stage.from_.span, _builder_name(facts), stage.base, runtime, why)
    return Plan(accelerator, Status.CONVERTED, (split, *steps))


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
    if base is None:
        raise RefusedError("unknown-base", f"no image family covers {stage.root.base}", stage.root.base_span)
    if target and base.accelerator != target:
        made_for = base.accelerator or "no accelerator"
        message = f"{stage.root.base} is made for {made_for}; turning it into a {target} image is not covered"
        raise RefusedError("other-accelerator", message, stage.root.base_span)
    if not base.accelerator:
        raise RefusedError("no-accelerator", f"{stage.root.base} is no accelerator image", stage.root.base_span)
    _refuse_shape(facts, stage, base)
    return stage, base


def _refuse_shape(facts: Facts, stage: Stage, base: BaseImage) -> None:
    span = stage.root.base_span
    if not is_toolchain(base) and not (contents(base) or frozenset()) & {"gcc", "toolkit"}:
        raise UnchangedError("ships-no-toolchain", f"what ships stands on {stage.root.base}, which holds no toolchain", span)
    if len(facts.stages) > 1:
        if is_toolchain(base):
            raise RefusedError("multi-stage", "files with several stages are not covered", stage.from_.span)
        raise UnchangedError("ships-no-toolchain", f"{stage.root.base} is the smallest image there is", span)
    if not base.known:
        raise RefusedError("unknown-tag", f"{stage.root.base} is newer than the data on its family", span)


def _runtime(facts: Facts, stage: Stage, base: BaseImage) -> tuple[str, str]:
    """The final stage's FROM operand, and why it is the right one."""
    toolchain = is_toolchain(base)
    if toolchain is None:
        return stage.base, "no smaller official image of it exists, so both stages stand on it"
    if toolchain.runtime is None or toolchain.flavour is None:
        raise RefusedError("no-runtime-image", f"{stage.base} has no runtime image: {toolchain.reason}", stage.base_span)
    if not toolchain.ancestor:
        raise RefusedError(
            "runtime-not-ancestor", f"{toolchain.runtime} is no part of {stage.base}: other files may be missing", stage.base_span
        )
    written = other_flavour(stage.base, base, toolchain.flavour)
    if written is None:
        raise RefusedError("base-in-argument", f"the flavour of {stage.base} comes from an ARG", stage.base_span)
    return written, f"{toolchain.reason}; {toolchain.runtime} is the image it is built on"


def _builder_name(facts: Facts) -> str:
    taken = {stage.name for stage in facts.stages}
    names = ("builder", "build", *(f"builder{n}" for n in range(2, 100)))
    return next(name for name in names if name not in taken)


# --- the stage, command by command -------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """What is worked out while the steps are made."""

    facts: Facts
    stage: Stage
    needed: needs.Needs
    wheelhouses: int = 0
    dropped_tools: frozenset[str] = field(default_factory=frozenset)
    python: bool = False

    @property
    def runs(self) -> dict[Instruction, Run]:
        return {run.instruction: run for run in self.facts.runs(self.stage)}


_BUILDS = frozenset({Kind.PYTHON_PACKAGES, Kind.PYTHON_PROJECT})


def _last_build(draft: _Draft) -> int | None:
    """The position of the last instruction that must run in the builder; refuses what cannot be placed."""
    last = None
    for position, instruction in enumerate(draft.stage.instructions):
        if instruction.keyword == "RUN":
            kinds = _kinds(draft, instruction)
            if kinds & _BUILDS:
                last = position
        elif instruction.keyword == "ONBUILD":
            raise RefusedError("onbuild", "what an ONBUILD will run is not known here", instruction.span)
        elif instruction.keyword not in _STATE | _METADATA:
            raise RefusedError("instruction", f"{instruction.keyword} is not covered", instruction.span)
    return last


def _kinds(draft: _Draft, instruction: Instruction) -> set[Kind]:
    run = draft.runs[instruction]
    if not is_chain(draft.facts.document.data, run):
        if run.instruction.heredocs:
            raise RefusedError("heredoc", "scripts in here-documents are not covered", instruction.span)
        raise RefusedError("unknown-shell", "the RUN is more than commands joined by &&", instruction.span)
    found = set()
    for segment in segments(run.script):
        one = kind(segment, run)
        if one is Kind.UNKNOWN:
            name = next((c.name for c in segment.commands if c.name), "the command")
            raise RefusedError("unknown-command", f"what {name} leaves behind is not known", segment.span)
        found.add(one)
    if found & _BUILDS and any(f.name == "mount" for f in instruction.flags):
        raise RefusedError("mount", "installations with their own mounts are not covered", instruction.span)
    return found


def _refuse_user_before(draft: _Draft, last: int) -> None:
    for instruction in draft.stage.instructions[:last]:
        if instruction.keyword == "USER" and draft.facts.expand(instruction, instruction.args[0]) not in ("0", "root"):
            raise RefusedError("user-before-install", "installations by another user than root are not covered", instruction.span)


def _places(draft: _Draft, last: int | None) -> Iterator[Step]:
    """Where the instructions go that are not taken apart."""
    for position, instruction in enumerate(draft.stage.instructions):
        if instruction.keyword == "RUN" and last is not None and position <= last:
            continue
        yield _place(instruction, position, last)


def _place(instruction: Instruction, position: int, last: int | None) -> Place:
    if last is None or position > last:
        return Place(instruction.span, Placement.FINAL, "after-build", "nothing is built after it")
    if instruction.keyword in _METADATA:
        return Place(instruction.span, Placement.FINAL, "metadata", "says how the image runs")
    return Place(instruction.span, Placement.BOTH, "state", "not proven build-only, so it is replayed")


def _steps(draft: _Draft, last: int) -> Iterator[Step]:
    runs = draft.runs
    draft.python = bool((contents(_base(draft)) or frozenset()) & {"python3"})
    total = sum(
        1 for i in draft.stage.instructions for s in _segments(runs, i) if kind(s, runs[i]) in _BUILDS
    )
    for position, instruction in enumerate(draft.stage.instructions):
        if instruction not in runs or position > last:
            yield _place(instruction, position, last)
            continue
        run = runs[instruction]
        for segment in segments(run.script):
            yield from _segment_steps(draft, run, segment.commands[0], kind(segment, run), total)
        if _installs_system(run) and not _cache_mounted(instruction) and not _cleans(run):
            yield DropCaches(instruction.span, APT_CACHES, "package lists and archives are fetched anew when needed")


def _segments(runs: dict[Instruction, Run], instruction: Instruction):  # type: ignore[no-untyped-def]
    return segments(runs[instruction].script) if instruction in runs else ()


def _base(draft: _Draft) -> BaseImage:
    base = draft.facts.base(draft.stage)
    assert base is not None  # noqa: S101 - _subject saw to it
    return base
