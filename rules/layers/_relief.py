"""What rules say about a cache that a RUN leaves."""

from __future__ import annotations

from imgtool.rule import Facts, Finding, Fix, Kept, RuleMeta, advice, called, relieved

from ._sizes import kept_bytes


def reported(meta: RuleMeta, facts: Facts, kept: Kept, aliases: tuple[str, ...] | None = None) -> Finding:
    """The finding of a rule about a kept cache, at the commands that filled it."""
    first = kept.fills[0]
    count = len(kept.fills)
    subject = f"{f'{first.manager} {first.verb}'.strip()} leaves its {kept.cache.what}"
    if count > 1:
        subject = f"{first.manager} leaves the {kept.cache.what} of {count} commands"
    span, *related = (called(fill) for fill in kept.fills)
    relief = relieved(facts, kept)
    fix = relief and Fix(f"{relief.what}{relief.doubt}", relief.edits, relief.applicability)
    message = f"{subject} in this layer; {advice(facts, kept)}"
    size = kept_bytes(facts, (kept,))
    return meta.finding(span, message, fix=fix, aliases=aliases, related=tuple(related), saves_bytes=size)
