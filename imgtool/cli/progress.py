"""What long work is at: one line of a terminal that is drawn again, or a line a step where there is none."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from imgtool.cli.output import say
from imgtool.report.style import obeys, printable, size

_REDRAW_SECONDS = 0.2
#: What ends the work: Ctrl-C, CI and timeout(1), a terminal that is gone (Windows has none).
_ENDING = [one for one in signal.Signals if one.name in {"SIGINT", "SIGTERM", "SIGHUP"}]
#: Added to the number of the signal for the exit code, as shells have it.
_BY_SIGNAL = 128
#: Seconds after which a further Ctrl-C ends the cleaning up, too.
_PATIENCE = 5


class Show(Protocol):
    """Tells what is being done; what is ``passing`` only a terminal shows."""

    def __call__(self, text: str, *, passing: bool = False) -> None: ...


class Counter:
    """Shows how much of an image was read, and of how much where that is known."""

    def __init__(self, reference: str, show: Show) -> None:
        self._reference, self._show = reference, show
        self._seen = self._total = 0

    def expect(self, size: int, /) -> None:
        self._total += size

    def __call__(self, chunk: bytes, /) -> None:
        self._seen += len(chunk)
        whole = f" of {size(self._total)}" if self._total else ""
        self._show(f"reading {self._reference}: {size(self._seen)}{whole}", passing=True)


@contextmanager
def line() -> Iterator[Show]:
    """A line on standard error for as long as the work takes; nothing of it is left on a terminal."""
    terminal, drawn = obeys(sys.stderr), 0.0

    def show(text: str, *, passing: bool = False) -> None:
        nonlocal drawn
        now = time.monotonic()
        if not terminal:
            if not passing:
                say(text)
        elif not passing or now - drawn > _REDRAW_SECONDS:
            drawn = now
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{printable(text)[:width]}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if drawn:
            # the terminal may be gone
            with suppress(OSError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


@contextmanager
def clean_up_when_ended() -> Iterator[None]:
    """Have work that is ended by a signal run what stands in ``finally``: it leaves neither builds nor images behind.

    The first signal says how the process ends. People and CI send more of them, which do not end the cleaning up;
    a Ctrl-C that comes seconds later does. What removes something bounds its own time.
    """
    code, since = 0, 0.0

    def end(number: int, _: object) -> None:
        nonlocal code, since
        if not code:
            code, since = _BY_SIGNAL + number, time.monotonic()
            _tell(
                f"removing what it made (imgtool-verify…); Ctrl-C after {_PATIENCE} seconds leaves it there"
            )
            raise SystemExit(code)
        if number == signal.SIGINT and time.monotonic() - since > _PATIENCE:
            _tell(
                "what it made may still be there: look for imgtool-verify in docker ps --all and docker images"
            )
            os._exit(code)

    # one that is ignored stays so, as below nohup; None is not Python's to give back
    before = {one: signal.getsignal(one) for one in _ENDING}
    before = {one: was for one, was in before.items() if was not in (None, signal.SIG_IGN)}
    for one in before:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one, was in before.items():
            # where the process is about to end nothing is to change how
            signal.signal(one, signal.SIG_IGN if code else was)
        if code:
            # whatever came of it: a terminal that is gone takes no words
            raise SystemExit(code) from None


def _tell(message: str) -> None:
    """As :func:`say`, in the midst of whatever else is being written."""
    start = "\r\x1b[K" if obeys(sys.stderr) else ""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"{start}imgtool: {message}\n".encode())
