"""How a user names an image."""

from __future__ import annotations

import stat
from pathlib import Path

from imgtool.regex import regex
from imgtool.values import dataclass

ARCHIVE, DAEMON = "docker-archive", "docker-daemon"
#: Kinds that other tools write in front of an image, and that nothing here reads.
_NOT_COVERED = {
    "containerd",
    "containers-storage",
    "dir",
    "docker",
    "oci",
    "oci-archive",
    "oci-dir",
    "podman",
    "registry",
}
#: Of these, what are well-known images too: with a tag behind it, the image is meant.
_IMAGES_TOO = {"docker", "registry"}
_LIKE_AN_ARCHIVE = regex(r"\.(tar|tar\.gz|tgz)(:|$)")
#: What an engine takes for a name: https://pkg.go.dev/github.com/distribution/reference
_NAME = regex(
    r"(?:(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]{32,})?"
)
_KINDS_OF_FILES = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
)


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

    A file that exists, what ends like an archive and what no image can be called is an archive, anything
    else a name in the engine.

    Raises:
        ValueError: nothing is named, or the kind is none of the two.
    """
    kind, _, place = text.partition(":")
    guessed = kind not in {ARCHIVE, DAEMON}
    if guessed:
        kind, place = _guess(text), text
    if not place:
        raise ValueError(f"{text!r} names no image")
    if kind == DAEMON:
        return Reference(text, kind, place, guessed=guessed)
    path, name = _path_and_name(place)
    return Reference(text, kind, path, name, guessed)


def _guess(text: str) -> str:
    if why_no_file(text) is None:
        return ARCHIVE
    kind, colon, _ = text.partition(":")
    is_name = _NAME.fullmatch(text) is not None
    if colon and kind in _NOT_COVERED and not (is_name and kind in _IMAGES_TOO):
        raise ValueError(
            f"{text!r}: the kind {kind}: is not covered: write {ARCHIVE}:PATH, or {DAEMON}:NAME for "
            "a name in the engine"
        )
    return DAEMON if is_name and not _LIKE_AN_ARCHIVE.search(text) else ARCHIVE


def _path_and_name(place: str) -> tuple[str, str | None]:
    """Told apart by which file there is, since both may hold colons."""
    path, name = place, ""
    while (missing := why_no_file(path)) and ":" in path:
        path, _, last = path.rpartition(":")
        name = f"{last}:{name}" if name else last
    return (place, None) if missing else (path, name or None)


def why_no_file(path: str) -> str | None:
    """Why there is no plain file, in a clause; None where there is one."""
    try:
        mode = Path(path).stat().st_mode
    except PermissionError as error:
        return f"it cannot be read ({error.strerror})"
    except (OSError, ValueError):
        # a name that is too long, or holds what no name can
        return "no such file"
    if stat.S_ISREG(mode):
        return None
    return next((said for is_kind, said in _KINDS_OF_FILES if is_kind(mode)), "it is a device")
