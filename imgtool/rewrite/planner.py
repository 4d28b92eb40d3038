"""From the facts of a Dockerfile to a plan: what goes to the builder, what ships, what is dropped, or why not.

The soundness rule: the final stage is the runtime base, plus a replay of everything that is not proven
build-only, plus what build commands made. A file disappears only by a named drop rule. What cannot be placed with
certainty ends in a refusal with a stable code, the file untouched.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, count, pairwise

from imgtool.edits import Span, cut
from imgtool.facts.commands import Command
from imgtool.facts.facts import DEFAULT_SHELL, Facts
from imgtool.facts.stages import Stage, mounts_of
from imgtool.families import BaseImage, identify, toolchain
from imgtool.families.commands import script_file
from imgtool.families.contents import contents
from imgtool.regex import regex
from imgtool.rewrite import bases, context_files, installs, needs, placement, prefixes, system_packages
from imgtool.rewrite.choices import Assumption, Choices, Strategy
from imgtool.rewrite.kinds import Kind
from imgtool.rewrite.placement import BUILDS, METADATA, PYTHON, STATE, Region, Work, stage_instructions
from imgtool.rewrite.plan import (
    CaptureFiles,
    CopyInstalled,
    CopyPrefixes,
    Place,
    Placement,
    Plan,
    SplitStage,
    Status,
    Step,
    SwapFlavour,
)
from imgtool.rewrite.python_packages import Installation, installation, transfer
from imgtool.rewrite.refusal import RefusedError, UnchangedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.runs import Segment
from imgtool.values import dataclass, replace

# characters of a command in a message
_SHOWN = 50
_SHELLS = frozenset({"", "sh", "bash", "zsh", "ash", "dash", "fish", "tmux"})
_WAITING = frozenset({"sleep", "tail", "cat"})
_INTERACTIVE = frozenset({"-l", "-i", "-il", "-li", "--login"})
_POSIX = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_SCRATCH = (b"/tmp", b"/var/tmp")
_ROOT = ("", "0", "root")
_COMPILERS = frozenset("gcc g++ cc c++ cpp clang clang++ gfortran nvcc".split())
_LINKED = frozenset({Kind.FETCH, Kind.BUILD, Kind.INSTALL, Kind.UNKNOWN})


def plan(facts: Facts, target: str | None = None, choices: Choices | None = None) -> Plan:
    """The plan for one accelerator; without ``target`` the one that the base image is made for."""
    try:
        return _converted(facts, target, choices or Choices())
    except UnchangedError as why:
        return Plan(target or "", Status.UNCHANGED, reasons=(why.reason,))
    except RefusedError as why:
        return Plan(target or "", Status.REFUSED, reasons=(why.reason,))


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is rewritten: the stage that becomes two, what it stands on, what its commands are and what it needs.

    ``instructions`` are its own behind those of the stages that it is FROM.
    """

    facts: Facts
    stage: Stage
    instructions: tuple[Instruction, ...]
    base: BaseImage
    works: Mapping[Instruction, Work]
    region: Region | None
    needed: needs.Needs
    choices: Choices

    @property
    def accelerator(self) -> str:
        return self.base.accelerator or ""


def _converted(facts: Facts, target: str | None, choices: Choices) -> Plan:
    shipped, base = _shipped(facts, target, choices)
    lineage = tuple(shipped.lineage())
    works = {
        instruction: work for stage in lineage for instruction, work in placement.sort(facts, stage).items()
    }
    stage = _built_in(lineage, works) or shipped.root
    instructions = stage_instructions(stage)
    region = placement.region(instructions, works)
    _refuse_others(facts, lineage, stage, works)
    known = [needs.of_stage(facts, s, assume_no_jit=Assumption.NO_JIT in choices.assume) for s in lineage]
    subject = _Subject(facts, stage, instructions, base, works, region, _all_needs(known), choices)
    _refuse_static(subject)
    made = _split(subject, region) if region else _swapped(subject)
    _leave_what_saves_nothing(subject, made)
    dropped = system_packages.dropped_programs(made.steps) | needs.TOOLKIT_TOOLS | {*_runtime(subject).lacks}
    for each in lineage:
        needs.refuse_run_time_tools(facts, each, dropped=dropped)
    _refuse_other_stages(subject, lineage, dropped)
    return made


