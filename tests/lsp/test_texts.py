from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.edits import Span, apply
from imgtool.lsp.texts import Change, Encoding, Position, Range, Text, difference, encoded

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
# characters of one to four bytes, and everything that some program takes for a line's end
TEXTS = st.text(alphabet="aß€😀\n\r\t\x0c\x0b\u2028\x85", max_size=40)

# --- (text, byte, position in UTF-8, UTF-16, UTF-32) ---
PLACES = [
    ("", 0, (0, 0), (0, 0), (0, 0)),
    ("abc", 2, (0, 2), (0, 2), (0, 2)),
    ("a\nbc", 3, (1, 1), (1, 1), (1, 1)),
    ("a\n", 2, (1, 0), (1, 0), (1, 0)),
    ("ß€😀x", 9, (0, 9), (0, 4), (0, 3)),
    ("a\r\nb", 3, (1, 0), (1, 0), (1, 0)),
    ("a\rb", 2, (1, 0), (1, 0), (1, 0)),
    ("a\x0cb", 2, (0, 2), (0, 2), (0, 2)),
    ("a\u2028b", 4, (0, 4), (0, 2), (0, 2)),
    ("\ufeffFROM", 3, (0, 3), (0, 1), (0, 1)),
]


@pytest.mark.parametrize("text, offset, utf8, utf16, utf32", PLACES)
def test_places(
    text: str, offset: int, utf8: tuple[int, int], utf16: tuple[int, int], utf32: tuple[int, int]
) -> None:
    for encoding, place in zip(ENCODINGS, (utf8, utf16, utf32), strict=True):
        document = Text(text.encode(), encoding)
        assert document.position(offset) == place
        assert document.offset(Position(*place)) == offset


# --- (text, position, byte, why) ---
BEYOND = [
    ("ab\ncd", (0, 99), 2, "the end of the line"),
    ("ab\r\ncd", (0, 99), 2, "before the carriage return"),
    ("ab", (7, 0), 2, "the end of the document"),
    ("😀b", (0, 1), 0, "half a character is none"),
]


@pytest.mark.parametrize("text, place, offset, why", BEYOND, ids=str)
def test_positions_that_are_none(text: str, place: tuple[int, int], offset: int, why: str) -> None:
    assert Text(text.encode()).offset(Position(*place)) == offset, why


@given(TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_every_character_has_one_place(text: str, encoding: Encoding, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    if text[at - 1 : at + 1] == "\r\n":
        return
    document = Text(text.encode(), encoding)
    offset = len(text[:at].encode())
    assert document.offset(document.position(offset)) == offset


@given(TEXTS, TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_changes_land_where_they_are(text: str, new: str, encoding: Encoding, data: st.DataObject) -> None:
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    if "\r\n" in (text[first - 1 : first + 1], text[last - 1 : last + 1]):
        return
    document = Text(text.encode(), encoding)
    where = document.range(Span(len(text[:first].encode()), len(text[:last].encode())))
    assert document.changed([Change(new, where)]).data == (text[:first] + new + text[last:]).encode()


def test_changes_follow_each_other() -> None:
    text = Text(b"FROM a\n").changed(
        [
            Change("😀\n", Range(Position(0, 0), Position(0, 0))),
            Change("", Range(Position(0, 0), Position(0, 2))),
            Change("b", Range(Position(1, 5), Position(1, 6))),
        ]
    )
    assert text.data == b"\nFROM b\n"
    assert text.changed([Change("x")]).data == b"x"


def test_lone_surrogates_are_no_bytes() -> None:
    assert encoded("a\ud800b") == b"a?b"


@given(TEXTS, TEXTS)
def test_difference(old: str, new: str) -> None:
    edit = difference(old.encode(), new.encode())
    assert apply(old.encode(), [edit]) == new.encode()
    text = Text(old.encode())
    assert text.span(text.range(edit.span)) == edit.span


def test_difference_is_small() -> None:
    assert difference(b"a\nb\nc\n", b"a\nx\nc\n") == (2, 3, "x")
