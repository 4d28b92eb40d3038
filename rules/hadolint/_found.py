"""Findings about words of a RUN: one a command or RUN, at the first word, with the others related."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from imgtool.rule import Command, Facts, Finding, Fix, RuleMeta, Run, Span, Stage

_SHOWN = 3


def at(meta: RuleMeta, spans: Iterable[Span], message: str, fix: Fix | None = None) -> Iterator[Finding]:
    """One finding over all spans; nothing without any. Words that stand nowhere in the file (SHELL's) are left out."""
    first, *others = sorted(span for span in dict.fromkeys(spans) if span.end) or (None,)
    if first is not None:
        yield meta.finding(first, message, fix=fix, related=tuple(others))


def called(run: Run, names: frozenset[str]) -> Sequence[Command]:
    """The commands of a RUN that call a program of these names, wherever it lies and whatever starts it."""
    return [c for c in run.script.commands if c.name in names and c.argv]


def earliest(facts: Facts, own: Callable[[Stage], int | None]) -> dict[Stage, int]:
    """Where each stage, or one that it is FROM, first does something, by where it does so itself; others are left out."""
    found: dict[Stage, int] = {}
    for stage in facts.stages:
        inherited = found.get(stage.parent) if stage.parent else None
        start = own(stage) if inherited is None else inherited
        if start is not None:
            found[stage] = start
    return found


def listed(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b, c and 4 more``, each name once."""
    words = [w if w.isprintable() else ascii(w)[1:-1] for w in dict.fromkeys(names)]
    if len(words) > _SHOWN + 1:
        words = [*words[:_SHOWN], f"{len(words) - _SHOWN} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
