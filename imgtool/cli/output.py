"""What commands share of printing."""

from __future__ import annotations

import enum
import sys

from imgtool.report.style import printable
from imgtool.syntax.source import decode


class Format(enum.StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class ImageFormat(enum.StrEnum):
    """How a report about images is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def put(data: bytes) -> None:
    """Write a file, or the change of one: its bytes into a pipe, and to a terminal nothing that moves it."""
    if sys.stdout.isatty():
        lines = decode(data).expandtabs().splitlines()
        sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    else:
        # what was written as text goes first
        sys.stdout.flush()
        sys.stdout.buffer.write(data)


def say(message: str) -> None:
    """Tell people something that is no part of the result."""
    print(f"imgtool: {printable(message)}", file=sys.stderr)
