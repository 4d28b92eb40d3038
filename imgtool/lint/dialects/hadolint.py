"""hadolint's: ``# hadolint ignore=DL3008,SC2086 # why``, with ``global`` for the file and ``stage`` for the next stage.

What hadolint takes, and more: it knows the first form on the line right above an instruction alone, drops a comment in
which any code is misspelt, and lets ``stage`` leave out the FROM itself. Here comments and blank lines may stand between,
each code counts by itself, and the stage begins with its FROM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.edits import Span
from imgtool.lint.dialects.model import Code, Suppression
from imgtool.lint.dialects.own import next_instruction, whole_line
from imgtool.regex import regex
from imgtool.syntax.nodes import Comment, Document

_FORM = regex(
    rb"#\s*hadolint\s+((?:global|stage)\s+)?ignore\s*=\s*([A-Za-z]+[0-9]+(?:\s*,\s*[A-Za-z]+[0-9]+)*)",
    re.IGNORECASE,
)
_CODE = regex(rb"[A-Za-z]+[0-9]+")


def read(document: Document) -> Iterator[Suppression]:
    """The suppressions of this dialect, in file order."""
    if b"hadolint" not in document.data.lower():
        return
    for comment in document.comments:
        match = _FORM.match(document.data, *comment.span)
        if match:
            found = (
                (word[0].decode(), Span(*word.span()))
                for word in _CODE.finditer(document.data, *match.span(2))
            )
            codes = tuple(Code(text, span, frozenset({text.lower()})) for text, span in found)
            covers = _covered(document, comment, (match[1] or b"").strip().lower())
            yield Suppression(comment, codes, covers, whole_line(document, comment.line), "hadolint")


def _covered(document: Document, comment: Comment, scope: bytes) -> Span | None:
    if scope == b"global":
        return Span(0, len(document.data))
    following = next_instruction(document.instructions, comment)
    if following is None:
        return None
    if scope != b"stage":
        return following.span
    after = (i for i in document.instructions if i.span.start > following.span.start and i.keyword == "FROM")
    # what ends where the next stage begins would be of both
    end = next((i.span.start - 1 for i in after), len(document.data))
    return Span(following.span.start, end)
