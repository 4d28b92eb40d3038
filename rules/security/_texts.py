"""All that is written in a Dockerfile's instructions, continued lines joined, comments left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Instruction,
    NamedTuple,
    Span,
    Text,
    per_file,
)

from .._patterns import compiled

_KEYWORDS = frozenset(("RUN", "ENV", "ARG", "COPY", "ADD", "CMD", "ENTRYPOINT"))


class _Written(NamedTuple):
    """One text, as written and in lower case."""

    instruction: Instruction
    text: Text
    low: bytes


# several rules ask for those of one file, one after the other
@per_file
def _everything(facts: Facts) -> bytes:
    """All that instructions say, and the lines of their here-documents, in lower case."""
    return b"\n".join([text.data for _, text in _texts(facts)]).lower()


@per_file
def _written(facts: Facts) -> tuple[_Written, ...]:
    """The same, one by one, with where it stands."""
    return tuple([_Written(instruction, text, text.data.lower()) for instruction, text in _texts(facts)])


def _texts(facts: Facts) -> Iterator[tuple[Instruction, Text]]:
    for instruction in facts.document.instructions:
        if (instruction.inner or instruction).keyword in _KEYWORDS:
            yield instruction, instruction.rest
            for heredoc in instruction.heredocs:
                yield instruction, Text(heredoc.content, (0,), (heredoc.body.start,))


def matches(
    facts: Facts, form: bytes, *needs: tuple[bytes, ...]
) -> Iterator[tuple[Instruction, re.Match[bytes], Text]]:
    """What a pattern finds in them, lines of files that are commented out left aside.

    A match holds one of each of ``needs``, which are in lower case: looking for these is faster by far.
    """
    everything = _everything(facts)
    sought = []
    for words in needs:
        # what no text holds need not be looked for in each
        there = [word for word in words if word in everything]
        if not there:
            return
        sought.append(there)
    pattern = compiled(form)
    for instruction, text, low in _written(facts):
        for match in pattern.finditer(text.data) if _holds(low, sought) else ():
            line = text.data[text.data.rfind(b"\n", 0, match.start()) + 1 : match.start()]
            if not line.lstrip().startswith((b"#", b";")):
                yield instruction, match, text


def _holds(low: bytes, sought: list[list[bytes]]) -> bool:
    for words in sought:
        for word in words:
            if word in low:
                break
        else:
            return False
    return True


def place(text: Text, match: re.Match[bytes], group: int = 0) -> Span:
    """Where a group of a match stands in the file."""
    return text.span(*match.span(group))