def _refuse_other_stages(subject: _Subject, lineage: Sequence[Stage], dropped: Collection[str]) -> None:
    """Refuse where a stage FROM the one that is split runs a program that this one will not have.

    ``lineage`` is that of what ships, whose own programs are seen to.

    Raises:
        RefusedError: it does, and installs nothing of that name itself.
    """
    gone = set(dropped) - ({"pip"} if _has_pip(subject) else set())
    gone |= set() if subject.needed.compiler else _COMPILERS
    for stage in (s for s in subject.facts.stages if s not in lineage and subject.stage in s.lineage()):
        runs = tuple(subject.facts.runs(stage))
        installed = {p.name for run in runs for o in run.operations for p in o.packages}
        for command in (c for run in runs for c in run.script.commands):
            name = _missing(command, gone)
            if name and installed.isdisjoint({name, f"python3-{name}", "build-essential"}):
                message = f"{stage.title} runs {name}, which {subject.stage.title} will not have"
                raise RefusedError("tool-in-other-stage", message, command.span)


def _missing(command: Command, gone: Collection[str]) -> str | None:
    """The program of a command, or the module that Python runs, where it is among some; without its version."""
    words = [arg.text for arg in command.argv]
    names = (command.name, *(after for before, after in pairwise(words) if before == "-m"))
    return next((one for name in names for one in (name, needs.without_version(name)) if one in gone), None)


def _leave_what_saves_nothing(subject: _Subject, made: Plan) -> None:
    """Leave a file alone whose split would stand on the same image, without packages that are worth it.

    Raises:
        UnchangedError: it would.
    """
    first, *steps = made.steps
    if not isinstance(first, SplitStage) or first.runtime != first.base:
        return
    if subject.needed.compiler or not system_packages.saves(steps, contents(subject.base)):
        message = (
            f"no smaller image than {first.base} is known, and no large package is needed for building alone"
        )
        raise UnchangedError("nothing-to-save", message, first.span)


def _refuse_static(subject: _Subject) -> None:
    """Refuse where static libraries are deleted that a linker at run time needs.

    Raises:
        RefusedError: they are.
    """
    if not subject.needed.compiler:
        return
    for command in (c for work in subject.works.values() for c in work.run.script.commands):
        if command.name in ("find", "rm") and any(arg.text.endswith(".a") for arg in command.args):
            message = "it deletes static libraries, and something links at run time"
            raise RefusedError("static-libraries", message, command.span)


def _all_needs(known: Sequence[needs.Needs]) -> needs.Needs:
    return needs.Needs(
        next((n.compiler for n in known if n.compiler), None),
        next((n.toolkit for n in known if n.toolkit), None),
        next((n.cuda_libraries for n in known if n.cuda_libraries), None),
        tuple(dict.fromkeys(span for n in known for span in n.unread)),
        tuple(sorted({tool for n in known for tool in n.tools})),
    )


def _built_in(lineage: Sequence[Stage], works: Mapping[Instruction, Work]) -> Stage | None:
    """The last of the stages under what ships that builds something."""
    return next((s for s in lineage if placement.region(s.instructions, works)), None)


def _refuse_others(
    facts: Facts, lineage: Sequence[Stage], stage: Stage, works: Mapping[Instruction, Work]
) -> None:
    """Refuse where a stage that others are FROM, too, would have to change for them.

    Raises:
        RefusedError: there is such a stage.
    """
    changed = [s for s in stage.lineage() if s is not stage and placement.region(s.instructions, works)]
    if not any(placement.region(s.instructions, works) for s in lineage):
        changed = [stage]
    used = [s.parent for s in facts.stages if s.parent and s not in lineage]
    shared = next((s for s in changed if s in used), None)
    if shared is not None:
        message = f"other stages are FROM {shared.title}, which would have to change for what ships"
        raise RefusedError("multi-stage", message, shared.from_.span)


