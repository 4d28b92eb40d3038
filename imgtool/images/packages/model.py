"""What package databases are read from, and what they say."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from imgtool.images.layers import MAX_PATH
from imgtool.values import NamedTuple, dataclass

#: Fields of one paragraph of a database; real ones have thirty.
_MAX_FIELDS = 1000


class Files(Protocol):
    """The merged tree of an image, as far as readers need it: absolute paths, surrogates for what is not UTF-8."""

    def read(self, path: str, limit: int, /) -> bytes | None:
        """At most the first ``limit`` bytes of the file that a path leads to; None where it leads to none."""

    def resolve(self, path: str, /) -> str | None:
        """Where a path leads when every symbolic link is followed; None where nothing stands there."""

    def under(self, folder: str, /) -> Iterator[tuple[str, object]]:
        """Every path below a folder, at any depth, that can be read."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, and what it weighs in one image.

    ``manager`` is ``dpkg``, ``apk``, ``rpm``, ``conda`` or ``pip``. ``size`` is bytes of content of its files that are
    to be seen, hard links once, ``files`` how many. ``layers`` gives these bytes by the number of the layer that holds
    them, and ``layer`` is the one with most, None where the package has no files.
    """

    manager: str
    name: str
    version: str
    size: int = 0
    files: int = 0
    layer: int | None = None
    layers: tuple[tuple[int, int], ...] = ()

    @property
    def key(self) -> str:
        """``dpkg:libc6``: what tells packages apart."""
        return f"{self.manager}:{self.name}"


class Listed(NamedTuple):
    """One package of a database with the paths that it owns, and ``folders`` that are its own with all in them."""

    name: str
    version: str
    paths: Iterable[str] = ()
    folders: Iterable[str] = ()


def text(files: Files, path: str, limit: int) -> str:
    """A file as text; empty where there is none."""
    return (files.read(path, limit) or b"").decode("utf-8", "surrogateescape")


def lines(files: Files, path: str, limit: int) -> Iterator[str]:
    """The lines of a file one by one: a hostile one has millions."""
    for line in io.BytesIO(files.read(path, limit) or b""):
        yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def placed(files: Files, path: str, folders: dict[str, str]) -> str | None:
    """Where a path of a list lies in the tree, in which /lib may be a link to /usr/lib; None where it is no path.

    ``folders`` are those that were looked up before.
    """
    folder, _, name = path.rpartition("/")
    # no system opens a longer one, and hostile lists have many
    if not name or not path.startswith("/") or len(path) > MAX_PATH:
        return None
    if folder not in folders:
        folders[folder] = (files.resolve(folder) or folder).rstrip("/")
    return f"{folders[folder]}/{name}"


def stanzas(text: str) -> Iterator[Mapping[str, str]]:
    """Fields of each paragraph, without the further lines of a value: none that is read here has them."""
    for paragraph in paragraphs(text):
        lines = (line for line in io.StringIO(paragraph) if line[:1] not in ("\n", " ", "\t"))
        fields = (line.partition(":") for line in islice(lines, _MAX_FIELDS))
        yield {name.strip().lower(): value.strip() for name, _, value in fields}


def paragraphs(text: str) -> Iterator[str]:
    """What empty lines part, one by one: all at once they take many times the text."""
    start = 0
    while (end := text.find("\n\n", start)) >= 0:
        yield text[start:end]
        start = end + 2
    yield text[start:]
