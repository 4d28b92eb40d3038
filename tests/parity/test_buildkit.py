"""The BK rules agree with the engine's build checks, but for the differences of the table, which are as it says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from bkparity import measure, record
from bkparity.classes import CLASSES, Difference
from bkparity.engine import Said, without_syntax
from bkparity.places import Place, ours
from bkparity.table import Divergence, Snippet, divergences, snippets

from imgtool.facts.facts import Facts
from imgtool.lint import registry
from imgtool.syntax import parse

AGREE = 0.99
# files of the corpus that the engine is asked about again; bkparity.record asks about all
SAMPLE = 60
SEED = 20261121
EVERY = [*snippets(), *(row.snippet for row in divergences())]


def title(row: Divergence | Snippet) -> str:
    return row.check if isinstance(row, Snippet) else f"{row.snippet.check}-{row.kind}"


def context_of(snippet: Snippet, folder: Path) -> Path:
    if snippet.ignore is not None:
        (folder / ".dockerignore").write_text(snippet.ignore)
    return folder


def lines(places: frozenset[Place], check: str) -> list[int]:
    return sorted(place.line for place in places if place.check == check)


def imgtool_lines(snippet: Snippet, folder: Path) -> list[int]:
    context = context_of(snippet, folder)
    return lines(ours(snippet.dockerfile.encode(), context / "Dockerfile", context), snippet.check)


@pytest.mark.parametrize("snippet", snippets(), ids=title)
def test_imgtool_reports(snippet: Snippet, tmp_path: Path) -> None:
    assert imgtool_lines(snippet, tmp_path) == list(snippet.imgtool), snippet.dockerfile


@pytest.mark.parametrize("row", divergences(), ids=title)
def test_imgtool_says_what_the_table_says(row: Divergence, tmp_path: Path) -> None:
    assert imgtool_lines(row.snippet, tmp_path) == list(row.snippet.imgtool), row.snippet.dockerfile
    assert row.snippet.buildkit != row.snippet.imgtool
    assert row.who in ("imgtool", "BuildKit")
    assert row.why


@pytest.mark.parametrize("row", divergences(), ids=title)
def test_a_class_explains_its_examples(row: Divergence) -> None:
    document = parse(row.snippet.dockerfile.encode())
    error = "an error" if row.kind == "stopped" else None
    for line in set(row.snippet.imgtool) ^ set(row.snippet.buildkit):
        place, mine = Place(row.snippet.check, line), line in row.snippet.imgtool
        difference = Difference(place, mine, Facts(document), Said(frozenset(), error))
        assert CLASSES[row.kind](difference), row.snippet.dockerfile


def test_every_class_has_an_example() -> None:
    assert {row.kind for row in divergences()} == set(CLASSES)


def test_every_check_has_snippets() -> None:
    checks = [entry.aliases[0] for entry in registry.index() if entry.code.startswith("BK")]
    offline = {"InvalidBaseImagePlatform"}
    counts = {c: sum(s.check == c for s in snippets()) for c in checks if c not in offline}
    assert {check: count for check, count in counts.items() if count < 4} == {}


def test_syntax_is_taken_out_and_lines_stay() -> None:
    text = b"# syntax=docker/dockerfile:1\n# escape=`\nFROM a\n# syntax=x\n"
    assert without_syntax(text) == b"# escape=`\n# syntax\nFROM a\n# syntax=x\n"


# --- the engine --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """What it says of every snippet, by :func:`key`."""
    found = {key(snippet): snippet for snippet in EVERY}
    contexts = [context_of(s, tmp_path_factory.mktemp("context")) for s in found.values()]
    files = [snippet.dockerfile.encode() for snippet in found.values()]
    return dict(zip(found, record.ask(files, contexts), strict=True))


def key(snippet: Snippet) -> str:
    return f"{snippet.dockerfile}\n{snippet.ignore}"


@pytest.mark.engine
@pytest.mark.parametrize("snippet", EVERY, ids=title)
def test_buildkit_reports(snippet: Snippet, said: dict[str, Said]) -> None:
    found = said[key(snippet)]
    assert lines(found.places, snippet.check) == list(snippet.buildkit), (snippet.dockerfile, found)


# --- real files --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(corpus: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted((corpus / "open").iterdir())]


@pytest.mark.corpus
def test_they_agree_on_real_files(real: list[tuple[str, bytes]]) -> None:
    said = record.read()
    files = [(name, data, said[record.key(data)]) for name, data in real if record.key(data) in said]
    assert len(files) > 0.98 * len(real)
    found = measure.compare(files)
    assert min(found.settled()) >= AGREE, f"{found.table()}\n{found.left}"


@pytest.mark.corpus
@pytest.mark.engine
def test_the_engine_says_what_is_recorded(real: list[tuple[str, bytes]]) -> None:
    said = record.read()
    known = [data for _, data in real if record.key(data) in said]
    sample = random.Random(SEED).sample(known, SAMPLE)
    for data, now in zip(sample, record.ask(sample), strict=True):
        then = said[record.key(data)]
        assert (now.places, bool(now.error)) == (then.places, bool(then.error)), record.key(data)