def _split(subject: _Subject, region: Region) -> Plan:
    """The weakest strategy that suffices, or the one that was asked for."""
    wanted = subject.choices.strategy
    if wanted is Strategy.SWAP:
        span = subject.instructions[region.last].span
        raise RefusedError("strategy", "something is built, so another flavour alone is not enough", span)
    for strategy, planned in _STRATEGIES.items():
        if wanted in (Strategy.AUTO, strategy):
            try:
                return planned(subject, region)
            except RefusedError:
                if wanted is strategy:
                    raise
    return _with_capture(subject, region)


def _swapped(subject: _Subject) -> Plan:
    """The weakest strategy: nothing is built, so only the flavour changes."""
    stage = subject.stage
    runtime = _runtime(subject)
    if runtime.operand == stage.base:
        raise UnchangedError(
            "nothing-to-split", "nothing is built, and no smaller image exists", stage.base_span
        )
    if any("{builder}" in text for text in runtime.preamble):
        message = (
            "nothing is built, and a smaller stage would have to name the image, which comes from an ARG"
        )
        raise UnchangedError("nothing-to-split", message, stage.base_span)
    why = f"nothing is built; {runtime.why}"
    swap = SwapFlavour(stage.base_span, stage.base, runtime.operand, why, runtime.preamble, runtime.arguments)
    kept = (Place(i.span, Placement.FINAL, "no-build", "nothing is built") for i in stage.instructions)
    return Plan(subject.accelerator, Status.CONVERTED, (swap, *kept))


def _runtime(subject: _Subject, needed: needs.Needs | None = None) -> bases.Runtime:
    facts, stage, base, choices = subject.facts, subject.stage, subject.base, subject.choices
    found = bases.runtime_of(
        facts, stage, base, needed or subject.needed, choice=choices.runtime_base, flavour=choices.flavour
    )
    return bases.with_packages(found, stage, base, choices.extra_packages)


# --- what is rewritten -------------------------------------------------------------------------------


def _shipped(facts: Facts, target: str | None, choices: Choices) -> tuple[Stage, BaseImage]:
    document = facts.document
    whole = Span(0, len(document.data))
    if document.problems:
        first = document.problems[0]
        raise RefusedError("syntax-error", first.message, first.span)
    stage = facts.target
    if stage is None:
        there = ", ".join(s.title for s in facts.stages) or "none"
        message = f"there is no stage {facts.options.stage!r}; there are {there}"
        raise RefusedError("no-such-stage", message, whole)
    if document.escape != "\\":
        raise RefusedError("escape", "files with another escape character are for Windows images", whole)
    base = facts.base(stage)
    span, name = stage.root.base_span, _base_name(stage)
    if base is None:
        raise RefusedError("unknown-base", f"no image family covers {name}: what it holds is not known", span)
    if not base.accelerator:
        if _takes_from_accelerator(facts, stage):
            raise UnchangedError("already-split", f"what ships stands on {name} and takes the rest", span)
        raise RefusedError("no-accelerator", f"{name} is no accelerator image", span)
    if target and base.accelerator != target:
        message = f"{name} is made for {base.accelerator}; a {target} image of it is not covered"
        raise RefusedError("other-accelerator", message, span)
    _refuse_shape(facts, stage, base)
    if Assumption.SHIPS not in choices.assume:
        _refuse_no_program(stage)
    return stage, base


def _takes_from_accelerator(facts: Facts, stage: Stage) -> bool:
    """Whether a stage copies or mounts from an accelerator's image, by its name or through other stages."""
    built = facts.graph.reachable(stage)
    images = [facts.base(other) for other in built]
    named = (e.source for e in facts.graph.edges if e.stage in built and e.target is None)
    return any(base and base.accelerator for base in (*images, *map(identify, named)))


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
    if len(facts.stages) > 1 and toolchain(base) is None:
        raise UnchangedError("no-smaller-image", f"no smaller image of {name} exists", span)


