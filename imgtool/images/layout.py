"""OCI layouts in folders: ``index.json`` and what it lists below ``blobs``.

Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.files import FileStore, Place
from imgtool.images.layers import clean
from imgtool.images.manifests import INDEX
from imgtool.images.reading import Reading
from imgtool.images.reference import FOLDER, why_no_file


def open_layout(folder: Path, reading: Reading | None = None) -> FileStore:
    """Read an OCI layout where it lies. No link leads out of its folder.

    Raises:
        ImageError: it is no folder, or has no index; NoImageError where there is nothing.
    """
    missing = why_no_file(str(folder))
    if missing != FOLDER:
        if os.path.lexists(folder):
            raise ImageError(missing or "it is a file, and no folder with an OCI layout")
        raise NoImageError("no such folder")
    store = FileStore(partial(_within, Path(os.path.realpath(folder))), reading)
    if INDEX not in store:
        raise ImageError(f"it is a folder without {INDEX}, so no OCI layout")
    return store


def _within(folder: Path, name: str) -> Place | None:
    """Where a file of a folder lies, which is its own real path."""
    path = folder / clean(name.encode("utf-8", "replace")).decode("utf-8", "replace")
    try:
        real = Path(os.path.realpath(path, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be read ({getattr(error, 'strerror', error)})") from None
    if not real.is_relative_to(folder):
        raise ImageError(f"{name} is a link that leads out of the layout, and is not followed")
    if why := why_no_file(str(real)):
        raise ImageError(f"{name} cannot be read: {why}")
    return Place(real, 0, real.stat().st_size)
