"""The parts of a rewrite that fixes of rules make: the same transforms, asked for by name."""

from __future__ import annotations

from imgtool.edits import Span
from imgtool.facts.given import FactOptions
from imgtool.lint import registry, runner
from imgtool.lint.fixer import FixResult, fix
from imgtool.lint.registry import Selection
from imgtool.rewrite import Rewrite
from imgtool.rewrite.choices import Choices, Part
from imgtool.rewrite.plan import Plan, Reason, Status, Tidy
from imgtool.rewrite.targets import Targeted, rewrite_for
from imgtool.syntax.source import Source
from imgtool.values import replace

# in this order: what one does may be for the next to do better
_RULES = {
    Part.REORDER: ("IMG205", "IMG210"),
    Part.FOLD_CHOWN: ("IMG203",),
    Part.MERGE_RUNS: ("IMG201",),
    Part.DROP_CACHES: ("IMG204", "IMG202"),
    Part.CACHE_MOUNTS: ("IMG211",),
}


def only(data: bytes, target: str | None, options: FactOptions, choices: Choices) -> Targeted:
    """A rewrite of the parts that are wanted; one that is refused stays as it is.

    Fixes that are unsafe count: who names a part asks for what its rule's page says of it.
    """
    made = rewrite_for(data, target, options, choices) if Part.SPLIT in choices.only else _as_it_is(data)
    for part, codes in _RULES.items():
        if part in choices.only and made.rewrite.plan.status is not Status.REFUSED:
            made = replace(made, rewrite=_one(made.rewrite, part, codes, options))
    return made


def _as_it_is(data: bytes) -> Targeted:
    source = Source(data)
    why = Reason("nothing-to-change", "none of the wanted parts changes anything", Span(0, len(data)))
    return Targeted(source, Rewrite(source, Plan("", Status.UNCHANGED, reasons=(why,)), data))


def _one(made: Rewrite, part: Part, codes: tuple[str, ...], options: FactOptions) -> Rewrite:
    done = _fixed(made.data, codes, options)
    if done.data == made.data:
        return made
    count = sum(done.fixed.values())
    step = Tidy(
        Span(0, 0), part, ", ".join(sorted(done.fixed)), count, f"as the rule's fix does, {count} times"
    )
    plan = replace(made.plan, status=Status.CONVERTED, reasons=(), steps=(*made.plan.steps, step))
    return replace(made, plan=plan, data=done.data)


def _fixed(data: bytes, codes: tuple[str, ...], options: FactOptions) -> FixResult:
    chosen = Selection(codes, (), ())
    rules = [registry.load(entry) for entry in registry.select(chosen)]
    judgement = runner.Judgement(registry.silenced(chosen))
    path = str(options.dockerfile or "-")
    return fix(data, lambda text: runner.lint(text, path, rules, options, judgement=judgement), unsafe=True)