def _refuse_no_program(stage: Stage) -> None:
    """Refuse an image that starts a shell, or nothing: it may be there for people to build in."""
    starts = [i for i in stage_instructions(stage) if i.keyword in ("CMD", "ENTRYPOINT")]
    if not any(_starts_program(i) for i in starts):
        message = (
            "no program starts: the image may be there to build in "
            "(write its CMD or ENTRYPOINT, or say --assume ships)"
        )
        raise RefusedError("no-program", message, starts[-1].span if starts else stage.from_.span)


def _starts_program(instruction: Instruction) -> bool:
    """Whether it is more than a shell, or something that waits; a shell with a script is."""
    words = list(instruction.args) if instruction.json else " ".join(instruction.args).split()
    program, *operands = words or [""]
    name = posixpath.basename(program)
    given = [word for word in operands if word != "-" and word not in _INTERACTIVE]
    return name not in _WAITING and (name not in _SHELLS or bool(given))


def _builder_name(facts: Facts) -> str:
    taken = {stage.name for stage in facts.stages}
    names = chain(("builder", "build"), (f"builder{n}" for n in count(2)))
    return next(name for name in names if name not in taken)


def _split_stage(subject: _Subject, runtime: bases.Runtime) -> SplitStage:
    stage = subject.stage
    name = _builder_name(subject.facts)
    preamble = tuple(text.replace("{builder}", name) for text in runtime.preamble)
    return SplitStage(
        stage.from_.span, name, stage.base, runtime.operand, runtime.why, preamble, runtime.arguments
    )


# --- a wheelhouse ------------------------------------------------------------------------------------


def _with_wheels(subject: _Subject, region: Region) -> Plan:
    """Python packages alone are built: the final stage installs the builder's wheels."""
    _refuse_not_wheels(subject, region)
    split = _split_stage(subject, _runtime(subject))
    steps = tuple(_wheel_steps(subject, region))
    return Plan(subject.accelerator, Status.CONVERTED, (split, *steps))


def _refuse_not_wheels(subject: _Subject, region: Region) -> None:
    for instruction in subject.instructions[: region.last + 1]:
        work = subject.works.get(instruction)
        if work is None:
            continue
        for segment, one in work.items:
            if one in BUILDS - PYTHON or (one in PYTHON and len(segment.commands) != 1):
                raise RefusedError("unknown-command", _told(subject, segment), segment.span)
        if work.builds:
            _refuse_no_wheels_of(subject, work)


def _refuse_no_wheels_of(subject: _Subject, work: Work) -> None:
    instruction = work.run.instruction
    if not _is_plainly_mounted(instruction) or not work.divisible or instruction.heredocs:
        raise RefusedError("run-flags", "the wheels of this form are not covered", instruction.span)
    if not _is_root(subject, instruction):
        message = "installations by another user than root are not covered"
        raise RefusedError("user-before-install", message, instruction.span)


def _is_plainly_mounted(instruction: Instruction) -> bool:
    """Whether all its flags mount caches and files of the context, which both stages may have."""
    mounts = mounts_of(instruction)
    plain = (m.type == "cache" or (m.type == "bind" and m.readonly) for m in mounts if not m.from_)
    return sum(plain) == len(instruction.flags)


def _told(subject: _Subject, segment: Segment) -> str:
    words = " ".join(subject.facts.document.source.text(segment.span).split())
    shown = words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
    return f"what `{shown}` leaves behind is not known"


def _is_root(subject: _Subject, instruction: Instruction) -> bool:
    user = subject.facts.state(instruction).user
    return user is None or user.partition(":")[0] in _ROOT


