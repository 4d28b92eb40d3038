"""What is compared: a check by BuildKit's name, and the first line of the instruction that it is about."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import NamedTuple

from imgtool.facts.facts import FactOptions
from imgtool.lint import registry
from imgtool.lint.runner import lint
from imgtool.syntax import parse
from imgtool.syntax.nodes import Document


class Place(NamedTuple):
    """A finding: the check's name and the first line of the instruction."""

    check: str
    line: int


def first_line(document: Document, line: int) -> int:
    """The first line of the instruction that holds a line."""
    at = bisect_right(document.instructions, line, key=lambda i: i.start_line) - 1
    if at >= 0 and line <= document.instructions[at].end_line:
        return document.instructions[at].start_line
    return line


@cache
def rules() -> tuple[registry.Rule, ...]:
    """The BK rules that are on by default."""
    return tuple(
        registry.load(entry)
        for entry in registry.index()
        if entry.code.startswith("BK") and not entry.preview
    )


def ours(data: bytes, dockerfile: Path | None = None, context: Path | None = None) -> frozenset[Place]:
    """What the BK rules report."""
    result = lint(data, "Dockerfile", rules(), FactOptions(dockerfile=dockerfile, context=context))
    assert not result.failures
    document = parse(data)
    return frozenset(
        Place(f.aliases[0], first_line(document, document.source.line_of(f.span.start)))
        for f in result.findings
    )
