"""Places in texts that are put together from pieces of a file."""

from __future__ import annotations

import re
from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.syntax.lexer import leading_space, trimmed_end
from imgtool.syntax.nodes import Text, Word
from imgtool.syntax.parser import _BLANKS, _head, _list
from imgtool.syntax.source import decode

PIECES = st.lists(st.text("ab \t", max_size=5).map(str.encode), min_size=1, max_size=5)


def _text(pieces: list[bytes], gap: int) -> Text:
    """Pieces that are ``gap`` bytes apart in their file."""
    starts = tuple(accumulate(map(len, pieces[:-1]), initial=0))
    return Text(b"".join(pieces), starts, tuple(start + gap * n for n, start in enumerate(starts, 1)))


@given(PIECES, st.integers(0, 3))
def test_words_stand_where_span_says(pieces: list[bytes], gap: int) -> None:
    text = _text(pieces, gap)
    found = [(word[0].decode(), word.start(), word.end()) for word in re.finditer(rb"[^ \t]+", text.data)]
    assert text.words(found) == tuple(Word(word, text.span(start, end)) for word, start, end in found)
    assert _list(text, b"\\", None)[1] == text.words(found)  # type: ignore[arg-type]


@given(PIECES, st.integers(0, 3), st.integers(0, 25), st.integers(0, 25))
def test_a_part_keeps_its_places(pieces: list[bytes], gap: int, one: int, other: int) -> None:
    text = _text(pieces, gap)
    start, end = sorted((min(one, len(text.data)), min(other, len(text.data))))
    part = text.slice(start, end)
    assert part.data == text.data[start:end]
    assert [part.offset(n) for n in range(end - start)] == [text.offset(n) for n in range(start, end)]


HEADS = st.sampled_from(
    [b"RUN", b"a", b"-", b" ", b"\t", b"\r", b"\v", b"\x00", b"\x1f", "\xa0".encode(), b"\xc2", "é".encode()]
)


@given(st.lists(HEADS, max_size=7).map(b"".join))
@example(b"RUN\xc2\xa0 ")
@example(b"RUN \xc2\xa0")
def test_heads_of_common_lines_are_cut_like_all_others(data: bytes) -> None:
    start = leading_space(data)
    end = max(start, trimmed_end(data))
    blank = _BLANKS.search(data, start, end)
    stop, at = blank.span() if blank else (end, end)
    assert _head(data) == (data[start:stop], start, at, end)


@given(st.binary(max_size=20))
def test_text_that_is_ascii_is_decoded_like_all_other(data: bytes) -> None:
    assert decode(data) == re.sub("[\udc80-\udcff]", "�", data.decode("utf-8", "surrogateescape"))