def _wheel_steps(subject: _Subject, region: Region) -> Iterator[Step]:
    installations = tuple(_installations(subject, region))
    numbers = count(1)
    for position, instruction in enumerate(subject.instructions):
        work = subject.works.get(instruction)
        if work is None or position > region.last:
            yield _place(instruction, position, region)
        else:
            yield from _run_steps(subject, work, installations, numbers)


def _installations(subject: _Subject, region: Region) -> Iterator[Installation]:
    for instruction in subject.instructions[: region.last + 1]:
        work = subject.works.get(instruction)
        for segment, one in work.items if work else ():
            if work and one in PYTHON:
                yield installation(work.run, segment.commands[0])


def _run_steps(
    subject: _Subject, work: Work, installations: tuple[Installation, ...], numbers: Iterator[int]
) -> Iterator[Step]:
    """What the final stage does with a RUN that it replays, in a wheelhouse or before what is captured."""
    if not work.divisible:
        yield Place(work.run.instruction.span, Placement.BOTH, "replay", _REPLAYED)
        return
    for segment, one in work.items:
        if one in PYTHON:
            found = next(i for i in installations if i.command is segment.commands[0])
            more = found is not installations[-1] or _is_asked_for(subject, segment)
            yield transfer(subject.facts, found, numbers, pip_in_final=_has_pip(subject), used_later=more)
        else:
            yield from _system_steps(subject, work, segment, one)
    yield from _caches(subject, work)


_REPLAYED = "not proven build-only, so it is replayed"


def _has_pip(subject: _Subject) -> bool:
    return contents(subject.base).holds("pip") is True


def _is_asked_for(subject: _Subject, segment: Segment) -> bool:
    """Whether a command behind an installation may import what it installs, and leaves nothing (``-c 'import x'``)
    or fills an environment with it.
    """
    items = (item for work in subject.works.values() for item in work.items)
    asking = (Kind.QUERY, Kind.PREFIX)
    return any(one in asking and other.span.start > segment.span.start for other, one in items)


def _system_steps(subject: _Subject, work: Work, segment: Segment, one: Kind) -> Iterator[Step]:
    if _chooses_compiler(subject, segment):
        yield Place(segment.span, Placement.BUILDER, "build-only", "it chooses between compilers")
    elif one is Kind.PACKAGE_LISTS and placement.lists_are_used(
        subject.instructions, subject.works, work.run.instruction
    ):
        yield Place(segment.span, Placement.BOTH, "replay", "packages are installed with these lists later")
    elif one is Kind.SYSTEM_PACKAGES and len(segment.commands) == 1:
        yield from system_packages.steps(
            work.run, segment, compiler=subject.needed.compiler, base=subject.base
        )
    elif one in (Kind.QUERY, Kind.FILES) and placement.uses_builder(segment) and not _has_pip(subject):
        yield Place(segment.span, Placement.BUILDER, one, "what it runs is not in the final stage")
    elif one is Kind.CLEAN:
        yield Place(segment.span, Placement.BUILDER, one, "the final stage has no such cache")
    else:
        yield Place(segment.span, Placement.BOTH, one, _REPLAYED)


def _chooses_compiler(subject: _Subject, segment: Segment) -> bool:
    """Whether it is an ``update-alternatives`` of a compiler that the final stage does not have."""
    words = {posixpath.basename(arg.text) for c in segment.commands for arg in c.args}
    names = {c.name for c in segment.commands}
    return (
        names == {"update-alternatives"} and not words.isdisjoint(_COMPILERS) and not subject.needed.compiler
    )


def _caches(subject: _Subject, work: Work) -> Iterator[Step]:
    found = system_packages.caches(subject.facts, work.run)
    used = placement.lists_are_used(subject.instructions, subject.works, work.run.instruction)
    if found and not used and not work.run.instruction.heredocs:
        yield found


def _place(instruction: Instruction, position: int, region: Region) -> Place:
    if position > region.last:
        return Place(instruction.span, Placement.FINAL, "after-build", "nothing is built after it")
    if instruction.keyword in METADATA:
        return Place(instruction.span, Placement.FINAL, "metadata", "it says how the image runs")
    return Place(instruction.span, Placement.BOTH, "state", _REPLAYED)


