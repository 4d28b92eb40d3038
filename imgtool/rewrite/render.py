"""From a plan to bytes: edits of the author's file, and the final stage put together from its own text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imgtool.edits import Edit, Span, apply, cut
from imgtool.facts.facts import Facts, Run
from imgtool.facts.stages import Stage
from imgtool.rewrite.kinds import operations_of
from imgtool.rewrite.plan import (
    DropCaches,
    DropPackages,
    Place,
    Placement,
    Plan,
    SplitStage,
    Status,
    SwapFlavour,
    TransferWheels,
)
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.commands import install_without
from imgtool.transforms.instructions import remove_instruction
from imgtool.transforms.runs import Segment, rebuild, segments
from imgtool.transforms.wheels import HOME

# pip as the builder has it, for a final stage that has none; it is only mounted there
_TAKE_PIP = f"""RUN cp -r "$(python3 -c 'import pip; print(pip.__path__[0])')" {HOME}/pip"""


def render(facts: Facts, plan: Plan) -> bytes:
    """The file that a plan makes; the bytes as they are where it converts nothing."""
    data = facts.document.data
    if plan.status is not Status.CONVERTED:
        return data
    first = plan.steps[0]
    if isinstance(first, SwapFlavour):
        return apply(data, [Edit(first.span.start, first.span.end, first.runtime)])
    if not isinstance(first, SplitStage) or facts.target is None:
        raise ValueError("a plan begins with the step that makes the stages")
    return _Rendering(facts, facts.target, plan, first).result()


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
        self.runs: Mapping[Instruction, Run] = {run.instruction: run for run in facts.runs(stage)}
        self.built = [i for i in stage.instructions if self._placement(i) is not None]

    def result(self) -> bytes:
        """The builder's edits, and the final stage after it; what follows the builder stays as it is."""
        end = self.built[-1].span.end
        final = self._lines(self._builder_tail() + self._final_stage())
        return apply(self.data, [*self._builder_edits(), Edit(end, end, final)])

    def _placement(self, instruction: Instruction) -> Placement | None:
        """Where an instruction of the builder's part goes; None for those after it."""
        place = self.places.get(instruction.span)
        if place is None:
            return Placement.BOTH
        return None if place.rule == "after-build" else place.placement

    def _lines(self, text: str) -> str:
        return text.replace("\r\n", "\n").replace("\n", self.newline)

    # --- builder -------------------------------------------------------------------------------------

    def _builder_edits(self) -> Iterator[Edit]:
        yield self._named()
        for instruction in self.built:
            if self._placement(instruction) is Placement.FINAL:
                yield remove_instruction(self.facts.document, instruction)
            elif instruction in self.runs:
                yield from self._transfer_edits(self.runs[instruction])

    def _named(self) -> Edit:
        words = self.stage.from_.words
        if self.stage.name is None:
            return Edit(words[0].span.end, words[0].span.end, f" AS {self.split.builder}")
        return Edit(words[2].span.start, words[2].span.end, self.split.builder)

    def _transfer_edits(self, run: Run) -> Iterator[Edit]:
        for segment in segments(run.script):
            step = self.transfers.get(segment.commands[0].span)
            if step and step.builder != cut(self.data, step.span):
                yield Edit(step.span.start, step.span.end, self._lines(step.builder))

    def _builder_tail(self) -> str:
        mounted = any(t.final and t.final.startswith("PYTHONPATH=") for t in self.transfers.values())
        return f"\n{_TAKE_PIP}" if mounted else ""

    # --- final stage ---------------------------------------------------------------------------------

    def _final_stage(self) -> str:
        return f"\n\n{self._final_from()}" + "".join(self._replay())

    def _final_from(self) -> str:
        from_ = self.stage.from_
        head = cut(self.data, Span(from_.span.start, self.stage.base_span.start))
        tail = cut(self.data, Span(self.stage.base_span.end, from_.words[-1].span.end))
        return head + self.split.runtime + tail

    def _replay(self) -> Iterator[str]:
        previous = self.stage.from_
        for instruction in self.built:
            between = cut(self.data, Span(previous.span.end, instruction.span.start))
            previous = instruction
            if self._placement(instruction) is Placement.BUILDER:
                continue
            run = self.runs.get(instruction)
            text = self._final_run(run) if run else cut(self.data, instruction.span)
            if text is not None:
                yield between + text

    def _final_run(self, run: Run) -> str | None:
        items = segments(run.script)
        texts = {segment.span: self._final_segment(run, segment) for segment in items}
        if not any(
            t is not None and not self._only_lists(s) for s, t in zip(items, texts.values(), strict=True)
        ):
            return None
        text = rebuild(self.data, run, texts)
        if text is None:
            return None
        if run.instruction.span in self.caches:
            text += f" \\\n && {self.caches[run.instruction.span].clean_up}"
        if any(s.commands[0].span in self.transfers for s in items):
            text = self._mounted(run.instruction, text)
        return text

    def _final_segment(self, run: Run, segment: Segment) -> str | None:
        command = segment.commands[0]
        transfer = self.transfers.get(command.span)
        if transfer:
            return transfer.final
        place = self.places.get(segment.span)
        if place and place.placement is Placement.BUILDER:
            return None
        drops = [s for s in self.plan.steps if isinstance(s, DropPackages) and s.span == segment.span]
        if not drops:
            return cut(self.data, segment.span)
        (operation,) = operations_of(command, run)
        gone = frozenset(name for drop in drops for name in drop.packages)
        instead = [name for drop in drops for name in drop.instead]
        if gone >= {p.name for p in operation.packages} and not instead:
            return None
        return install_without(self.data, operation, gone, instead)

    def _only_lists(self, segment: Segment) -> bool:
        """Whether an item only refreshes or cleans package lists, which is nothing without an installation."""
        place = self.places.get(segment.span)
        return place is not None and place.rule == "package-lists"

    def _mounted(self, instruction: Instruction, text: str) -> str:
        keyword = cut(self.data, instruction.word.span)
        mount = f"--mount=type=bind,from={self.split.builder},source={HOME},target={HOME}"
        return f"{keyword} {mount} \\\n    {text[len(keyword) :].lstrip()}"
