"""Parts of a rewrite that stand on their own: RUNs made one, copies behind installations, mounts, owners, caches.

Each works on any Dockerfile, by the transforms of the layer rules' fixes. Nothing is refused: the effective config and
the file tree stay equal but for caches of package managers, and what cannot be done so is left alone with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from imgtool.edits import Edit, Span, apply, conflicting
from imgtool.facts.caches import Kept, history
from imgtool.facts.facts import Facts
from imgtool.facts.given import FactOptions
from imgtool.findings import Applicability, Fix
from imgtool.rewrite.choices import Choices, Part
from imgtool.rewrite.convert import Rewrite, doubt
from imgtool.rewrite.plan import (
    EmptyCaches,
    FoldOwner,
    LeaveAlone,
    MergeRuns,
    MountCaches,
    Plan,
    Reason,
    Reorder,
    Status,
    Step,
)
from imgtool.rewrite.targets import Targeted, rewrite_for
from imgtool.syntax import parse
from imgtool.syntax.source import Source
from imgtool.transforms import cache_mounts, consecutive, manifests, merge, ownership, relief
from imgtool.values import NamedTuple, replace

MAX_PASSES = 10
"""Times that all wanted parts are gone through; a file that is not settled then is left as it is."""


class Made(NamedTuple):
    """A step and its edits; without any it says what is left alone."""

    step: Step
    edits: tuple[Edit, ...] = ()


def only(
    data: bytes, target: str | None, options: FactOptions | None = None, choices: Choices | None = None
) -> Targeted:
    """The parts that ``choices`` name: the split first where it is among them, then the others on what it made.

    Where a split is refused, so is the rest. Never raises on any input.
    """
    chosen = choices or Choices()
    parts = chosen.only - {Part.SPLIT}
    if Part.SPLIT not in chosen.only:
        return Targeted(Source(data), improved(data, options, parts))
    made = rewrite_for(data, target, options, chosen)
    if made.rewrite.plan.status is Status.REFUSED or not parts:
        return made
    return replace(made, rewrite=_behind(made.rewrite, improved(made.rewrite.data, options, parts)))


def _behind(split: Rewrite, more: Rewrite) -> Rewrite:
    """One rewrite of both, whose steps stand where the same text stands in the author's file."""
    if more.plan.status is not Status.CONVERTED and not more.plan.steps:
        return split
    author, text = split.source.data, more.source.data
    steps = tuple(replace(step, span=_same(author, text, step.span)) for step in more.plan.steps)
    changed = Status.CONVERTED in (split.plan.status, more.plan.status)
    plan = replace(
        split.plan,
        status=Status.CONVERTED if changed else split.plan.status,
        steps=(*split.plan.steps, *steps),
        reasons=() if changed else split.plan.reasons,
    )
    return replace(split, plan=plan, data=more.data)


def _same(author: bytes, text: bytes, span: Span) -> Span:
    """Where a step's text, or at least one of its lines, stands in the author's file; else at its beginning."""
    whole = text[span.start : span.end]
    for part in (whole, *whole.splitlines()):
        found = author.find(part.strip())
        if found >= 0 and part.strip():
            return Span(found, found + len(part.strip()))
    return Span(0, 0)


def improved(data: bytes, options: FactOptions | None, parts: Iterable[Part]) -> Rewrite:
    """A Dockerfile after some parts, gone through until nothing changes. Spans of the steps are the author's file's.

    Unchanged where BuildKit would refuse the file, where nothing is to be done, and where the parts do not settle.
    """
    source = Source(data)
    problem = next(iter(parse(data).problems), None)
    if problem is not None:
        return _unchanged(source, "syntax-error", problem.message, problem.span)
    wanted = [part for part in _PARTS if part in frozenset(parts)]
    current, history_, steps = data, _Origins(), []
    for _ in range(MAX_PASSES):
        before = current
        left: list[Step] = []
        for part in wanted:
            made = list(_PARTS[part](Facts(parse(current), options)))
            done = _fitting(made)
            steps += [history_.moved(one.step) for one in done]
            left += [history_.moved(one.step) for one in made if not one.edits]
            edits = [edit for one in done for edit in one.edits]
            current = apply(current, edits)
            history_.add(edits)
        if current == before:
            return _settled(source, current, (*steps, *left))
    return _unchanged(source, "not-settled", "the parts undo each other", Span(0, len(data)))


def _settled(source: Source, current: bytes, steps: tuple[Step, ...]) -> Rewrite:
    if current == source.data:
        whole = Span(0, len(source.data))
        return _unchanged(
            source, "nothing-to-change", "none of the wanted parts changes anything", whole, steps
        )
    why = doubt(current)
    if why:
        return _unchanged(source, "rereading", why, Span(0, len(source.data)))
    ordered = tuple(sorted(steps, key=lambda step: step.span))
    return Rewrite(source, Plan("", Status.CONVERTED, ordered), current)


