"""What long work is at: one line of a terminal that is drawn again, or a line a step where there is none."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from imgtool.cli.output import say
from imgtool.report.style import obeys, printable, size

_REDRAW_SECONDS = 0.2
#: 128 and the number of the signal, as shells have it.
_TERMINATED = 143


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
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def clean_up_when_ended() -> None:
    """Have a job that is cancelled run what stands in ``finally``, so that it leaves neither builds nor images behind."""

    def end(*_: object) -> None:
        # timeout(1) tells it to the process and to its group; it is not to end what cleans up
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(_TERMINATED)

    signal.signal(signal.SIGTERM, end)
