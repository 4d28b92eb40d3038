"""What commands share of printing."""

from __future__ import annotations

import enum
import sys

from imgtool.report.style import printable


class Format(enum.StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class ImageFormat(enum.StrEnum):
    """How a report about images is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def say(message: str) -> None:
    """Tell people something that is no part of the result."""
    print(f"imgtool: {printable(message)}", file=sys.stderr)