def _unchanged(source: Source, code: str, message: str, span: Span, steps: tuple[Step, ...] = ()) -> Rewrite:
    return Rewrite(source, Plan("", Status.UNCHANGED, steps, (Reason(code, message, span),)), source.data)


def _fitting(made: Iterable[Made]) -> list[Made]:
    """Those whose edits touch no earlier ones; the others have their turn in the next pass."""
    taken: list[Edit] = []
    done = []
    for one in made:
        if one.edits and not conflicting(one.edits, taken):
            done.append(one)
            taken = sorted({*taken, *one.edits})
    return done


class _Origins:
    """Where bytes of the file as it is now stood in the author's."""

    def __init__(self) -> None:
        self._passes: list[list[Edit]] = []

    def add(self, edits: Iterable[Edit]) -> None:
        self._passes.append(sorted(set(edits)))

    def moved(self, step: Step) -> Step:
        start, end = self._of(step.span.start), self._of(step.span.end)
        return replace(step, span=Span(start, max(start, end)))

    def _of(self, offset: int) -> int:
        for edits in reversed(self._passes):
            offset = _before(offset, edits)
        return offset


def _before(offset: int, edits: Sequence[Edit]) -> int:
    shift = 0
    for edit in edits:
        start = edit.start + shift
        if offset <= start:
            break
        if offset < start + len(edit.data):
            return edit.start
        shift += len(edit.data) - (edit.end - edit.start)
    return offset - shift


# --- the parts ---------------------------------------------------------------------------------------


def _reordered(facts: Facts) -> Iterator[Made]:
    for stage in facts.stages:
        for early in manifests.early_copies(facts, stage) if stage in facts.built else ():
            span = early.tree.instruction.span
            fix = manifests.copied_late(facts, early)
            why = manifests.doubt(facts, early)
            line = early.run.instruction.start_line
            if fix is None or why:
                yield _left(
                    span, Part.REORDER, why or f"line {line} reads more than one file of what is copied here"
                )
            else:
                yield Made(Reorder(span, f"line {line} reads nothing else of the tree"), fix.edits)


def _folded(facts: Facts) -> Iterator[Made]:
    for stage in reversed(facts.shipped):
        for recopy in ownership.recopies(facts, stage):
            span, fix = recopy.found.command.span, ownership.folded(facts, recopy)
            if fix is not None and fix.applicability is Applicability.SAFE:
                yield Made(FoldOwner(span, _evidence(fix)), fix.edits)
            else:
                yield _left(span, Part.FOLD_CHOWN, _evidence(fix) if fix else ownership.advice(facts, recopy))


def _evidence(fix: Fix) -> str:
    return fix.message[0].lower() + fix.message[1:]


def _merged(facts: Facts) -> Iterator[Made]:
    for stage in reversed(facts.shipped):
        for kind, group in consecutive.groups(facts, stage):
            edits = consecutive.made_one(facts, group)
            span, count = group[0].instruction.span, len(group)
            if edits:
                yield Made(MergeRuns(span, len(edits) + 1, f"{count} in a row {kind}"), edits)
            else:
                yield _left(span, Part.MERGE_RUNS, merge.obstacle(facts, group) or "they cannot be one")


def _mounted(facts: Facts) -> Iterator[Made]:
    for stage in facts.stages:
        for run in facts.runs(stage) if stage in facts.built else ():
            made = cache_mounts.mounted(facts, run)
            if made.edits:
                what = "downloads are kept between builds, and in no layer"
                yield Made(MountCaches(run.instruction.span, made.targets, what), made.edits)
            for cache, why in made.left:
                yield _left(run.instruction.span, Part.CACHE_MOUNTS, f"{cache.managers[0]}: {why}")


def _emptied(facts: Facts) -> Iterator[Made]:
    found = history(facts)
    for kept in (*found.kept, *(kept for cleaned in found.cleaned for kept in cleaned.kept)):
        made = relief.relieved(facts, kept)
        span = _called(kept)
        if made is not None and not made.doubt and made.edits:
            yield Made(EmptyCaches(span, kept.cache.name, _clause(made.what)), made.edits)
        else:
            yield _left(span, Part.DROP_CACHES, _why(facts, kept, made))


def _called(kept: Kept) -> Span:
    return relief.called(kept.fills[0])


def _clause(text: str) -> str:
    return text[0].lower() + text[1:]


def _why(facts: Facts, kept: Kept, made: relief.Relief | None) -> str:
    advice = relief.advice(facts, kept)
    return f"{advice}{made.doubt}" if made else advice


def _left(span: Span, part: Part, why: str) -> Made:
    return Made(LeaveAlone(span, part, why))


# in this order: what one does may be for the next to do better
_PARTS: dict[Part, Callable[[Facts], Iterator[Made]]] = {
    Part.REORDER: _reordered,
    Part.FOLD_CHOWN: _folded,
    Part.MERGE_RUNS: _merged,
    Part.CACHE_MOUNTS: _mounted,
    Part.DROP_CACHES: _emptied,
}
