"""How words are read: their quotes, and what expands in them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.facts import shell_words
from imgtool.facts.shell_words import Reading


def reading(raw: bytes, *, usual: bool) -> Reading | None:
    with pytest.MonkeyPatch.context() as patch:
        if not usual:
            patch.setattr(shell_words, "_USUAL", re.compile(b"(?!)"))
        return shell_words._reading(raw)


PIECES = [
    b"a",
    b"$A",
    b"${A_1}",
    b"$1",
    b"$",
    b"${A:-b}",
    b'"',
    b"'",
    b"*",
    b"?",
    b"[",
    b"]",
    b"~",
    b"=",
    b"{",
    b"}",
]
PIECES += [
    b",",
    b"\\",
    b"`",
    b" ",
    b"\n",
    b"1",
    b"#",
    b"%",
    b"-",
    b"!",
    "ä".encode(),
    b"\xff",
    "\u00a0".encode(),
]
WORDS = st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)


@given(
    WORDS | WORDS.map(lambda raw: b'"%s"' % raw) | WORDS.map(lambda raw: b"'%s'" % raw.replace(b"'", b"")),
)
@example(b"")
@example(b"''")
@example(b'""')
@example(b'"$A"')
@example(b"$A$B*")
@example(b"'$A'")
@example(b'"*"')
@example(b"$'a'")
def test_usual_words_are_read_as_all_are(raw: bytes) -> None:
    assert reading(raw, usual=True) == reading(raw, usual=False)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"/opt/${A}/$B", ("/opt/${A}/$B", "/opt/${A}/$B", False, True)),
        (b'"a $B"', ("a $B", '"a $B"', False, True)),
        (b"'a $B'", ("a $B", "'a $B'", True, False)),
        (b'"a*"', ("a*", '"a*"', True, False)),
        (b"a*", ("a*", "a*", False, False)),
        (b"a=b", ("a=b", "a=b", True, False)),
        (b'"a', None),
    ],
)
def test_words(raw: bytes, expected: Reading | None) -> None:
    assert shell_words.reading(raw) == expected
