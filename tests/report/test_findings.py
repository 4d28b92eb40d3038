"""Findings as people and programs see them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import at, result

from imgtool.edits import Span
from imgtool.findings import Applicability, Finding, Fix, Severity
from imgtool.report.findings import MAX_EXCERPT, text
from imgtool.report.style import Style
from imgtool.syntax.source import BOM, Source

PLAIN = Style()


def shown(data: bytes, marked: bytes) -> list[str]:
    return text([result(data, at(data, marked))], PLAIN).splitlines()


def test_whole_block() -> None:
    data = b"FROM a\nRUN apt-get install g++\n"
    fix = Fix("Clean up", (), Applicability.SAFE)
    finding = Finding("X1", "x", Severity.ERROR, Span(11, 26), "too big", (), fix, 428_000_000)
    assert text([result(data, finding, path="docker/Dockerfile")], PLAIN) == (
        "docker/Dockerfile:2:5: X1 error: too big\n"
        "    2 | RUN apt-get install g++\n"
        "            ^^^^^^^^^^^^^^^\n"
        "  = saves about 428.0 MB unpacked\n"
        "  = fix: Clean up (--fix)\n"
    )


@pytest.mark.parametrize(
    "applicability, note",
    [
        (Applicability.SAFE, "  = fix: Do it (--fix)"),
        (Applicability.UNSAFE, "  = unsafe fix: Do it (--fix --unsafe-fixes)"),
        (Applicability.DISPLAY, "  = suggestion: Do it"),
    ],
)
def test_fix_note(applicability: Applicability, note: str) -> None:
    finding = Finding("X1", "x", Severity.INFO, Span(0, 4), "m", fix=Fix("Do it", (), applicability))
    assert text([result(b"FROM a\n", finding)], PLAIN).splitlines()[-1] == note


# --- (file, what is marked, heading, excerpt, caret line) ---
EXCERPTS = [
    pytest.param(b"FROM a\n", b"FROM", "1:1", "    1 | FROM a", "        ^^^^", id="plain"),
    pytest.param(b"FROM a", b"a", "1:6", "    1 | FROM a", "             ^", id="no newline at the end"),
    pytest.param(b"RUN\ta\tb\n", b"b", "1:7", "    1 | RUN a b", "              ^", id="a tab is one column"),
    pytest.param(
        "RUN 重い x\n".encode(), b"x", "1:8", "    1 | RUN 重い x", "                 ^", id="wide before"
    ),
    pytest.param(
        "RUN 重い x\n".encode(),
        "重い".encode(),
        "1:5",
        "    1 | RUN 重い x",
        "            ^^^^",
        id="wide marked",
    ),
    pytest.param(
        "RUN e\u0301 x\n".encode(),
        b"x",
        "1:8",
        "    1 | RUN e\u0301 x",
        "              ^",
        id="combining marks fill nothing",
    ),
    pytest.param(
        b"RUN \xff x\n",
        b"x",
        "1:7",
        "    1 | RUN \ufffd x",
        "              ^",
        id="not UTF-8: a column a byte",
    ),
    pytest.param(
        b"RUN \xe4\xbd x\n",
        b"x",
        "1:8",
        "    1 | RUN \ufffd\ufffd x",
        "               ^",
        id="half a character",
    ),
    pytest.param(
        b"RUN \x1b[31mred\n",
        b"red",
        "1:10",
        "    1 | RUN \ufffd[31mred",
        "                 ^^^",
        id="escape sequences",
    ),
    pytest.param(b"RUN a\r\nRUN b\r\n", b"b", "2:5", "    2 | RUN b", "            ^", id="CRLF"),
    pytest.param(
        b"RUN a\rb\n", b"b", "1:7", "    1 | RUN a\ufffdb", "              ^", id="a lone carriage return"
    ),
    pytest.param(
        b"\xef\xbb\xbfFROM a\n", b"FROM", "1:1", "    1 | FROM a", "        ^^^^", id="byte-order mark"
    ),
    pytest.param(
        b"RUN a && \\\n    b\n",
        b"a && \\\n    b",
        "1:5",
        "    1 | RUN a && \\",
        "            ^^^^^^",
        id="several lines",
    ),
    pytest.param(
        "RUN \u202eabc\n".encode(),
        b"abc",
        "1:6",
        "    1 | RUN \ufffdabc",
        "             ^^^",
        id="right to left",
    ),
    pytest.param(b"FROM a   \n", b"a   ", "1:6", "    1 | FROM a", "             ^", id="blanks at the end"),
    pytest.param(
        b"\n" * 99_999 + b"RUN y\n", b"y", "100000:5", "100000 | RUN y", "             ^", id="many lines"
    ),
]


@pytest.mark.parametrize("data, marked, place, excerpt, caret", EXCERPTS)
def test_excerpt(data: bytes, marked: bytes, place: str, excerpt: str, caret: str) -> None:
    assert shown(data, marked) == [f"Dockerfile:{place}: X1 warning: m", excerpt, caret]


@pytest.mark.parametrize("before, after", [(0, 1000), (1000, 0), (1000, 1000), (70, 100)])
def test_a_long_line_is_cut_around_the_place(before: int, after: int) -> None:
    data = b"a" * before + b"MARK" + b"b" * after
    _, excerpt, caret = shown(data, b"MARK")
    assert len(excerpt) <= MAX_EXCERPT + len("    1 | ")
    assert excerpt[caret.index("^") : caret.index("^") + 4] == "MARK"
    assert caret.count("^") == 4


def test_an_empty_place_has_a_caret() -> None:
    finding = Finding("X1", "x", Severity.INFO, Span(0, 0), "the Dockerfile cannot be empty")
    assert text([result(b"", finding)], PLAIN) == (
        "Dockerfile:1:1: X1 info: the Dockerfile cannot be empty\n    1 | \n        ^\n"
    )


def test_nothing_sends_escape_sequences_but_our_colour() -> None:
    data = b"RUN \x1b]0;title\x07\n"
    finding = Finding(
        "X1", "x", Severity.ERROR, Span(4, 6), "bad \x1b[2J", fix=Fix("un\x1bdo", (), Applicability.SAFE)
    )
    plain = text([result(data, finding, path="Docker\x1bfile")], PLAIN)
    assert "\x1b" not in plain
    assert "\x07" not in plain
    coloured = text([result(data, finding)], Style(colour=True))
    assert set(coloured.split("\x1b")[1:]) == {
        piece for piece in coloured.split("\x1b")[1:] if piece.startswith(("[0m", "[1m", "[2m", "[31m"))
    }


@given(st.binary(max_size=60), st.data())
def test_any_span_of_any_bytes_is_shown_on_two_printable_lines(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    finding = Finding("X1", "x", Severity.INFO, Span(start, end), "m")
    lines = text([result(data, finding)], PLAIN).split("\n")
    assert len(lines) == 4
    assert all(unicodedata.category(char) != "Cc" for line in lines for char in line)
    assert set(lines[2].strip()) == {"^"}


@given(st.text("ab \t\r\n\x1b", max_size=60), st.booleans(), st.data())
def test_columns_of_plain_lines_are_those_that_are_counted(
    content: str, marked: bool, draw: st.DataObject
) -> None:
    data = BOM * marked + content.encode()
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    source = Source(data)
    place = source.place(start)
    line = source.line_span(place.line)
    first, last = place.column - 1, source.place(min(end, line.end)).column - 1
    told = source.text(line).rstrip()
    caret = text([result(data, Finding("X1", "x", Severity.INFO, Span(start, end), "m"))], PLAIN).split("\n")[
        2
    ]
    assert caret == " " * (len("    1 | ") + len(told[:first])) + "^" * max(1, len(told[first:last]))
