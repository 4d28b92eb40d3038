"""What package databases are read from, and what they say."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from imgtool.values import NamedTuple, dataclass


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
    if not name or not path.startswith("/"):
        return None
    if folder not in folders:
        folders[folder] = (files.resolve(folder) or folder).rstrip("/")
    return f"{folders[folder]}/{name}"


def stanzas(text: str) -> Iterator[Mapping[str, str]]:
    """Fields of each paragraph, without the further lines of a value: none that is read here has them."""
    for paragraph in text.split("\n\n"):
        fields = (line.partition(":") for line in paragraph.split("\n") if line[:1] not in ("", " ", "\t"))
        yield {name.lower(): value.strip() for name, _, value in fields}
