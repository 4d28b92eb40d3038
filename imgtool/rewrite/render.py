"""From a plan to bytes: edits of the author's file, and the final stage put together from its own text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from imgtool.edits import Edit, Span, apply, cut
from imgtool.facts.facts import Facts, Run
from imgtool.facts.stages import Stage, Via
from imgtool.families.inherited import pip_is_whole
from imgtool.rewrite import capture, installs, prefixes
from imgtool.rewrite.kinds import operations_of
from imgtool.rewrite.placement import stage_instructions
from imgtool.rewrite.plan import (
    CaptureFiles,
    CopyInstalled,
    CopyPrefixes,
    DropCaches,
    DropPackages,
    Place,
    Placement,
    Plan,
    SplitStage,
    Status,
    SwapFlavour,
    Taken,
    TransferWheels,
)
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.commands import install_without
from imgtool.transforms.instructions import remove_instruction
from imgtool.transforms.runs import Segment, rebuild, units
from imgtool.transforms.wheels import HOME

# pip as the builder has it, for a final stage that has none; it is only mounted there
_TAKE_PIP = f"""RUN cp -r "$(python3 -c 'import pip; print(pip.__path__[0])')" {HOME}/pip"""
# where the distribution's pip has parts elsewhere, its folder alone does not run
_FETCH_PIP = f"RUN python3 -m pip install --target {HOME} pip"


def render(facts: Facts, plan: Plan) -> bytes:
    """The file that a plan makes; the bytes as they are where it converts nothing."""
    data = facts.document.data
    if plan.status is not Status.CONVERTED:
        return data
    first = plan.steps[0]
    newline = facts.document.source.newline
    if isinstance(first, SwapFlavour):
        swapped = Edit(first.span.start, first.span.end, first.runtime)
        end = next(s.from_.span.end for s in facts.stages if s.base_span == first.span)
        behind = [Edit(end, end, _behind(first.preamble, newline))] if first.preamble else []
        return apply(data, [swapped, *behind, *_below(first.arguments, newline)])
    if not isinstance(first, SplitStage):
        raise TypeError("a plan begins with the step that makes the stages")
    stage = next(s for s in facts.stages if s.from_.span == first.span)
    return _Rendering(facts, stage, plan, first).result()


def _behind(instructions: Sequence[str], newline: str) -> str:
    return "".join(f"\n{text}" for text in instructions).replace("\n", newline)


def _below(arguments: Sequence[tuple[Span, str]], newline: str) -> list[Edit]:
    return [Edit(at.end, at.end, newline + text.replace("\n", newline)) for at, text in arguments]


def _as_root(user: str | None, *instructions: str) -> str:
    """Instructions behind an empty line, and the USER that was before them put back."""
    parts = ["USER root", *instructions, user] if user else instructions
    return "\n" + "".join(f"\n{part}" for part in parts)


def _collected(step: Taken) -> str:
    """The builder's last instructions, which get ready what the final stage takes over."""
    match step:
        case CaptureFiles():
            return capture.collect(step.managers, step.formats, scratch=step.scratch, packages=step.packages)
        case CopyInstalled():
            return installs.collect()
        case CopyPrefixes():
            return prefixes.collect(step.folders)


def _taken_over(builder: str, step: Taken) -> tuple[str, str]:
    """The instructions of the final stage that take it over, and check it."""
    match step:
        case CaptureFiles():
            return capture.copy(builder), capture.settle(builder, libraries=step.libraries)
        case CopyInstalled():
            return installs.copy(builder), installs.check(builder)
        case CopyPrefixes():
            return prefixes.copies(builder, step.folders), prefixes.check(builder, step.folders)


