"""Work that goes wrong, for pools; workers import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return double(number)


def die_once(marker: Path) -> str:
    """Die the first time, as a process does that the system chose to end for another one's sake."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return marker.name
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def sleep_on_three(number: int) -> int:
    if number == 3:
        time.sleep(60)
    return double(number)


def fill_on_three(number: int) -> int:
    return double(number) if number != 3 else len(bytearray(2_000_000_000))


def leave(number: int) -> int:
    os._exit(number)
