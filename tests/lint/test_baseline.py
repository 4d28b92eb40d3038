"""A baseline knows its findings wherever they move to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from results import at, result

from imgtool.findings import Finding, Severity
from imgtool.lint.baseline import Baseline, BaselineError, Entry, Seen, dump, gone, load, sift, updated
from imgtool.lint.registry import load as rule
from imgtool.lint.registry import select
from imgtool.lint.runner import LintResult, lint
from imgtool.syntax import parse

DATA = b"FROM a\nRUN x\n"
HERE = Path("known.json")


def entry(name: str, file: str = "Dockerfile", code: str = "X1") -> Entry:
    return Entry(file, code, name, name)


def baseline(*entries: Entry, path: Path = HERE) -> Baseline:
    return Baseline(path, {one.fingerprint: one for one in entries})


def known(found: LintResult) -> Baseline:
    return baseline(*sift(found, Baseline(HERE))[1])


# --- what it hides ---
def test_it_hides_what_it_lists() -> None:
    two = result(DATA, at(DATA, b"FROM"), at(DATA, b"x"))
    first, second = sift(two, Baseline(HERE))[1]
    left, entries = sift(two, baseline(second))
    assert (left.findings, entries) == (two.findings[:1], (first, second))
    assert second == Entry("Dockerfile", "X1", "RUN x", second.fingerprint)


def test_a_finding_more_of_the_same_is_new() -> None:
    one, two = b"FROM a\nRUN x\n", b"FROM a\nRUN x\nRUN x\n"
    before = known(result(one, at(one, b"x")))
    again = Finding("X1", "x", Severity.INFO, at(two, b"\nRUN x\nR").span, "m")
    assert len(sift(result(two, at(two, b"x"), again), before)[0].findings) == 1


PIECES = [
    "FROM a AS b",
    "RUN x \\\n  && y",
    "COPY a b",
    "RUN <<E\nx\nE",
    "RUN x",
    "CMD z",
    "FROM b",
    "RUN \\\n x",
]
NOISE = st.sampled_from(["", "# comment", "ENV new=1", "LABEL new=1", "   ", "#", "WORKDIR /new"])


def each(data: bytes) -> LintResult:
    """A finding on every instruction but those that are put in between."""
    found = [
        Finding("X1", "x", Severity.INFO, node.span, "m")
        for node in parse(data).instructions
        if b"new" not in data[node.span.start : node.span.end]
    ]
    return result(data, *found)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.data())
def test_lines_in_between_keep_it_valid(pieces: list[str], draw: st.DataObject) -> None:
    before = each("".join(f"{piece}\n" for piece in ["FROM start", *pieces]).encode())
    after = "FROM start\n"
    for piece in pieces:
        after += "".join(f"{line}\n" for line in draw.draw(st.lists(NOISE, max_size=3)))
        after += piece.replace("\\\n", "\\\n # inside\n\n") + "\n"
    moved = each(after.encode())
    assert len(moved.findings) == len(before.findings)
    assert sift(moved, known(before))[0].findings == ()
    assert gone(known(before), [Seen("Dockerfile", sift(moved, known(before))[1])]) == frozenset()


REAL = """\
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 AS build
RUN apt-get update && apt-get install -y curl
ENV A=b
RUN pip install torch
RUN nvidia-smi
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04
ADD . /src
RUN chown -R 1000 /src
"""


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["\n", "# comment\n"]), max_size=3), st.integers(0, REAL.count("\n")))
def test_what_real_rules_find_stays_known(lines: list[str], at_line: int) -> None:
    rules = [rule(one) for one in select() if one.code in ("IMG101", "IMG104", "IMG105", "IMG203", "IMG204")]
    before = lint(REAL.encode(), "Dockerfile", rules)
    text = REAL.splitlines(keepends=True)
    after = lint("".join([*text[:at_line], *lines, *text[at_line:]]).encode(), "Dockerfile", rules)
    assert len(after.findings) == len(before.findings) > 2
    assert sift(after, known(before))[0].findings == ()


# --- what is gone ---
def test_gone_is_what_was_looked_for_and_not_found(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    old = baseline(
        entry("found"),
        entry("fixed"),
        entry("not-run", code="X2"),
        entry("not-linted", file="there"),
        entry("deleted", file="nowhere"),
        path=tmp_path / "known.json",
    )
    seen = [Seen("Dockerfile", (entry("found"), entry("new")), frozenset({"X1"}))]
    assert {one.text for one in gone(old, seen)} == {"fixed", "deleted"}
    assert {one.text for one in updated(old, seen)} == {"found", "new", "not-run", "not-linted"}
    failed = [Seen("Dockerfile", (entry("found"),), failed=frozenset({"X2"}))]
    assert {one.text for one in gone(old, failed)} == {"fixed", "deleted"}
    shell = baseline(entry("shell", code="SC2086"))
    assert [len(gone(shell, [Seen("Dockerfile", (), shell=ran)])) for ran in (True, False)] == [1, 0]
    everything = [Seen("Dockerfile", (entry("found"), entry("new")))]
    assert {one.text for one in gone(old, everything)} == {"fixed", "deleted", "not-run"}


def test_an_update_writes_file_and_text_as_they_are_now() -> None:
    old = baseline(Entry("Dockerfile", "X1", "run  x", "same"))
    now = Entry("Dockerfile", "X1", "RUN x", "same")
    assert updated(old, [Seen("Dockerfile", (now,))]) == {now}


# --- the file ---
NAMES = st.text(st.characters(exclude_categories=[]), max_size=9)
ENTRIES = st.lists(st.builds(Entry, NAMES, NAMES, NAMES, NAMES), unique_by=lambda one: one.fingerprint)


@settings(deadline=None)
@given(ENTRIES, st.randoms())
def test_written_and_read_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], random: Random
) -> None:
    path = tmp_path_factory.getbasetemp() / "known.json"
    data = dump(entries)
    path.write_bytes(data)
    assert set(load(path).entries.values()) == set(entries)
    random.shuffle(entries)
    assert dump(entries) == data


def test_a_line_a_finding() -> None:
    assert dump([]) == b'{\n  "version": 1,\n  "findings": []\n}\n'
    lines = dump([entry("b"), entry("a")]).decode().splitlines()
    assert [json.loads(line.strip().rstrip(","))["text"] for line in lines[3:-2]] == ["a", "b"]


ROW = '{"file": "a", "code": "b", "text": "c", "fingerprint": "d"}'

# --- (content, why it is refused) ---
REFUSED = [
    ("", "is no baseline: Expecting value"),
    ("[]", "is no baseline: it has no list of findings"),
    ('{"version": 1}', "is no baseline: it has no list of findings"),
    ('{"version": 2, "findings": []}', "is no baseline: its version is 2, not 1"),
    ('{"version": 1, "findings": ["x"]}', "is no baseline: finding 1 lacks one of"),
    (f'{{"version": 1, "findings": [{ROW}, {{}}]}}', "is no baseline: finding 2 lacks one of"),
    ('{"version": 1, "findings": [' + ROW.replace('"d"', "4") + "]}", "is no baseline: finding 1 lacks"),
    ("[" * 200_000, "is no baseline: it is nested too deeply"),
    ("\udcff", "is no baseline: 'utf-8' codec"),
]


@pytest.mark.parametrize("text, reason", REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BaselineError, match=reason) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="nowhere: cannot be read: No such file or directory"):
        load(tmp_path / "nowhere")
    with pytest.raises(BaselineError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BaselineError, match="not a regular file"):
        load(tmp_path / "pipe")
