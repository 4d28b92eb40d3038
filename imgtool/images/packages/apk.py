"""Alpine's package database: https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2."""

from __future__ import annotations

import io
from collections.abc import Iterator

from imgtool.images.layers import MAX_PATH
from imgtool.images.packages.model import Files, Listed, paragraphs, text

#: apk-tools 3 keeps it below /usr.
_PLACES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
#: Bytes; real ones have some megabytes.
_MAX_FILE = 64 << 20


def keep(path: str, size: int) -> bool:
    """Whether a file is one that :func:`packages` reads, its path without leading slash."""
    return f"/{path}" in _PLACES and size <= _MAX_FILE


def packages(files: Files) -> Iterator[Listed]:
    """What is installed; what is damaged is passed over."""
    for place in filter(None, dict.fromkeys(map(files.resolve, _PLACES))):
        for paragraph in paragraphs(text(files, place, _MAX_FILE)):
            single = {key: value for key, value in _fields(paragraph) if key in {"P", "V"}}
            if single.get("P"):
                yield Listed(single["P"], single.get("V", ""), _paths(paragraph))


def _fields(paragraph: str) -> Iterator[tuple[str, str]]:
    return ((line[:1], line[2:].rstrip("\n")) for line in io.StringIO(paragraph) if line[1:2] == ":")


def _paths(paragraph: str) -> Iterator[str]:
    """``F:usr/bin`` names a folder, and ``R:x`` a file in the last one named."""
    folder = ""
    for key, value in _fields(paragraph):
        if key == "F":
            folder = f"/{value}".rstrip("/")
        elif key == "R" and len(folder) < MAX_PATH:
            yield f"{folder}/{value}"
