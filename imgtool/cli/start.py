"""Starting a command, and ending it whatever becomes of the output."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from imgtool.cli.basics import UNREADABLE, UsageError


def run(argv: Sequence[str]) -> None:
    """Run one command line, without the program's name; always ends in :class:`SystemExit`."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # closed by the caller (2>&-): the next file to be opened would take its place
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: PTH123, SIM115 - for good, without pathlib
    for stream in (sys.stdout, sys.stderr):
        # names in images and Dockerfiles are bytes, terminals have an encoding of their own
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            _invoke(argv)
        finally:
            # what stands in the buffer has not been written
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()
        raise SystemExit(1) from None
    except OSError as error:
        from imgtool.cli.output import say

        _silence()
        with suppress(OSError):
            say(f"{error.filename or 'standard output'} cannot be used: {error.strerror}")
        raise SystemExit(UNREADABLE) from None


def _silence() -> None:
    """Lose what is left in the buffer, which the interpreter would try to write once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _invoke(argv: Sequence[str]) -> None:
    if argv[:1] == ["lint"]:
        _lint(argv[1:])
    from imgtool.cli import app

    app.run(argv)


def _lint(words: Sequence[str]) -> None:
    """Lint, where that needs no typer; what is wrong it says better, reading the words once more."""
    from imgtool.cli import quick

    call = quick.read(words)
    if call is not None:
        from imgtool import loading

        linting = loading.load("imgtool.cli.linting")
        with suppress(UsageError):
            raise SystemExit(linting.run(call))
