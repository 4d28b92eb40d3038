"""Secrets that a Dockerfile holds by value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from imgtool.edits import Span
from imgtool.leaks import (
    Found,
    Search,
    Strength,
    apart,
    calls_secret,
    find,
    hints,
    kind_of,
    looking_for,
    strength_of,
)
from imgtool.regex import regex
from imgtool.syntax.nodes import Document, Instruction, Text
from imgtool.values import NamedTuple


class Secret(NamedTuple):
    """A secret in a Dockerfile: ``what`` says what it is and holds none of it, ``span`` is where it stands.

    ``weak``: guessing may find it. It is a password of one kind of character, or of few.
    """

    what: str
    span: Span
    weak: bool
    instruction: Instruction


def secrets(document: Document) -> tuple[Secret, ...]:
    """The secrets in a Dockerfile's instructions and here-documents, in file order; those in comments are none."""
    search = looking_for(_text(document))
    if not any(search):
        return ()
    # ENV and ARG have their names elsewhere
    unnamed = search._replace(names=False) if search.names else search
    told_by = hints(search)
    found: list[Secret] = []
    for instruction in document.instructions:
        if told_by and not instruction.heredocs and not _holds(instruction.rest.data, told_by):
            continue
        node = instruction.inner or instruction
        declares = search.names and node.keyword in ("ENV", "ARG") and not node.problem
        here = _in_texts(instruction, unnamed if declares else search)
        if declares:
            here += _declared(node)
        if here:
            found += (Secret(o.what, Span(o.start, o.end), o.weak, instruction) for o in apart(here))
    return tuple(found)


# a continuation within a word, and some others: what follows may be a comment first; a shell's is a backslash anywhere
_CUTS = {
    escape: regex(rb"%(e)s(?<=\S%(e)s)[ \t\r]*+\n(?![ \t]++[^\s#])" % {b"e": either})
    for escape, either in (("\\", rb"\\"), ("`", rb"[`\\]"))
}


# how a shell joins lines, whatever the file does
_ESCAPED = b"\\\n"
_JOINT = regex(rb"(?<!\\)\\\n")


def _text(document: Document) -> bytes:
    """What holds the words that tell of secrets: the file, or its instructions where continuations cut words."""
    if not _CUTS[document.escape].search(document.data):
        return document.data
    return b"\n".join(text.data for node in document.instructions for text in _texts(node))


def _texts(instruction: Instruction) -> Iterator[Text]:
    """An instruction's operands and here-documents."""
    yield instruction.rest
    runs = (instruction.inner or instruction).keyword == "RUN"
    for heredoc in instruction.heredocs:
        lines = _JOINT.split(heredoc.content) if runs else [heredoc.content]
        starts = (0, *accumulate(map(len, lines[:-1])))
        origins = tuple(heredoc.body.start + at + len(_ESCAPED) * n for n, at in enumerate(starts))
        yield Text(b"".join(lines), starts, origins)


def _holds(text: bytes, hints: frozenset[bytes]) -> bool:
    # `in` makes an error of each text first, in case it is a number
    for hint in hints:  # noqa: SIM110 - half as fast
        if text.find(hint) >= 0:
            return True
    return False


def _in_texts(instruction: Instruction, search: Search) -> list[Found]:
    """What stands in an instruction's operands and here-documents, with its places in the file."""
    return [_at(text, one) for text in _texts(instruction) for one in find(text.data, search)]


def _at(text: Text, one: Found) -> Found:
    """The same in the file that the text is from."""
    span = text.span(one.start, one.end)
    return one._replace(start=span.start, end=span.end)


def _declared(node: Instruction) -> Iterator[Found]:
    """Values that ENV and ARG give to names of secrets; whole, whatever characters they have."""
    for name, value, span in _assigned(node):
        kind = kind_of(name)
        if kind is None:
            continue
        plain, inner = _unquoted(value, span)
        strength = strength_of(plain.encode("utf-8", "replace"), quoted=True)
        if strength >= (Strength.WEAK if kind == "password" else Strength.RANDOM):
            yield Found(*inner, f"value of {name}", strength is Strength.WEAK)


def _unquoted(value: str, span: Span) -> tuple[str, Span]:
    """A value and its place, without the quotes around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1], Span(span.start + 1, span.end - 1)
    return value, span


_QUOTING = regex(r"[\\`\"']")
_VARIABLE = regex(r"\$(?:\w+|\{\w+\})\Z")


def called_secrets(document: Document) -> Iterator[Secret]:
    """The values of ARG and ENV that BuildKit takes for secrets by their names, however they read, but for variables."""
    for instruction in document.instructions:
        node = instruction.inner or instruction
        if node.keyword not in ("ENV", "ARG") or node.problem:
            continue
        for written, value, span in _assigned(node):
            name = _QUOTING.sub("", written)
            plain, inner = _unquoted(value, span)
            if plain and calls_secret(name) and not _VARIABLE.match(plain):
                weak = strength_of(plain.encode("utf-8", "replace"), quoted=True) <= Strength.WEAK
                yield Secret(f"value of {name}", inner, weak, instruction)


def _assigned(node: Instruction) -> Iterator[tuple[str, str, Span]]:
    """Names, values as written, and the places of these."""
    if node.keyword == "ENV" and node.args[2:3] != ("=",):
        if len(node.words) > 1:
            yield node.words[0].text, node.words[1].text, node.words[1].span
        return
    for word in node.words:
        name, equals, value = word.text.partition("=")
        if equals:
            past = _index(node.rest, word.span.start) + len(name.encode("utf-8", "replace")) + 1
            yield name, value, Span(node.rest.offset(past), word.span.end)


def _index(text: Text, offset: int) -> int:
    """Where in a text that byte of the file is."""
    piece = bisect_right(text.origins, offset) - 1
    return text.starts[piece] + offset - text.origins[piece]
