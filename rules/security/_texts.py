"""All that is written in a Dockerfile's instructions, continued lines joined, comments left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import Document, Instruction, Span, Text

from .._patterns import compiled

_KEYWORDS = frozenset(("RUN", "ENV", "ARG", "COPY", "ADD", "CMD", "ENTRYPOINT"))


def texts(document: Document) -> Iterator[tuple[Instruction, Text]]:
    """Instructions with what they say and with the lines of their here-documents."""
    for instruction in document.instructions:
        if (instruction.inner or instruction).keyword in _KEYWORDS:
            yield instruction, instruction.rest
            for heredoc in instruction.heredocs:
                yield instruction, Text(heredoc.content, (0,), (heredoc.body.start,))


def matches(
    document: Document, form: bytes, needs: tuple[bytes, ...] = (b"",)
) -> Iterator[tuple[Instruction, re.Match[bytes], Text]]:
    """What a pattern finds in them, lines of files that are commented out left aside.

    A match holds one of ``needs``, which are in lower case.
    """
    for instruction, text in texts(document):
        low = text.data.lower()
        if not any(need in low for need in needs):
            continue
        for match in compiled(form).finditer(text.data):
            line = text.data[text.data.rfind(b"\n", 0, match.start()) + 1 : match.start()]
            if not line.lstrip().startswith((b"#", b";")):
                yield instruction, match, text


def place(text: Text, match: re.Match[bytes], group: int = 0) -> Span:
    """Where a group of a match stands in the file."""
    return text.span(*match.span(group))