# --- environments and installations -------------------------------------------------------------------


def _with_prefixes(subject: _Subject, region: Region) -> Plan:
    """All that is built goes to environments in folders of their own: these are copied."""
    last, works = _wheels_beside(subject, region)
    found = prefixes.prefixes(subject.facts, works, scratch=_uses_scratch(subject, region))
    evidence = "an environment whose interpreter is in the final stage, too"
    copied = CopyPrefixes(last.span, found.folders, _other_user(subject, last), evidence)
    return _beside(subject, region, found, copied, subject.needed)


def _with_installs(subject: _Subject, region: Region) -> Plan:
    """All that is built is installed: what is installed is copied."""
    last, works = _wheels_beside(subject, region)
    found = installs.installs(subject.facts, works, subject.instructions[region.last + 1 :])
    evidence = "all that ships of what is built is installed"
    copied = CopyInstalled(last.span, found.commands, _other_user(subject, last), evidence)
    return _beside(subject, region, found, copied, _needs_of_linked(subject, region))


def _wheels_beside(subject: _Subject, region: Region) -> tuple[Instruction, list[Work]]:
    """The last instruction that builds, and all RUNs up to it.

    Raises:
        RefusedError: what they install for the system's Python is not covered by wheels.
    """
    inside = subject.instructions[region.first : region.last + 1]
    works = [subject.works[i] for i in inside if i in subject.works]
    for work in works:
        if any(one in PYTHON for _, one in work.items):
            _refuse_no_wheels_of(subject, work)
    return inside[-1], works


def _beside(
    subject: _Subject,
    region: Region,
    found: prefixes.Prefixes | installs.Installs,
    copied: CopyPrefixes | CopyInstalled,
    needed: needs.Needs,
) -> Plan:
    _refuse_shell(subject, subject.instructions[region.last])
    split = _split_stage(subject, _runtime(subject, needed))
    steps = (split, *_beside_steps(subject, region, found), copied)
    return Plan(subject.accelerator, Status.CONVERTED, steps)


def _beside_steps(
    subject: _Subject, region: Region, found: prefixes.Prefixes | installs.Installs
) -> Iterator[Step]:
    """Where the instructions go beside what is copied from the builder."""
    installations = tuple(_installations(subject, region))
    numbers = count(1)
    for position, instruction in enumerate(subject.instructions):
        work = subject.works.get(instruction)
        if work is None or position > region.last:
            yield _place(instruction, position, region)
        elif instruction in found.filling:
            yield from _captured_steps(subject, work, found.replayed)
        elif position > region.first and all(one in (Kind.QUERY, Kind.STATE) for _, one in work.items):
            yield Place(instruction.span, Placement.BUILDER, Kind.QUERY, "it leaves nothing behind")
        else:
            yield from _run_steps(subject, work, installations, numbers)


# --- what build commands left, as files --------------------------------------------------------------


def _with_capture(subject: _Subject, region: Region) -> Plan:
    """Whatever is built: the files that the builder's instructions made are copied as they are."""
    needed = _needs_of_linked(subject, region)
    region = _widened(subject, region)
    if subject.base.os_version == "7" and _formats(subject.base.os) == ("rpm",):
        message = "files cannot be collected with the tools of this system's release 7"
        raise RefusedError("strategy", message, subject.instructions[region.last].span)
    for position in (region.first, region.last):
        _refuse_shell(subject, subject.instructions[position])
    split = _split_stage(subject, _runtime(subject, needed))
    steps = tuple(_capture_steps(subject, region))
    step = _capture(subject, region)
    return Plan(subject.accelerator, Status.CONVERTED, (split, *steps, step))


def _needs_of_linked(subject: _Subject, region: Region) -> needs.Needs:
    """With the CUDA libraries that what is built may be linked to."""
    if subject.needed.cuda_libraries is None and {one for _, one in _items(subject, region)} & _LINKED:
        return replace(subject.needed, cuda_libraries="what is built here may be linked to them")
    return subject.needed


