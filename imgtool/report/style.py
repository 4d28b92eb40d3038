"""Colour and units of text reports."""

from __future__ import annotations

import os
from typing import TextIO

from imgtool.values import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Style:
    """Whether a report may use ANSI colour."""

    colour: bool = False

    def paint(self, text: str, name: str) -> str:
        """``text`` in a colour, or as it is."""
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if self.colour else text


def style_for(stream: TextIO) -> Style:
    """Colour by ``NO_COLOR`` (https://no-color.org), then ``FORCE_COLOR``, then whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return Style()
    if os.environ.get("FORCE_COLOR"):
        return Style(colour=True)
    return Style(colour=obeys(stream))


def obeys(stream: TextIO) -> bool:
    """Whether it is a terminal that takes more than text."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def size(count: int) -> str:
    """Bytes for people, in powers of ten: ``1.23 GB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.0f} {unit}" if unit in ("B", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} TB"


def known(count: int | None) -> str:
    """Bytes for people, or that nobody knows."""
    return "unknown" if count is None else size(count)


def signed(count: int) -> str:
    """``+1.2 MB``."""
    return f"{'-' if count < 0 else '+'}{size(abs(count))}"


def growth(before: int | None, after: int | None) -> str:
    """``+1.2 MB (+3.4%)``; a dash where one is not known."""
    if before is None or after is None:
        return "-"
    moved = signed(after - before)
    return f"{moved} ({(after - before) / before:+.1%})" if before else moved


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """``text`` without what moves a terminal: a file or an image must not send escape sequences to it."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "�" for char in text)
