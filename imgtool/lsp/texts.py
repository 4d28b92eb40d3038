r"""Documents that an editor has open: their bytes, and places in them as the protocol counts.

The protocol's lines end at ``\n``, ``\r\n`` and ``\r``; ours end at ``\n`` alone, so both count for themselves. Columns
are code units of the encoding that client and server agree on, UTF-16 where they say nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal, NamedTuple

from imgtool.edits import Edit, Span
from imgtool.regex import regex
from imgtool.values import lazy

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_END = regex(rb"\r\n|\n|\r")


class Position(NamedTuple):
    """Line and column, both 0-based; columns count code units."""

    line: int
    character: int


class Range(NamedTuple):
    """From the first position up to the second, which is exclusive."""

    start: Position
    end: Position


class Change(NamedTuple):
    """New text for a range of a document; for all of it without one."""

    text: str
    range: Range | None = None


class Text:
    """The text of a document. Lone surrogates, which no file can hold, are question marks."""

    def __init__(self, data: bytes, encoding: Encoding = "utf-16") -> None:
        self.data = data
        self.encoding = encoding

    @lazy
    def _lines(self) -> list[Span]:
        """Every line without its end."""
        start, found = 0, []
        for end in _LINE_END.finditer(self.data):
            found.append(Span(start, end.start()))
            start = end.end()
        return [*found, Span(start, len(self.data))]

    def position(self, offset: int) -> Position:
        """Where a byte is; one of a line's end is at the end of its line."""
        line = bisect_right(self._lines, offset, key=lambda span: span.start) - 1
        start, end = self._lines[line]
        before = self.data[start : min(offset, end)].decode("utf-8", "ignore")
        return Position(line, self._units(before))

    def offset(self, position: Position) -> int:
        """The byte at a position; columns after the line's end are its end, lines after the last the document's."""
        if position.line >= len(self._lines):
            return len(self.data)
        start, end = self._lines[position.line]
        return start + self._bytes(self.data[start:end], position.character)

    def range(self, span: Span) -> Range:
        """A span as the protocol writes it."""
        return Range(self.position(span.start), self.position(span.end))

    def span(self, where: Range) -> Span:
        """The bytes of a range."""
        return Span(*sorted((self.offset(where.start), self.offset(where.end))))

    def changed(self, changes: Iterable[Change]) -> Text:
        """The text after changes, each of which stands in the text that the one before it left."""
        text = self
        for change in changes:
            new, data = encoded(change.text), text.data
            span = text.span(change.range) if change.range else Span(0, len(data))
            text = Text(data[: span.start] + new + data[span.end :], self.encoding)
        return text

    def _units(self, text: str) -> int:
        match self.encoding:
            case "utf-8":
                return len(text.encode())
            case "utf-16":
                return len(text.encode("utf-16-le")) // 2
            case _:
                return len(text)

    def _bytes(self, line: bytes, units: int) -> int:
        """The bytes of a line that so many code units are; half a character is none."""
        match self.encoding:
            case "utf-8":
                return len(line[:units].decode("utf-8", "ignore").encode())
            case "utf-16":
                cut = line.decode().encode("utf-16-le")[: 2 * units]
                return len(cut.decode("utf-16-le", "ignore").encode())
            case _:
                return len(line.decode()[:units].encode())


def encoded(text: str) -> bytes:
    """The bytes of what a client sent, always UTF-8."""
    return text.encode("utf-8", "replace")


def difference(old: bytes, new: bytes) -> Edit:
    """One edit of whole characters that makes the one out of the other: all between what both begin and end with."""
    before, after = old.decode(), new.decode()
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    start = min(len(before), len(after)) if start is None else start
    room = min(len(before), len(after)) - start
    pairs = zip(reversed(before), reversed(after), strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b or i >= room), room)
    # between \r and \n is no position
    if before[start - 1 : start] == "\r" and "\n" in (before[start : start + 1], after[start : start + 1]):
        start -= 1
    old_end, new_end = len(before) - same, len(after) - same
    if before[old_end : old_end + 1] == "\n" and "\r" in (
        before[old_end - 1 : old_end],
        after[new_end - 1 : new_end],
    ):
        old_end, new_end = old_end + 1, new_end + 1
    first = len(before[:start].encode())
    return Edit(first, first + len(before[start:old_end].encode()), after[start:new_end])
