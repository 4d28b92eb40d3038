"""Parsing never raises, loses no byte, puts everything where it is, and ends soon, whatever the input."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.edits import Span
from imgtool.report import tree
from imgtool.report.style import Style
from imgtool.syntax import parse
from imgtool.syntax.conversion import refusal
from imgtool.syntax.nodes import Document, Instruction
from imgtool.syntax.validate import FLAGS, KEYWORDS

# a random file is never a Dockerfile; one of these pieces often is
PIECES = st.sampled_from(
    [
        *(f"{keyword} " for keyword in KEYWORDS),
        *(f"--{flag}=" for flags in FLAGS.values() for flag in flags),
        "\n", "\n", "\n", "\r\n", " \\\n", "\\\n", "`\n", "\n\n", "\t", " ", "  ", "\v", "\u3000", "\ufeff", "\x00",
        "# syntax=docker/dockerfile:1\n", "# escape=`\n", "# check=skip=all\n", "#", "# a\n", "  # b\n",
        "<<EOF", "<<-EOF", "<<'E'", "3<<A <<B", "EOF\n", "\nEOF\n", "E\n", "\tEOF\n", "A\n", "B\n",
        '["a", "b"]', '["a"', "[1]", "[]", '"', "'", "\\", "`", "=", ",", "a=b", "a", "b=$a", "${a:-b}", "${a", "$",
        "scratch", "debian", " AS a", "0", "1", "--from=a", "--mount=type=cache,target=/x", "x y", "/x", "80/tcp", "é",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join)


def check(data: bytes) -> Document:
    """Parse, and hold the tree to its promises."""
    document = parse(data)
    assert document.data == data
    assert (refusal(document) is None) == (not document.problems)
    last = 0
    for instruction in document.instructions:
        assert last <= instruction.span.start <= instruction.span.end <= len(data)
        # an escape alone on a line begins the instruction, as BuildKit counts
        assert instruction.start_line <= document.source.line_of(instruction.span.start)
        assert instruction.start_line <= instruction.end_line <= len(document.source.line_starts)
        last = instruction.span.end
        for span in spans(instruction):
            assert instruction.span.holds(span), (instruction, span)
    for problem in document.problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(data)
        assert 1 <= problem.line <= len(document.source.line_starts)
        assert problem.message
    for comment in document.comments:
        assert data[comment.span.start : comment.span.start + 1] == b"#"
    return document


def spans(instruction: Instruction) -> Iterator[Span]:
    yield instruction.word.span
    yield from (flag.span for flag in instruction.flags)
    yield from (word.span for word in instruction.words)
    for heredoc in instruction.heredocs:
        yield from (heredoc.marker, heredoc.body, heredoc.terminator)
    if instruction.inner:
        yield from spans(instruction.inner)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    check(text.encode())


@given(TEXTS)
@example("# escape=`\nFROM scratch\nRUN a `\n  b\n")
@example("FROM scratch\nCOPY <<A <<B /x\na\nA\nb\nB\n")
@example("FROM scratch\nONBUILD RUN <<E\nx\nE\n")
@example(" \\\n \\\n")
@example("FROM a\n \\\n \\\n")
def test_what_looks_like_a_dockerfile(text: str) -> None:
    check(text.encode())


@given(TEXTS)
def test_reports_of_any_file(text: str) -> None:
    document = parse(text.encode())
    assert json.loads(tree.as_jsonl("-", document))["nodes"] is not None
    shown = tree.text("-", document, Style())
    assert all(char.isprintable() or char == "\n" for char in shown)


@given(TEXTS, TEXTS)
def test_what_stands_below_changes_nothing_above(text: str, below: str) -> None:
    above = parse(f"FROM scratch\n{text}\nFROM scratch\n".encode())
    if above.problems:
        return
    whole = parse(above.data + below.encode())
    assert whole.escape == above.escape
    assert [i.args for i in whole.instructions[: len(above.instructions)]] == [
        i.args for i in above.instructions
    ]


@given(TEXTS)
def test_line_ends_are_not_read(text: str) -> None:
    if "\r" in text:
        return
    unix = parse(text.encode())
    windows = parse(text.replace("\n", "\r\n").encode())
    assert [_read(i) for i in unix.instructions] == [_read(i) for i in windows.instructions]
    assert [(p.line, p.message) for p in unix.problems if "heredoc" in p.message] == [
        (p.line, p.message) for p in windows.problems if "heredoc" in p.message
    ]


def _read(instruction: Instruction) -> tuple[Any, ...]:
    return (
        instruction.keyword,
        instruction.start_line,
        instruction.end_line,
        [flag.raw for flag in instruction.flags],
        instruction.args,
        [heredoc.name for heredoc in instruction.heredocs],
    )


@pytest.mark.corpus
def test_mutated_files_of_the_corpus(corpus: Path) -> None:
    chance = random.Random(20261)
    files = sorted((corpus / "open").iterdir())
    for path in chance.sample(files, 150):
        data = path.read_bytes()[:4000]
        for mutate in MUTATIONS:
            check(mutate(data, chance))


def _cut(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:start] + data[end:]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(min(8, len(changed))):
        changed[chance.randrange(len(changed))] = chance.choice(b"\\\"'<$\n\r\t #[]{}=\xff\x00")
    return bytes(changed)


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    piece = chance.choice(
        [b"<<EOF ", b"\\\n", b'"', b"${", b"\xef\xbb\xbf", b"\n\n", b"FROM a\n", b"ONBUILD "]
    )
    return data[:at] + piece + data[at:]


def _shuffle(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_cut, _flip, _insert, _shuffle)

N = 20_000
HOSTILE = {
    "continuations": b"RUN a" + b" \\\n" * N,
    "comments-in-a-continuation": b"RUN a \\\n" + b"# x\n" * N,
    "blank-lines": b"FROM scratch\nRUN a \\\n" + b"\n" * N,
    "many-instructions": b"FROM scratch\n" + b"ENV a=$a$a\n" * 2000,
    "doubling": b"FROM scratch\nENV a=xx\n" + b"ENV a=$a$a$a$a\n" * 200,
    "many-stages": b"".join(b"FROM scratch AS a%d\nCOPY --from=%d a b\n" % (i, max(i - 1, 0)) for i in range(2000)),
    "chain-of-stages": b"FROM scratch AS a0\n" + b"".join(b"FROM a%d AS a%d\n" % (i, i + 1) for i in range(3000)),
    "long-circle": b"".join(b"FROM scratch AS a%d\nCOPY --from=a%d a b\n" % (i, (i + 1) % 2000) for i in range(2000)),
    "triggers": b"FROM scratch AS a\n" + b"ONBUILD RUN x\n" * 1000 + b"FROM a\nCOPY --from=0 a b\n" * 1000,
    "mounts": b"FROM scratch\nRUN " + b"--mount=type=bind,target=/x " * 2000 + b"x\n",
    "dollars": b"FROM scratch\nENV a=" + b"$" * N,
    "open-braces": b"FROM scratch\nENV a=" + b"${a:-" * N,
    "patterns": b"FROM scratch\nENV a=" + b"a" * 5000 + b"\n" + b"ENV b=${a##" + b"*a" * 2000 + b"b}\n",
    "open-quotes": b"FROM scratch\nENV a=" + b"\"'" * N,
    "escapes": b"FROM scratch\nENV a=" + b"\\" * N,
    "json-brackets": b"RUN " + b"[" * N,
    "json-quotes": b"RUN [" + b'"a\\",' * N,
    "heredoc-marks": b"RUN " + b"<<A " * 5000 + b"\n" + b"A\n" * 5000,
    "open-heredocs": b"RUN <<A\n" * 2000,
    "blanks-in-a-mark": b"RUN <<" + b" " * N + b"a<b",
    "spaces": b"FROM" + b" " * N + b"scratch" + b" " * N,
    "unicode-spaces": b"RUN " + "\u3000".encode() * N + b"x",
    "list-words": b"FROM scratch\nCOPY " + b"a " * N,
    "ports": b"FROM scratch\nEXPOSE " + b"1:" * N,
    "image-name": b"FROM " + b"a-" * N,
    "domain-name": b"FROM " + b"a." * N + b"/b",
    "mode": b"FROM scratch\nCOPY --chmod=" + b"u+r," * N + b" a b",
    "digits": b"FROM scratch\nCOPY --from=" + b"9" * N + b" a b\nHEALTHCHECK --retries=" + b"9" * N + b" CMD x",
    "duration": b"HEALTHCHECK --interval=" + b"1h" * N + b" CMD x",
    "csv": b'FROM scratch\nRUN --mount=\'"' + b'""' * N + b"' x",
    "directives": b"# syntax=a\n" * N,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon(name: str) -> None:
    started = time.process_time()
    check(HOSTILE[name])
    assert time.process_time() - started < 3
