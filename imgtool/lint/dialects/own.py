"""imgtool's own: ``# imgtool ignore=CODE[,CODE] reason`` and ``# imgtool global ignore=CODE[,CODE] reason``.

The first kind silences the instruction that follows it, or the one whose continuation it stands in; the
second the whole file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from imgtool.edits import Span
from imgtool.lint.dialects.model import Code, Suppression
from imgtool.regex import regex
from imgtool.syntax.nodes import Comment, Document, Instruction

_FORM = regex(
    rb"#\s*imgtool\s+(global\s+)?ignore\s*=\s*([A-Za-z0-9_-]+(?:\s*,\s*[A-Za-z0-9_-]+)*)", re.IGNORECASE
)
_CODE = regex(rb"[A-Za-z0-9_-]+")
# what its author takes for a suppression; prose has other forms of the word
_MEANT = regex(
    rb"#\s*imgtool[\s:;,_-]*(global[\s:;,_-]*)?ignore(?![A-Za-z])[\s:;=,\[(]*"
    rb"([A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?",
    re.IGNORECASE,
)


def read(document: Document) -> Iterator[Suppression]:
    """The suppressions of this dialect, in file order."""
    for comment in document.comments:
        match = _FORM.match(document.data, comment.span.start, comment.span.end)
        if match:
            found = _CODE.finditer(document.data, *match.span(2))
            codes = tuple(
                Code(text, Span(*word.span()), frozenset({text.lower()}))
                for word in found
                for text in (word[0].decode(),)
            )
            following = next_instruction(document.instructions, comment)
            covers = Span(0, len(document.data)) if match[1] else following.span if following else None
            yield Suppression(comment, codes, covers, whole_line(document, comment.line))


def misread(document: Document) -> Iterator[tuple[Comment, str]]:
    """Comments that are meant as suppressions and are none, each with the form that is one."""
    for comment in document.comments:
        at = comment.span
        meant = _MEANT.match(document.data, at.start, at.end)
        if meant and not _FORM.match(document.data, at.start, at.end):
            codes = b"".join((meant[2] or b"CODE").split()).decode()
            yield comment, f"# imgtool {'global ' if meant[1] else ''}ignore={codes}"


def whole_line(document: Document, line: int) -> Span:
    """A 1-based line with its newline, and without a byte-order mark."""
    starts = document.source.line_starts
    end = starts[line] if line < len(starts) else len(document.data)
    return Span(document.source.line_span(line).start, end)


def next_instruction(instructions: Sequence[Instruction], comment: Comment) -> Instruction | None:
    """The instruction that a comment stands in, or the first one after it."""
    after = bisect_right(instructions, comment.span.start, key=lambda i: i.span.end)
    return instructions[after] if after < len(instructions) else None
