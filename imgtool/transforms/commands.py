"""Edits of single commands: words taken out, put in, replaced. The author's spelling and layout stay."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from imgtool.edits import Edit, Span, apply
from imgtool.facts.commands import Arg, Command
from imgtool.facts.packages import PackageOperation
from imgtool.regex import regex

_BLANKS = regex(rb"(?<![ \t])(?:[ \t]|\\[ \t]*+\r?\n)+\Z")


def edited(data: bytes, span: Span, edits: Iterable[Edit]) -> str:
    """The text of a span after edits that lie inside it."""
    moved = [Edit(e.start - span.start, e.end - span.start, e.text) for e in edits]
    changed = apply(data[span.start : span.end], moved)
    return changed.decode("utf-8", "surrogateescape")


def without(data: bytes, word: Span) -> Edit:
    """Take a word out, with the blanks and continuation before it."""
    before = _BLANKS.search(data, 0, word.start)
    return Edit(before.start() if before else word.start, word.end, "")


def install_without(
    data: bytes, operation: PackageOperation, drop: frozenset[str], instead: Iterable[str]
) -> str:
    """An install command without the packages of ``drop``; ``instead`` stands where the first of them stood."""
    gone = [p.span for p in operation.packages if p.name in drop]
    new = " ".join(instead)
    edits = [without(data, span) for span in gone[1 if new else 0 :]]
    if new and gone:
        edits.append(Edit(gone[0].start, gone[0].end, new))
    return _HOLLOW.sub("", edited(data, operation.command.span, edits))


# a line of which nothing is left but its continuation
_HOLLOW = regex(r"(?<=\n)[ \t]*\\[ \t]*\r?\n")


def without_options(data: bytes, operation: PackageOperation, names: frozenset[str]) -> list[Edit]:
    """Take options out, with their values. ``names`` are the first spellings of the option tables.

    Of short options in one word (``-qU``) only their letters go.
    """
    edits = []
    for word, group in groupby(operation.options, key=lambda option: option.arg):
        options = list(group)
        kept = [(n, option) for n, option in enumerate(options) if option.name not in names]
        if not kept:
            edits.append(without(data, word.span))
            edits += [
                without(data, option.value.span)
                for option in options
                if option.value and not word.span.holds(option.value.span)
            ]
        elif len(kept) < len(options):
            letters = "".join(word.text[1 + n] for n, _ in kept)
            last = options[-1]
            attached = last.value.text if last is kept[-1][1] and last.value else ""
            edits.append(Edit(word.span.start, word.span.end, f"-{letters}{attached}"))
    return edits


def verb(command: Command, word: str) -> Arg | None:
    """The first word of a command that is exactly ``word``."""
    return next((arg for arg in command.args if arg.text == word), None)
