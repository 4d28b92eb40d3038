"""ENV instructions as assignments with places, and the entries of list variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import Instruction, Span, Stage, dataclass, variables

# a colon inside ${…} does not part two entries, and ${NAME:+$NAME:} is one whatever follows
_ENTRY = r"\$\{%s:[^}]*\}|(?:(?!\$\{%s:)(?:\$\{[^}]*\}|[^:]))+"
QUOTES = "\"' \t"
# characters; nobody writes a longer list, and the pattern is quadratic
MAX_VALUE = 4096


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name=value`` of an ENV: the value as written, quotes kept, and where it stands."""

    instruction: Instruction
    name: str
    value: str
    span: Span

    def refers_to(self, name: str, escape: str) -> bool:
        """Whether the value takes in a variable."""
        return name in self.value and any(variable.name == name for variable in variables(self.value, escape))


def assignments(stage: Stage, *names: str) -> Iterator[Assignment]:
    """The values that a stage's ENV instructions give some variables."""
    wanted = frozenset(names)
    for instruction in stage.instructions:
        if instruction.keyword != "ENV" or instruction.problem or wanted.isdisjoint(instruction.args):
            continue
        for word, (key, value) in zip(_value_spans(instruction), _pairs(instruction), strict=False):
            if key in wanted:
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


def entries(assignment: Assignment, data: bytes) -> Iterator[tuple[str, Span]]:
    """The entries of a list variable's value, quotes left out, with their places.

    The place is the whole value's where an entry goes on in another line.
    """
    at = assignment.span.start
    for entry in re.findall(_ENTRY.replace("%s", re.escape(assignment.name)), assignment.value[:MAX_VALUE]):
        text = entry.strip(QUOTES)
        written = text.encode("utf-8", "surrogateescape")
        found = data.find(written, at, assignment.span.end)
        if text and found >= 0:
            at = found + len(written)
            yield text, Span(found, at)
        elif text:
            yield text, assignment.span
