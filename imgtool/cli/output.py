"""What commands share of printing."""

from __future__ import annotations

import enum
import os
import sys
from pathlib import Path

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


def root() -> Path:
    """What paths in reports are relative to: the repository that the current folder is in, else this folder."""
    # other commands need no build contexts
    from imgtool.facts.context import repository_root

    here = Path.cwd()
    return repository_root(here) or here


def diff_name(path: str) -> str:
    """What a diff calls a file, as ``git diff`` does: its path below :func:`root`; says where git takes it, if not here."""
    top, here = root(), Path.cwd()
    # git follows no link within a path
    file = Path(os.path.realpath(Path(path).parent), Path(path).name)
    known = file.is_relative_to(top)
    if not file.is_relative_to(here):
        where = f"git apply takes its diff in {top}" if known else "git apply does not take its diff here"
        say(f"{path} is outside of this folder: {where}")
    return (file.relative_to(top) if known else file).as_posix()


def say(message: str) -> None:
    """Tell people something that is no part of the result."""
    print(f"imgtool: {printable(message)}", file=sys.stderr)