def _widened(subject: _Subject, region: Region) -> Region:
    """With the files that are copied in for what is built; from where root, who can list every file, is the user."""
    first, instructions = region.first, subject.instructions
    own = len(instructions) - len(subject.stage.instructions)
    while first > own and instructions[first - 1].keyword in STATE | METADATA | {"COPY", "ADD"}:
        first -= 1
    while instructions[first].keyword not in ("COPY", "ADD", "RUN"):
        first += 1
    while first and not _is_root(subject, instructions[first]):
        first -= 1
    return Region(first, region.last)


def _items(subject: _Subject, region: Region) -> Iterator[tuple[Segment, Kind]]:
    for instruction in subject.instructions[region.first : region.last + 1]:
        if instruction in subject.works:
            yield from subject.works[instruction].items


def _refuse_shell(subject: _Subject, instruction: Instruction) -> None:
    program = (subject.facts.state(instruction).shell or DEFAULT_SHELL)[0]
    if posixpath.basename(program) not in _POSIX:
        raise RefusedError(
            "shell", f"what is made under {program} cannot be collected by it", instruction.span
        )


def _capture_steps(subject: _Subject, region: Region) -> Iterator[Step]:
    for position, instruction in enumerate(subject.instructions):
        work = subject.works.get(instruction)
        inside = region.first <= position <= region.last
        if work is not None and position < region.first:
            yield from _run_steps(subject, work, (), count(1))
        elif work is not None and inside:
            yield from _captured_steps(subject, work)
        elif inside and instruction.keyword in ("COPY", "ADD"):
            yield Place(instruction.span, Placement.BUILDER, "captured", _IN_FILES)
        else:
            yield _place(instruction, position, region)


_IN_FILES = "its effect is among the files that are copied from the builder"


def _captured_steps(subject: _Subject, work: Work, replayed: Collection[Segment] = ()) -> Iterator[Step]:
    """What becomes of a RUN that builds, or stands between such: the final stage runs only what files do not hold.

    Raises:
        RefusedError: a command does both, and cannot be taken apart.
    """
    facts, run = subject.facts, work.run
    system = [
        segment
        for segment, one in work.items
        if segment in replayed or placement.is_system(facts, run, segment, one)
    ]
    if not system:
        yield Place(run.instruction.span, Placement.BUILDER, "captured", _IN_FILES)
        return
    for segment, one in work.items:
        if segment in system and (one in BUILDS or (work.builds and not work.divisible)):
            message = "packages and users in one command with what is built cannot be taken apart"
            raise RefusedError("entangled", message, segment.span)
    if not work.divisible:
        yield Place(run.instruction.span, Placement.BOTH, "replay", _REPLAYED)
        return
    for position, (segment, one) in enumerate(work.items):
        later = [s for s, _ in work.items[position + 1 :] if s in system]
        if segment in system:
            yield from _system_steps(subject, work, segment, one)
        elif (
            one is Kind.STATE and later and not (_moves(segment) and all(map(placement.is_placeless, later)))
        ):
            yield Place(segment.span, Placement.BOTH, one, "commands behind it depend on it")
        else:
            yield Place(segment.span, Placement.BUILDER, "captured", _IN_FILES)
    yield from _caches(subject, work)


def _moves(segment: Segment) -> bool:
    return all(command.name in ("cd", "pushd", "popd") for command in segment.commands)


