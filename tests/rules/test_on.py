"""A rule that names the instructions that it is called for has nothing to say of any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgtool.facts.facts import Facts
from imgtool.lint.registry import Rule, index, load
from imgtool.syntax import parse
from imgtool.syntax.nodes import Instruction

# they take what they are called for to be one of these, and do not look at its keyword once more
TRUSTING = {
    "BK008": ("MAINTAINER",),
    "BK013": ("ENV", "LABEL"),
    "BK021": ("EXPOSE",),
    "BK022": ("EXPOSE",),
    "DL4000": ("MAINTAINER",),
    "DL3066": ("USER",),
}
RULES = [rule for rule in map(load, index()) if rule.meta.on]
_EXAMPLE = re.compile(r"```dockerfile\n(.*?)```", re.DOTALL)


def examples() -> Iterator[bytes]:
    """The examples of all rules, as they are and as triggers."""
    for entry in index():
        for text in _EXAMPLE.findall(load(entry).page):
            yield text.encode()
            yield re.sub(r"(?m)^(?=[A-Z]+ )(?!FROM|ONBUILD)", "ONBUILD ", text).encode()


def unheard(rules: list[Rule], data: bytes) -> list[tuple[str, str]]:
    """What the rules find in instructions that they are not called for: their codes and the keywords."""
    facts = Facts(parse(data))
    return [
        (rule.meta.code, instruction.keyword)
        for rule in rules
        for instruction in facts.document.instructions
        if instruction.keyword not in rule.meta.on and any(True for _ in rule.check(instruction, facts))
    ]


def test_the_examples_have_all_of_them() -> None:
    keywords: set[str] = set()
    for data in examples():
        nodes: list[Instruction] = [*parse(data).instructions]
        keywords |= {node.keyword for node in nodes}
    assert {keyword for rule in RULES for keyword in rule.meta.on} <= keywords


def test_nothing_is_found_elsewhere() -> None:
    rules = [rule for rule in RULES if rule.meta.code not in TRUSTING]
    assert {place for data in examples() for place in unheard(rules, data)} == set()


@pytest.mark.corpus
def test_nothing_is_found_elsewhere_in_the_corpus(corpus: Path) -> None:
    rules = [rule for rule in RULES if rule.meta.code not in TRUSTING]
    for path in sorted((corpus / "open").iterdir()):
        assert unheard(rules, path.read_bytes()) == [], path.name


def test_those_that_trust_what_they_are_called_for() -> None:
    assert {rule.meta.code: rule.meta.on for rule in RULES if rule.meta.code in TRUSTING} == TRUSTING
