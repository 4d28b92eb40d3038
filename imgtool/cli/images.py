"""What commands about images share: reading them, with the guess said and long work shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from imgtool.cli.output import say
from imgtool.images import reference as references
from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures, measure
from imgtool.report.style import size

NOT_MEASURABLE = 3
_REDRAW_SECONDS = 0.2

Platform = Annotated[
    str | None,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="Which platform of several, as linux/arm64; without it the only one, or this machine's.",
    ),
]


def measured(reference: str, platform: str | None, *, verify: bool = False) -> Measures | None:
    """Weigh one image; None where it cannot be, the reason said on standard error.

    Raises:
        typer.BadParameter: the reference or the platform is none.
    """
    show, clear = _progress(reference)
    try:
        parsed = references.parse(reference)
        if parsed.guessed:
            say(f"reading {reference} as {parsed.source}:{reference}")
        return measure(reference, platform=platform, verify=verify, progress=show)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except ImageError as error:
        clear()
        say(f"{reference} cannot be measured: {error.reason}")
        return None
    finally:
        clear()


def _progress(reference: str) -> tuple[Callable[[bytes], object] | None, Callable[[], None]]:
    """A counter of chunks that redraws one line of a terminal, and what ends it; nothing elsewhere."""
    if not sys.stderr.isatty():
        return None, lambda: None
    seen, drawn = 0, time.monotonic()

    def show(chunk: bytes) -> None:
        nonlocal seen, drawn
        seen += len(chunk)
        if time.monotonic() - drawn > _REDRAW_SECONDS:
            drawn = time.monotonic()
            sys.stderr.write(f"\r\x1b[Kreading {reference}: {size(seen)}")
            sys.stderr.flush()

    def clear() -> None:
        if seen:
            sys.stderr.write("\r\x1b[K")

    return show, clear