def _capture(subject: _Subject, region: Region) -> CaptureFiles:
    instructions = subject.instructions
    first, last = instructions[region.first], instructions[region.last]
    kinds = {one for _, one in _items(subject, region)}
    inside = [i for i in instructions[region.first : region.last + 1] if i in subject.works]
    replayed = [i for i in inside if _replayed(subject, i)]
    runs = [subject.works[i].run for i in instructions[: region.last + 1] if i in subject.works]
    managers = sorted(
        {o.manager for run in runs for o in run.operations if o.ecosystem not in ("deb", "rpm")}
    )
    return CaptureFiles(
        span=last.span,
        first=first.span,
        user=_other_user(subject, last),
        managers=tuple(managers),
        formats=_formats(subject.base.os),
        scratch=_uses_scratch(subject, region),
        packages=bool(replayed) and not any(o.ecosystem == "rpm" for run in runs for o in run.operations),
        guards=tuple(_guards(subject, inside, replayed)),
        libraries=bool(_LINKED & kinds),
        evidence="every file that these commands made, changed or removed",
    )


def _formats(system: str | None) -> tuple[str, ...]:
    """Of the packages of a system; both where it is not known."""
    if system is None:
        return "deb", "rpm"
    return ("deb",) if system in ("debian", "ubuntu") else ("rpm",)


def _guards(
    subject: _Subject, inside: Sequence[Instruction], replayed: Sequence[Instruction]
) -> Iterator[Span]:
    """The RUNs of unknown effect.

    Raises:
        RefusedError: one of them also installs packages or makes users, so that more of them would not show.
    """
    for instruction in inside:
        unknown = [s for s, one in subject.works[instruction].items if one is Kind.UNKNOWN]
        if not unknown:
            continue
        _refuse_installer(subject, instruction, unknown)
        if instruction not in replayed:
            yield instruction.span
        elif subject.choices.strategy is not Strategy.CAPTURE:
            raise RefusedError("unknown-command", _told(subject, unknown[0]), unknown[0].span)


_INSTALLS = regex(
    rb"\b(?:apt|apt-get|dnf|yum|apk|zypper)\b[^\n]*\b(?:install|add)\b|\b(?:user|group)add\b|\badd(?:user|group)\b"
)


def _refuse_installer(subject: _Subject, instruction: Instruction, unknown: Sequence[Segment]) -> None:
    """Refuse a script that installs packages or makes users: one of the context, or one that is known by its name.

    Raises:
        RefusedError: it does.
    """
    facts, stage = subject.facts, subject.stage
    for command in (c for segment in unknown for c in segment.commands):
        for word in command.argv[:2]:
            content = context_files.read(facts, stage, instruction, word.text) if word.literal else None
            known = script_file(posixpath.basename(word.text))
            if (known and known.installs) or (content and _INSTALLS.search(content)):
                message = f"{word.text} installs packages or makes users, which files do not carry"
                raise RefusedError("script-installs-packages", message, command.span)


def _replayed(subject: _Subject, instruction: Instruction) -> bool:
    """Whether the final stage runs something of a RUN, too."""
    work = subject.works[instruction]
    return any(placement.is_system(subject.facts, work.run, s, one) for s, one in work.items)


def _other_user(subject: _Subject, last: Instruction) -> str | None:
    """The USER instruction that is in force at another one; None for root."""
    if _is_root(subject, last):
        return None
    before = (i for i in reversed(subject.instructions) if i.span.start < last.span.start)
    found = next((i for i in before if i.keyword == "USER"), None)
    if found is None:
        raise RefusedError("user-before-install", "the base image sets another user than root", last.span)
    return cut(subject.facts.document.data, found.span)


def _uses_scratch(subject: _Subject, region: Region) -> bool:
    """Whether something may look for files in a temporary folder when the image runs.

    Instructions that set what the program sees, all behind the build, and installations that point at their sources.
    """
    data = subject.facts.document.data
    for position, instruction in enumerate(subject.instructions):
        run = instruction.keyword == "RUN" and position <= region.last
        text = data[instruction.span.start : instruction.span.end]
        mentions = any(folder in text for folder in _SCRATCH)
        if mentions and (not run or b" -e" in text or b"develop" in text or b"ln -s" in text):
            return True
    return False


# from the weakest on; what is captured suffices always
_STRATEGIES = {
    Strategy.WHEELHOUSE: _with_wheels,
    Strategy.PREFIX: _with_prefixes,
    Strategy.DESTDIR: _with_installs,
}
