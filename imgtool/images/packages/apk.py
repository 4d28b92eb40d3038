"""Alpine's package database: https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.images.packages.model import Files, Listed, text

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
        for paragraph in text(files, place, _MAX_FILE).split("\n\n"):
            fields = [(line[:1], line[2:]) for line in paragraph.split("\n") if line[1:2] == ":"]
            single = dict(fields)
            if single.get("P"):
                yield Listed(single["P"], single.get("V", ""), _paths(fields))


def _paths(fields: list[tuple[str, str]]) -> list[str]:
    """``F:usr/bin`` names a folder, and ``R:x`` a file in the last one named."""
    folder, found = "", []
    for key, value in fields:
        if key == "F":
            folder = f"/{value}".rstrip("/")
        elif key == "R":
            found.append(f"{folder}/{value}")
    return found
