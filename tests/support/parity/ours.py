"""What imgtool's DL rules report, by rule and first line of the instruction."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from imgtool.facts.facts import FactOptions, Facts, Policy
from imgtool.lint import registry
from imgtool.lint.runner import lint
from imgtool.syntax import parse
from imgtool.syntax.nodes import Document
from parity.peer import NO_POLICY, Place

# suppressions are compared elsewhere; the same number of bytes, so places stay
_SUPPRESSION = re.compile(rb"(?im)^(\s*#\s*)(hadolint|imgtool|check)(?=\s*[\w\s]*=)")


@cache
def entries() -> tuple[registry.IndexEntry, ...]:
    """The rules that carry hadolint's codes."""
    return tuple(entry for entry in registry.index() if entry.code.startswith("DL"))


def report(data: bytes, policy: Policy = NO_POLICY) -> frozenset[Place]:
    """The findings of all DL rules, no suppressions."""
    plain = _SUPPRESSION.sub(lambda m: m[1] + b"x" * len(m[2]), data)
    about_comments = [entry for entry in entries() if entry.code == "DL1001"]
    others = [entry for entry in entries() if entry.code != "DL1001"]
    return _report(plain, others, policy) | _report(data, about_comments, policy)


def _report(data: bytes, chosen: list[registry.IndexEntry], policy: Policy) -> frozenset[Place]:
    loaded = [registry.load(entry) for entry in registry.needed(chosen, data)[0]]
    if not loaded:
        return frozenset()
    knowledge = Facts(parse(data), FactOptions(policy=policy))
    result = lint(data, "Dockerfile", loaded, knowledge=knowledge)
    assert not result.failures
    return frozenset(Place(f.code, first_line(knowledge.document, f.span.start)) for f in result.findings)


def first_line(document: Document, offset: int) -> int:
    """The first line of the instruction that holds a byte, or the byte's own outside of any."""
    after = bisect_right(document.instructions, offset, key=lambda i: i.span.start)
    if after and offset <= document.instructions[after - 1].span.end:
        return document.instructions[after - 1].start_line
    return document.source.line_of(offset)
