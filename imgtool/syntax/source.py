"""Bytes of a file, their lines and places."""

from __future__ import annotations

import errno
import os
import stat
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, count
from operator import add
from pathlib import Path
from typing import BinaryIO

from imgtool.edits import Span
from imgtool.regex import regex
from imgtool.values import NamedTuple, lazy, maker

BOM = b"\xef\xbb\xbf"

MAX_FILE = 1 << 22
"""Bytes of the largest file that is taken for a Dockerfile; real ones have some thousand."""

# room for a whole MAX_FILE takes longer to get than nearly every file takes to read
_FIRST = 1 << 16

# opening a named pipe would wait for a writer
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_SURROGATES = regex("[\udc80-\udcff]")


def decode(data: bytes) -> str:
    """Text as people and BuildKit's JSON see it: each byte that is not UTF-8 becomes one U+FFFD."""
    if data.isascii():
        return data.decode()
    return _SURROGATES.sub("�", data.decode("utf-8", "surrogateescape"))


def load(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than :data:`MAX_FILE`.
    """
    descriptor = _opened(path)
    try:
        # a stream takes three times as long
        data = os.read(descriptor, _FIRST)
        while len(data) <= MAX_FILE and (more := os.read(descriptor, max(len(data), _FIRST))):
            data += more
    finally:
        os.close(descriptor)
    return _small(data)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, without waiting for one that is a pipe or a device.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    return os.fdopen(_opened(path), "rb")


def _opened(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | _AT_ONCE)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Is a directory" if stat.S_ISDIR(mode) else "not a regular file")
    return descriptor


def bounded(stream: BinaryIO) -> bytes:
    """The bytes of a stream, such as standard input.

    Raises:
        OSError: it cannot be read, or gives more than :data:`MAX_FILE`.
    """
    data = stream.read(_FIRST)
    if len(data) == _FIRST:
        data += stream.read(MAX_FILE + 1 - _FIRST)
    return _small(data)


def _small(data: bytes) -> bytes:
    if len(data) > MAX_FILE:
        raise OSError(errno.EFBIG, f"larger than {MAX_FILE:,} bytes")
    return data


class Place(NamedTuple):
    """Line and column, both 1-based; columns count code points."""

    line: int
    column: int


_place = maker(Place)
_span = maker(Span)


def line_starts(lines: Sequence[bytes]) -> list[int]:
    """Byte offset of every line of a file, given without newlines."""
    # and one newline for each line before
    return list(map(add, accumulate(map(len, lines[:-1]), initial=0), count()))


class Source:
    """A file's bytes with its line index."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @lazy
    def line_starts(self) -> list[int]:
        r"""Byte offset of every line; lines end at ``\n`` alone, as BuildKit reads them."""
        return line_starts(self.data.split(b"\n"))

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds a byte offset."""
        return bisect_right(self.line_starts, offset)

    def place(self, offset: int) -> Place:
        """Line and column of a byte offset."""
        line = self.line_of(offset)
        before = self.data[self._start(line) : offset]
        return _place((line, (len(before) if before.isascii() else len(decode(before))) + 1))

    def line_span(self, line: int) -> Span:
        """The bytes of a 1-based line without its newline, and without a byte-order mark."""
        start = self._start(line)
        end = self.line_starts[line] - 1 if line < len(self.line_starts) else len(self.data)
        if end > start and self.data[end - 1] == 0x0D:
            end -= 1
        return _span((start, end))

    def _start(self, line: int) -> int:
        # no editor counts the mark as a column
        marked = line == 1 and self.data.startswith(BOM)
        return len(BOM) if marked else self.line_starts[line - 1]

    def text(self, span: Span) -> str:
        """The text of a span, for people."""
        return decode(self.data[span.start : span.end])

    @lazy
    def newline(self) -> str:
        """The newline that text inserted into this file should use."""
        crlf = self.data.count(b"\r\n")
        return "\r\n" if crlf and crlf * 2 > self.data.count(b"\n") else "\n"
