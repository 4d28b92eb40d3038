"""ENV instructions as assignments with places, and the entries of list variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imgtool.rule import Instruction, Span, Stage, variables

# a colon inside ${…} does not part two entries
_ENTRY = re.compile(rb"(?:\$\{[^}]*\}|[^:])+")
_QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name=value`` of an ENV: the value as written, quotes kept, and where it stands."""

    instruction: Instruction
    name: str
    value: str
    span: Span

    def refers_to(self, name: str, escape: str) -> bool:
        """Whether the value takes in a variable."""
        return any(variable.name == name for variable in variables(self.value, escape))


def assignments(stage: Stage, name: str) -> Iterator[Assignment]:
    """The values that a stage's ENV instructions give a variable."""
    for instruction in stage.instructions:
        if instruction.keyword != "ENV" or instruction.problem:
            continue
        for word, (key, value) in zip(_value_spans(instruction), _pairs(instruction), strict=False):
            if key == name:
                yield Assignment(instruction, key, value, word)


def _pairs(instruction: Instruction) -> Iterator[tuple[str, str]]:
    return zip(instruction.args[::3], instruction.args[1::3], strict=True)


def _value_spans(instruction: Instruction) -> Iterator[Span]:
    """Where each value stands: behind its ``=``, or behind the name in the form without one."""
    if instruction.args[2] != "=":
        yield instruction.words[1].span
        return
    for word in instruction.words:
        key = word.text.partition("=")[0]
        yield Span(word.span.start + len(key.encode("utf-8", "surrogateescape")) + 1, word.span.end)


def entries(data: bytes, span: Span) -> Iterator[tuple[str, Span]]:
    """The entries of a list variable's value with their places, quotes and blanks around them left out."""
    for found in _ENTRY.finditer(data, span.start, span.end):
        text = found[0].decode("utf-8", "surrogateescape")
        inner = text.strip(_QUOTES + " \t\r\n\\")
        if inner:
            start = found.start() + len(text[: text.index(inner)].encode("utf-8", "surrogateescape"))
            yield inner, Span(start, start + len(inner.encode("utf-8", "surrogateescape")))
