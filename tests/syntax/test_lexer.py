"""Here-documents in a file's lines; what is read of whole files stands in test_parser."""

from __future__ import annotations

import time

import pytest

from imgtool.edits import Span
from imgtool.syntax.lexer import Lexer
from imgtool.syntax.nodes import Heredoc
from imgtool.syntax.source import Source

AT = Span(0, 0)


def draft(name: str, *, chomp: bool = False) -> Heredoc:
    return Heredoc(name, 0, True, chomp, b"", AT, AT, AT)


@pytest.mark.parametrize(
    "data, chomp, body",
    [
        (b"a\nE\n", False, b"a\n"),
        (b"E\nE\n", False, b""),
        (b"a\r\nE\r\n", False, b"a\r\n"),
        (b"a\nE", False, b"a\n"),
        # tabs before the end count with <<- alone, blanks never
        (b"a\n\tE\nE\n", False, b"a\n\tE\n"),
        (b"a\n\tE\nE\n", True, b"a\n"),
        (b"a\n E\nE\n", True, b"a\n E\n"),
        (b"a\nE \n", False, None),
        (b"a\n", False, None),
        (b"", False, None),
    ],
)
def test_body(data: bytes, chomp: bool, body: bytes | None) -> None:
    found = Lexer(Source(data)).heredoc(draft("E", chomp=chomp))
    assert (found and found.content) == body


def test_bodies_follow_each_other() -> None:
    lexer = Lexer(Source(b"a\nE\nb\nF\nc\nE\n"))
    found = [lexer.heredoc(draft(name)) for name in ("E", "F", "E")]
    assert [one and one.content for one in found] == [b"a\n", b"b\n", b"c\n"]
    assert lexer.heredoc(draft("E")) is None


def test_thousands_that_never_end() -> None:
    lexer = Lexer(Source(b"x\n" * 200_000))
    started = time.process_time()
    assert not any(lexer.heredoc(draft("E")) for _ in range(2_000))
    assert time.process_time() - started < 5
