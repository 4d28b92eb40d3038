"""What commands share and needs no typer."""

from __future__ import annotations

import os
from collections.abc import Iterable

UNREADABLE = 2
STDIN = "-"


class UsageError(ValueError):
    """Options that do not go together, or a value that none can have."""


def build_args(texts: Iterable[str] | None) -> dict[str, str]:
    """Build arguments as docker reads them: a name alone takes its value from the environment, if it has one.

    Raises:
        UsageError: one has no name.
    """
    found = {}
    for text in texts or ():
        name, given, value = text.partition("=")
        if not name:
            raise UsageError(f"--build-arg takes NAME=VALUE, not {text!r}")
        if given or name in os.environ:
            found[name] = value if given else os.environ[name]
    return found
