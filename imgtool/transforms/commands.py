"""Edits of single commands: words taken out, put in, replaced. The author's spelling and layout stay."""

from __future__ import annotations

import re
from collections.abc import Iterable

from imgtool.edits import Edit, Span, apply
from imgtool.facts.commands import Arg, Command
from imgtool.facts.packages import PackageOperation

_BLANKS = re.compile(rb"(?:[ \t]|\\[ \t]*\r?\n)+\Z")


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
    return edited(data, operation.command.span, edits)


def option_words(command: Command, names: frozenset[str], valued: frozenset[str]) -> list[Arg]:
    """The words of a command that are one of these options, or the value of one of ``valued``."""
    found: list[Arg] = []
    takes_next = False
    for arg in command.args:
        name, equals, _ = arg.text.partition("=")
        if takes_next:
            found.append(arg)
            takes_next = False
        elif name in names or name in valued:
            found.append(arg)
            takes_next = name in valued and not equals
        elif arg.text[:2] in valued and not arg.text.startswith("--") and len(arg.text) > 2:
            found.append(arg)
    return found


def verb(command: Command, word: str) -> Arg | None:
    """The first word of a command that is exactly ``word``."""
    return next((arg for arg in command.args if arg.text == word), None)
