"""How a user names an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ARCHIVE, DAEMON = "docker-archive", "docker-daemon"
_LIKE_A_PATH = ("/", "./", "../", ".\\", "..\\")
_ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an image is. ``source`` is the kind of place, ``place`` a file's path or a name in the engine.

    ``name`` chooses one of several images in an archive. ``guessed``: the user left the kind open.
    """

    text: str
    source: str
    place: str
    name: str | None = None
    guessed: bool = False


def parse(text: str) -> Reference:
    """Read ``docker-archive:PATH[:NAME]`` or ``docker-daemon:NAME``; without the kind, guess it.

    A file that exists, or what is written like a path, is an archive, anything else a name in the engine.

    Raises:
        ValueError: nothing is named.
    """
    kind, _, place = text.partition(":")
    if kind not in {ARCHIVE, DAEMON}:
        is_archive = Path(text).is_file() or text.startswith(_LIKE_A_PATH) or text.endswith(_ARCHIVE_ENDINGS)
        kind, place, guessed = ARCHIVE if is_archive else DAEMON, text, True
    else:
        guessed = False
    if not place:
        raise ValueError(f"{text!r} names no image")
    if kind == DAEMON:
        return Reference(text, kind, place, guessed=guessed)
    path, name = _path_and_name(place)
    return Reference(text, kind, path, name, guessed)


def _path_and_name(place: str) -> tuple[str, str | None]:
    """Told apart by which file there is, since both may hold colons."""
    path, name = place, ""
    while not Path(path).is_file() and ":" in path:
        path, _, last = path.rpartition(":")
        name = f"{last}:{name}" if name else last
    return (path, name or None) if Path(path).is_file() else (place, None)
