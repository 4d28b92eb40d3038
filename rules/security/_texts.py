"""All that is written in a Dockerfile's instructions, continued lines joined, comments left out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from imgtool.rule import Facts, Instruction, NamedTuple, Span, Text, per_file

from .._patterns import compiled

_KEYWORDS = frozenset(("RUN", "ENV", "ARG", "COPY", "ADD", "CMD", "ENTRYPOINT"))


class _Written(NamedTuple):
    """All texts one below the other in lower case, and each as written, with where it begins there."""

    low: bytes
    texts: list[tuple[Instruction, Text]]
    starts: list[int]


# several rules ask for those of one file, one after the other
@per_file
def _written(facts: Facts) -> _Written:
    """All that instructions say, and the lines of their here-documents."""
    texts = list(_texts(facts))
    data = [text.data for _, text in texts]
    starts = [0, *accumulate([len(each) + 1 for each in data])]
    return _Written(b"\n".join(data).lower(), texts, starts)


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
    written = _written(facts)
    sought = []
    for words in needs:
        # what no text holds need not be looked for in each
        there = [word for word in words if word in written.low]
        if not there:
            return
        sought.append(there)
    pattern = compiled(form)
    for number in sorted(set.intersection(*[_holding(written, words) for words in sought])):
        instruction, text = written.texts[number]
        for match in pattern.finditer(text.data):
            line = text.data[text.data.rfind(b"\n", 0, match.start()) + 1 : match.start()]
            if not line.lstrip().startswith((b"#", b";")):
                yield instruction, match, text


def _holding(written: _Written, words: Sequence[bytes]) -> set[int]:
    """The numbers of the texts that hold one of some words."""
    low, _, starts = written
    found = set()
    for word in words:
        at = low.find(word)
        while at >= 0:
            number = bisect_right(starts, at) - 1
            found.add(number)
            at = low.find(word, starts[number + 1])
    return found


def place(text: Text, match: re.Match[bytes], group: int = 0) -> Span:
    """Where a group of a match stands in the file."""
    return text.span(*match.span(group))
