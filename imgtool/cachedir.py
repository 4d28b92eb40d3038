"""Folders that hold a cache, and entries in them, which are this user's files.

Such a folder is marked, so that git, backups and imgtool itself leave it alone: https://bford.info/cachedir/.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from imgtool.regex import regex

TAG = "CACHEDIR.TAG"
_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
_TEXT = _SIGNATURE + b"\n# imgtool's cache; it can be deleted at any time\n"

# a file that is being written has twelve digits more
_LAYER = r"sha[0-9]+-[0-9a-f]{64,128}(?:\.[0-9a-f]{12})?"
_MARK = r"CACHEDIR\.TAG|\.gitignore"
_FILE = regex(
    rf"(.+)/(?:{_MARK}|v[0-9]+/[0-9a-f]{{2}}/[0-9a-f]{{38}}\.json(?:\.[0-9a-f]{{12}})?|layers-v[0-9]+/{_LAYER})",
    re.DOTALL,
)
_WRITTEN = regex(rf"{_MARK}|v[0-9]+/(?:[0-9a-f]{{2}})?|layers-v[0-9]+/(?:{_LAYER})?")

# nor is waited for who writes into a pipe
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def make(folder: Path) -> None:
    """Make a folder for a cache. One that holds anything else is left as it is: git would lose sight of it.

    Raises:
        OSError: there can be none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_free(folder):
        # the tag first: by it others know that the folder is one
        for name, text in ((TAG, _TEXT), (".gitignore", b"*\n")):
            with suppress(OSError), (folder / name).open("xb") as file:
                file.write(text)


def is_free(folder: Path) -> bool:
    """Whether a folder holds nothing but what caches write, or is not there."""
    try:
        return all(_WRITTEN.fullmatch(name) for name in _names(folder))
    except NotADirectoryError:
        return False
    except OSError:
        return True


def _names(folder: Path) -> Iterator[str]:
    """What is in a folder, and in the folders there."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from (f"{entry.name}/{name}" for name in ("", *os.listdir(entry)))  # noqa: PTH208 - paths are texts here
            else:
                yield entry.name


def is_marked(folder: Path) -> bool:
    """Whether the tag in a folder is one. It may be any tool's: each of them could hold entries."""
    try:
        with (folder / TAG).open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except OSError:
        return False


def holder(path: str) -> str:
    """The folder whose mark or entry a file would be, where that is marked; ``""`` where it would be none."""
    found = _FILE.fullmatch(path)
    return found[1] if found else ""


def read(path: str, most: int, fresh: float) -> bytes:
    """An entry of at most ``most`` bytes. Its time is that of its last use, give or take ``fresh`` seconds.

    Raises:
        OSError: it cannot be read, is no file, is larger, or is somebody else's.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
    try:
        known = os.fstat(descriptor)
        is_ours = not hasattr(os, "getuid") or known.st_uid == os.getuid()
        if not is_ours or not stat.S_ISREG(known.st_mode) or known.st_size > most:
            raise OSError
        if time.time() - known.st_mtime > fresh:
            with suppress(OSError):
                os.utime(path)
        # room for more than there is takes long to get
        return os.read(descriptor, known.st_size)
    finally:
        os.close(descriptor)


def write(top: Path, path: str, data: bytes) -> None:
    """Write an entry below a folder for a cache, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    folder = os.path.dirname(path)  # noqa: PTH120 - likewise
    if not os.path.isdir(folder):  # noqa: PTH112 - likewise
        make(top)
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - likewise
    # other processes write, too
    torn = f"{path}.{os.urandom(6).hex()}"
    descriptor = os.open(torn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(torn, path)  # noqa: PTH105 - likewise
    except BaseException:
        with suppress(OSError):
            os.unlink(torn)  # noqa: PTH108 - likewise
        raise
