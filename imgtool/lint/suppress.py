"""Suppression comments: ``# imgtool ignore=CODE[,CODE] reason`` and ``# imgtool global ignore=CODE[,CODE] reason``.

The first kind silences the instruction that follows it, or the one whose continuation it stands in; the
second the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imgtool.edits import Span
from imgtool.findings import Finding
from imgtool.syntax.nodes import Comment, Document, Instruction

_FORM = re.compile(
    r"imgtool\s+(global\s+)?ignore\s*=\s*([A-Za-z0-9_-]+(?:\s*,\s*[A-Za-z0-9_-]+)*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a suppression as written, and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Suppression:
    """A suppression comment. ``covers`` is the part of the file it silences; empty where nothing follows it."""

    comment: Comment
    codes: tuple[Code, ...]
    covers: Span | None

    def silences(self, code: Code, finding: Finding) -> bool:
        """Whether one of its codes covers a finding: by code, name or any alias, whatever the case."""
        names = {finding.code.lower(), finding.name, *(a.lower() for a in finding.aliases)}
        return (
            self.covers is not None
            and self.covers.start <= finding.span.start <= self.covers.end
            and code.text.lower() in names
        )


def suppressions(document: Document) -> tuple[Suppression, ...]:
    """All suppression comments in file order."""
    found = []
    for comment in document.comments:
        match = _FORM.match(comment.text)
        if match:
            codes = tuple(_codes(document, comment, match[2]))
            covers = Span(0, len(document.data)) if match[1] else _next(document.instructions, comment)
            found.append(Suppression(comment, codes, covers))
    return tuple(found)


def _codes(document: Document, comment: Comment, listed: str) -> Iterable[Code]:
    # the codes are ASCII, so places in the bytes are found there
    raw = document.data[comment.span.start : comment.span.end]
    at = raw.find(listed.encode())
    for word in re.finditer(r"[A-Za-z0-9_-]+", listed):
        start = comment.span.start + at + word.start()
        yield Code(word[0], Span(start, start + len(word[0])))


def _next(instructions: Sequence[Instruction], comment: Comment) -> Span | None:
    for instruction in instructions:
        if instruction.span.end > comment.span.start:
            return instruction.span
    return None


def sift(
    findings: Iterable[Finding], comments: Sequence[Suppression]
) -> tuple[list[Finding], set[Code]]:
    """The findings that no comment silences, and the codes of comments that silenced one."""
    kept: list[Finding] = []
    used: set[Code] = set()
    for finding in findings:
        hits = [c for s in comments for c in s.codes if s.silences(c, finding)]
        used.update(hits)
        if not hits:
            kept.append(finding)
    return kept, used
