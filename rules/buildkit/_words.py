"""The words of an instruction that the builder expands, and where a variable stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from imgtool.rule import Document, Instruction, Span

_FLAGS = {"ADD": ("chown", "chmod", "checksum"), "COPY": ("chown", "chmod"), "RUN": ("mount",)}
# bytes; a longer one is not underlined whole
_MAX_MODIFIER = 1000
_PAIRS = ("ENV", "LABEL")
_WORDS = (*_PAIRS, "ADD", "COPY", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")


Expanded: TypeAlias = tuple[str, Span, bool]
"""A text that the builder expands, its place, and whether it is the body of a here-document, where quotes are text."""


def expanded(instruction: Instruction) -> Iterator[Expanded]:
    """What the builder expands of an instruction before it runs it; of ARG each default, of EXPOSE nothing.

    Sources: ``SupportsSingleWordExpansion`` in moby/buildkit's ``instructions`` package.
    """
    names = _FLAGS.get(instruction.keyword, ())
    for flag in instruction.flags:
        if flag.name in names and flag.value:
            yield flag.value, flag.span, False
    if instruction.keyword in _WORDS:
        marks = {heredoc.marker for heredoc in instruction.heredocs}
        yield from ((w.text, w.span, False) for w in instruction.words if w.span not in marks)
    for heredoc in instruction.heredocs if instruction.keyword in ("ADD", "COPY") else ():
        if heredoc.expand:
            yield heredoc.content.decode("utf-8", "replace"), heredoc.body, True


def pairs(instruction: Instruction) -> Iterator[tuple[str, Span, Span]]:
    """Each name that an ENV, LABEL or ARG sets, as written: the name, its place, and that of the name with its value."""
    legacy = _is_legacy(instruction)
    for word in instruction.words[:1] if legacy else instruction.words:
        name = word.text.partition("=")[0]
        end = word.span.start + len(name.encode("utf-8", "surrogateescape"))
        whole = Span(word.span.start, instruction.words[-1].span.end) if legacy else word.span
        yield name, Span(word.span.start, min(end, word.span.end)), whole


def names(instruction: Instruction) -> list[str]:
    """The names alone."""
    words = instruction.words[:1] if _is_legacy(instruction) else instruction.words
    return [word.text.partition("=")[0] for word in words]


def _is_legacy(instruction: Instruction) -> bool:
    return instruction.args[2:3] == ("",) and instruction.keyword in _PAIRS


def variable_spans(document: Document, within: Span) -> dict[str, Span]:
    """Where each variable first stands in a part of the file; one that is written in two lines is not found."""
    escape = document.escape.encode()
    found: dict[str, Span] = {}
    for match in re.finditer(rb"\$(\{?)([A-Za-z_][A-Za-z0-9_]*)", document.data[within.start : within.end]):
        start, end = match.start() + within.start, match.end() + within.start
        name = match[2].decode()
        if name not in found and document.data[start - 1 : start] != escape:
            # of ${NAME:-word} the whole, as far as it goes
            closing = document.data.find(b"}", end, min(within.end, end + _MAX_MODIFIER)) if match[1] else -1
            found[name] = Span(start, closing + 1 if closing >= 0 else end)
    return found