class _Rendering:
    """One split, with what its parts share."""

    def __init__(self, facts: Facts, stage: Stage, plan: Plan, split: SplitStage) -> None:
        self.facts = facts
        self.data = facts.document.data
        self.newline = facts.document.source.newline
        self.stage = stage
        self.plan = plan
        self.split = split
        self.places = {s.span: s for s in plan.steps if isinstance(s, Place)}
        self.transfers = {s.span: s for s in plan.steps if isinstance(s, TransferWheels)}
        self.caches = {s.span: s for s in plan.steps if isinstance(s, DropCaches)}
        self.drops = [s for s in plan.steps if isinstance(s, DropPackages)]
        self.taken = next((s for s in plan.steps if isinstance(s, Taken)), None)
        runs = (run for link in stage.lineage() for run in facts.runs(link))
        self.runs: Mapping[Instruction, Run] = {run.instruction: run for run in runs}
        self.built = [i for i in stage_instructions(stage) if self._placement(i) is not None]

    def result(self) -> bytes:
        """The builder's edits, and the final stage after it; what follows the builder stays as it is."""
        end = self.built[-1].span.end
        final = self._lines(self._builder_tail() + self._final_stage())
        edits = [*self._builder_edits(), *_below(self.split.arguments, self.newline), *self._renumbered()]
        # a guard may stand behind the last instruction, too
        behind = [e for e in edits if e.start == e.end == end]
        last = Edit(end, end, "".join(e.text for e in behind) + final)
        return apply(self.data, [*(e for e in edits if e not in behind), last])

    def _placement(self, instruction: Instruction) -> Placement | None:
        """Where an instruction of the builder's part goes; None for those after it."""
        place = self.places.get(instruction.span)
        if place is None:
            return Placement.BOTH
        return None if place.rule == "after-build" else place.placement

    def _lines(self, text: str) -> str:
        return text.replace("\r\n", "\n").replace("\n", self.newline)

    def _renumbered(self) -> Iterator[Edit]:
        """Numbers of stages that the new one moves, where later stages copy from them."""
        for edge in self.facts.graph.edges:
            flag = edge.instruction.flag("from")
            numbered = edge.via is Via.COPY and edge.source.lstrip("+").isdigit() and flag is not None
            if edge.target is not None and flag and numbered and edge.target.index >= self.stage.index:
                yield Edit(flag.span.start, flag.span.end, f"--from={edge.target.index + 1}")

    # --- builder -------------------------------------------------------------------------------------

    def _builder_edits(self) -> Iterator[Edit]:
        yield self._named()
        for instruction in self.built:
            if self._placement(instruction) is Placement.FINAL and instruction in self.stage.instructions:
                yield remove_instruction(self.facts.document, instruction)
            elif instruction in self.runs:
                yield from self._transfer_edits(self.runs[instruction])
        if isinstance(self.taken, CopyInstalled):
            for span in self.taken.commands:
                yield Edit(span.start, span.start, f"DESTDIR={installs.FILES} ")
        elif isinstance(self.taken, CaptureFiles):
            yield from self._watches(self.taken)

    def _watches(self, captured: CaptureFiles) -> Iterator[Edit]:
        """The note before what is captured, and the guards around commands of unknown effect."""
        first = self._above(captured.first)
        apart = "" if self.data[:first].endswith((b"\n\n", b"\r\n\r\n")) else "\n"
        above = {first: f"{apart}{capture.note(packages=captured.packages)}\n\n"}
        for number, span in enumerate(captured.guards, 1):
            at = self._above(span)
            above[at] = above.get(at, "") + f"{capture.watch(number)}\n"
            yield Edit(span.end, span.end, self._lines(f"\n{capture.guard(number, captured.formats)}"))
        for at, text in above.items():
            yield Edit(at, at, self._lines(text))

    def _above(self, span: Span) -> int:
        """Where the line begins that an instruction begins, or the first comment line that touches it."""
        (instruction,) = (i for i in self.built if i.span == span)
        line = instruction.start_line
        for comment in reversed(instruction.comments):
            if comment.line != line - 1:
                break
            line = comment.line
        return self.facts.document.source.line_starts[line - 1]

    def _named(self) -> Edit:
        words = self.stage.from_.words
        if self.stage.name is None:
            return Edit(words[0].span.end, words[0].span.end, f" AS {self.split.builder}")
        return Edit(words[2].span.start, words[2].span.end, self.split.builder)

    def _transfer_edits(self, run: Run) -> Iterator[Edit]:
        for unit in units(self.data, run):
            step = self.transfers.get(unit.commands[0].span)
            if step and step.builder != cut(self.data, step.span):
                yield Edit(step.span.start, step.span.end, self._lines(step.builder))

    def _builder_tail(self) -> str:
        mounted = any(t.final and f"PYTHONPATH={HOME} " in t.final for t in self.transfers.values())
        base = self.facts.base(self.stage)
        take = _TAKE_PIP if base is None or pip_is_whole(base) else _FETCH_PIP
        parts = [take] if mounted else []
        if self.taken:
            parts += ["", *(["USER root"] if self.taken.user else []), _collected(self.taken)]
        return "".join(f"\n{part}" for part in parts)

    # --- final stage ---------------------------------------------------------------------------------

    def _final_stage(self) -> str:
        preamble = _behind(self.split.preamble, "\n")
        return f"\n\n{self._final_from()}{preamble}{''.join(self._replay())}{self._taken_over()}"

    def _taken_over(self) -> str:
        return _as_root(self.taken.user, *_taken_over(self.split.builder, self.taken)) if self.taken else ""

    def _final_from(self) -> str:
        from_ = self.stage.from_
        head = cut(self.data, Span(from_.span.start, self.stage.base_span.start))
        tail = cut(self.data, Span(self.stage.base_span.end, from_.words[-1].span.end))
        return head + self.split.runtime + tail

    def _replay(self) -> Iterator[str]:
        previous: Instruction | None = None
        for instruction in self.built:
            stage = self.facts.graph.stage_of(instruction) or self.stage
            if previous is None or self.facts.graph.stage_of(previous) is not stage:
                previous = stage.from_
            between = cut(self.data, Span(previous.span.end, instruction.span.start))
            previous = instruction
            if self._placement(instruction) is Placement.BUILDER:
                continue
            run = self.runs.get(instruction)
            text = self._final_run(run) if run else cut(self.data, instruction.span)
            if text is not None:
                yield between + text

    def _final_run(self, run: Run) -> str | None:
        if run.instruction.span in self.places:
            return cut(self.data, run.instruction.span)
        items = units(self.data, run)
        texts = {unit.span: self._final_unit(run, unit) for unit in items}
        if all(texts[unit.span] is None or self._idle(unit) for unit in items):
            return None
        text = rebuild(self.data, run, texts)
        if text is None:
            return None
        if run.instruction.span in self.caches:
            # a semicolon may end the author's list
            text = (
                f"{text.rstrip().rstrip(';').rstrip()} \\\n && {self.caches[run.instruction.span].clean_up}"
            )
        if any(unit.commands[0].span in self.transfers for unit in items):
            text = self._mounted(run.instruction, text)
        return text

    def _final_unit(self, run: Run, unit: Segment) -> str | None:
        transfer = self.transfers.get(unit.commands[0].span)
        if transfer:
            return transfer.final
        place = self.places.get(unit.span)
        if place and place.placement is Placement.BUILDER:
            return None
        drops = [s for s in self.drops if s.span == unit.span]
        if not drops:
            return cut(self.data, unit.span)
        (operation,) = operations_of(unit.commands[0], run)
        gone = frozenset(name for drop in drops for name in drop.packages)
        instead = [name for drop in drops for name in drop.instead]
        if gone >= {p.name for p in operation.packages} and not instead:
            return None
        return install_without(self.data, operation, gone, instead)

    def _idle(self, unit: Segment) -> bool:
        """Whether a command is nothing without others: it sets the shell, or only refreshes package lists."""
        place = self.places.get(unit.span)
        return place is not None and place.rule in ("package-lists", "state")

    def _mounted(self, instruction: Instruction, text: str) -> str:
        keyword = cut(self.data, instruction.word.span)
        mount = f"--mount=type=bind,from={self.split.builder},source={HOME},target={HOME}"
        return f"{keyword} {mount} \\\n    {text[len(keyword) :].lstrip()}"
