"""The words of an instruction that the builder expands, and where a variable stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from imgtool.rule import Document, Instruction, Span

_FLAGS = {"ADD": ("chown", "chmod", "checksum"), "COPY": ("chown", "chmod"), "RUN": ("mount",)}
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
    legacy = instruction.keyword in _PAIRS and instruction.args[2:3] == ("",)
    for word in instruction.words[:1] if legacy else instruction.words:
        name = word.text.partition("=")[0]
        end = word.span.start + len(name.encode("utf-8", "surrogateescape"))
        whole = Span(word.span.start, instruction.words[-1].span.end) if legacy else word.span
        yield name, Span(word.span.start, min(end, word.span.end)), whole


def variable_span(document: Document, within: Span, name: str) -> Span:
    """Where a variable first stands in a part of the file; that part where it is written in two lines."""
    written = re.escape(name.encode("utf-8", "surrogateescape"))
    form = rb"(?<!%s)\$(?:%s(?![A-Za-z0-9_])|\{%s(?:\}|[^A-Za-z0-9_}][^}]*\}?))"
    found = re.compile(form % (re.escape(document.escape.encode()), written, written)).search(
        document.data, within.start, within.end
    )
    return Span(*found.span()) if found else within
