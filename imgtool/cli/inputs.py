"""What commands about Dockerfiles share: their common options, and reading a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.output import say
from imgtool.syntax.source import bounded, load

UNREADABLE = 2
STDIN = "-"

BuildArgs = Annotated[
    list[str] | None,
    typer.Option(
        "--build-arg",
        metavar="NAME[=VALUE]",
        help="As docker build has it; repeat for several. NAME alone: from here.",
    ),
]


def build_args(texts: Iterable[str] | None) -> dict[str, str]:
    """Build arguments as docker reads them: a name alone takes its value from the environment, if it has one."""
    found = {}
    for text in texts or ():
        name, given, value = text.partition("=")
        if not name:
            raise typer.BadParameter(f"--build-arg takes NAME=VALUE, not {text!r}")
        if given or name in os.environ:
            found[name] = value if given else os.environ[name]
    return found


def read(path: str) -> bytes:
    """The bytes of a file, or of standard input for ``-``; ends the command where it cannot be read."""
    try:
        return bounded(sys.stdin.buffer) if path == STDIN else load(Path(path))
    except OSError as error:
        say(f"{path} cannot be read: {error.strerror}")
        raise typer.Exit(UNREADABLE) from None
