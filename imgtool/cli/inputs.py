"""What commands about Dockerfiles share: their common options, and reading a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli import basics
from imgtool.cli.basics import STDIN, UNREADABLE, UsageError
from imgtool.cli.output import say
from imgtool.syntax.source import bounded, load

BuildArgs = Annotated[
    list[str] | None,
    typer.Option(
        "--build-arg",
        metavar="NAME[=VALUE]",
        help="As docker build has it; repeat for several. NAME alone: from here.",
    ),
]

Config = Annotated[
    Path | None, typer.Option("--config", help="One configuration for everything; else the nearest.")
]
Isolated = Annotated[bool, typer.Option("--isolated", help="Read no configuration.")]
ShellCheck = Annotated[
    bool | None,
    typer.Option("--shellcheck/--no-shellcheck", help="Let ShellCheck read shell code, or not."),
]
Network = Annotated[
    str | None, typer.Option("--network", metavar="MODE", help="Of builds: default, host or none.")
]
Secrets = Annotated[list[str] | None, typer.Option("--secret", help="As docker build has it.")]
BuildTimeout = Annotated[
    float, typer.Option("--build-timeout", metavar="SECONDS", help="For each build.", min=1)
]
Context = Annotated[
    Path | None,
    typer.Option("--context", metavar="DIR", help="The build context; else the file's folder."),
]


def build_args(texts: Iterable[str] | None) -> dict[str, str]:
    """:func:`basics.build_args`, in typer's terms."""
    try:
        return basics.build_args(texts)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None


def read(path: str) -> bytes:
    """The bytes of a file, or of standard input for ``-``; ends the command where it cannot be read."""
    data = readable(path)
    if data is None:
        raise typer.Exit(UNREADABLE)
    return data


def readable(path: str) -> bytes | None:
    """The same; None where it cannot be read, which is said."""
    try:
        return bounded(sys.stdin.buffer) if path == STDIN else load(Path(path))
    except OSError as error:
        say(f"{path} cannot be read: {error.strerror}")
        return None
