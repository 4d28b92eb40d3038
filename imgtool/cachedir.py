"""Folders that hold a cache: marked, so that git, backups and imgtool itself leave them alone. https://bford.info/cachedir/"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

TAG = "CACHEDIR.TAG"
TEXT = b"Signature: 8a477f597d28d172789f06886806bc55\n# imgtool's cache; it can be deleted at any time\n"


def make(folder: Path) -> None:
    """Make a folder for a cache. One that holds anything already is left as it is: git would lose sight of it.

    Raises:
        OSError: there can be none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_free(folder):
        # the tag first: by it others know that the folder is one
        for name, text in ((TAG, TEXT), (".gitignore", b"*\n")):
            with suppress(OSError), (folder / name).open("xb") as file:
                file.write(text)


def is_free(folder: Path) -> bool:
    """Whether a folder holds nothing, or is not there."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def is_ours(folder: Path) -> bool:
    """Whether imgtool has marked a folder that has a tag."""
    try:
        with (folder / TAG).open("rb") as file:
            return file.read(len(TEXT) + 1) == TEXT
    except OSError:
        return False
