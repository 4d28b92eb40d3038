"""Everything that an image's files say about its size: by layer, path, folder, package and kind."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from types import MappingProxyType

from imgtool.facts.facts import Facts
from imgtool.images.contents import Contents, Duplicate, How, Seen, Wasted
from imgtool.images.model import Image
from imgtool.images.packages import KEEP, Package, Weights, once, owned
from imgtool.inspect.blame import LayerBlame, blame
from imgtool.inspect.kinds import Kind, kind_of, with_twins
from imgtool.regex import regex
from imgtool.values import dataclass, field

__all__ = [
    "KEEP",
    "SAME_FOLDER",
    "Analysis",
    "LayerBlame",
    "Row",
    "analyse",
    "folder_of",
    "lineage",
    "waste_code",
]

_WASTE_CODES = MappingProxyType({How.DELETED: "IMG202", How.MODE: "IMG203", How.SAME: "IMG212"})
_COPIES = regex(r"(?:^|\s)(?:COPY|ADD)\s")
#: A folder in which one other holds this share, in percent, says nothing that the other one does not.
SAME_FOLDER = 95
#: Characters of a folder's path; longer ones, of which a hostile image has very many, are told as the ones they are in.
_MAX_FOLDER = 512


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: ``size`` in bytes of ``count`` files.

    ``code`` is the IMG rule that would remove it; ``kind`` the kind of a file, or the title of a kind.
    """

    name: str
    size: int
    count: int
    layer: int | None = None
    code: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an image holds and why, each table with what weighs most first; sizes are bytes of file content.

    ``kinds`` and ``packages`` are whole: kinds add up to ``flattened``, packages do with ``unowned``, files of no package.
    ``paths`` and ``folders`` are the largest of the files to be seen (a folder with all below it), ``wasted`` and
    ``duplicates`` the most costly. ``wasted_by`` and ``duplicated`` are sums over all, not over these alone.
    ``facts`` are of the Dockerfile that the image may be built from, ``file`` is its name; None where none is known.
    """

    contents: Contents
    layers: tuple[LayerBlame, ...]
    paths: tuple[Row, ...]
    folders: tuple[Row, ...]
    packages: tuple[Package, ...]
    unowned: Row
    kinds: tuple[Row, ...]
    duplicates: tuple[Duplicate, ...]
    duplicated: int
    wasted: tuple[Wasted, ...]
    wasted_by: tuple[Row, ...]
    facts: Facts | None = None
    file: str | None = None


def analyse(
    contents: Contents, facts: Facts | None = None, *, file: str | None = None, top: int = 20
) -> Analysis:
    """What an image is made of. ``facts`` are of the Dockerfile ``file`` that it may be built from.

    ``contents`` were read with :data:`KEEP`, else no packages are known. ``top`` bounds the tables of single paths.

    Raises:
        ImageError: the package databases are absurd.
    """
    tally = _Tally(Weights(owned(contents)))
    largest = nsmallest(
        top,
        tally.through(once(contents.files(), tally.weights.owned)),
        key=lambda seen: (-seen.size, seen.path),
    )
    image = contents.measures.image
    hidden = _Hidden(image)
    wasted = nsmallest(top, hidden.through(contents.wasted()), key=lambda one: (-one.size, one.path))
    twice = list(contents.duplicates())
    return Analysis(
        contents=contents,
        layers=blame(image, facts, file=file, waste=hidden.layers),
        paths=tuple(_path(seen) for seen in largest),
        folders=tuple(_folders(tally.folders, top)),
        packages=tuple(tally.weights.packages()),
        unowned=Row("", tally.unowned.size, tally.unowned.count),
        kinds=tuple(_kinds(tally.kinds.values())),
        duplicates=tuple(twice[:top]),
        duplicated=sum(one.lost for one in twice),
        wasted=tuple(wasted),
        wasted_by=_largest(
            Row(how.value, sum_.size, sum_.count, code=code) for (how, code), sum_ in hidden.ways.items()
        ),
        facts=facts,
        file=file,
    )


def waste_code(one: Wasted, image: Image) -> str | None:
    """The rule about what is hidden so; None where nothing but the next build cures it.

    What is there again was copied again where a COPY hides it; a package manager just writes its lists anew.
    """
    by = image.layers[one.by].created_by or ""
    if one.how is How.SAME and not _COPIES.search(by):
        return None
    return _WASTE_CODES.get(one.how)


@dataclass(slots=True)
class _Sum:
    """Bytes, and of how many files."""

    size: int = 0
    count: int = 0

    def add(self, size: int, count: int = 1) -> None:
        self.size += size
        self.count += count


@dataclass(frozen=True, slots=True)
class _Tally:
    """Adds up the files to be seen as they pass."""

    weights: Weights
    #: by their ids: several rows of the data are one kind
    kinds: dict[str, tuple[Kind, _Sum]] = field(default_factory=dict)
    folders: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    unowned: _Sum = field(default_factory=_Sum)

    def through(self, files: Iterable[Seen]) -> Iterator[Seen]:
        """The same files, counted."""
        for seen in files:
            if self.weights.add(seen) is None:
                self.unowned.add(seen.size)
            kind = kind_of(seen.path, seen.size)
            if kind.id not in self.kinds:
                self.kinds[kind.id] = kind, _Sum()
            self.kinds[kind.id][1].add(seen.size)
            self.folders[folder_of(seen.path)].add(seen.size)
            yield seen


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Adds up what is hidden as it passes, by how and by the layer that holds it."""

    image: Image
    ways: dict[tuple[How, str | None], _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    layers: Counter[int] = field(default_factory=Counter)

    def through(self, wasted: Iterable[Wasted]) -> Iterator[Wasted]:
        for one in wasted:
            self.ways[one.how, waste_code(one, self.image)].add(one.size)
            self.layers[one.layer] += one.size
            yield one


def folder_of(path: str) -> str:
    """The folder of a file, or where its path is very long one that it is in."""
    return path[: _MAX_FOLDER + 1].rpartition("/")[0] or "/"


def lineage(folder: str) -> Iterator[str]:
    """A folder and all that it is in, the root last."""
    yield folder
    while folder != "/":
        folder = posixpath.dirname(folder)
        yield folder


def _path(seen: Seen) -> Row:
    kind = kind_of(seen.path, seen.size)
    return Row(seen.path, seen.size, 1, layer=seen.layer, code=kind.code, kind=kind.id)


def _kinds(kinds: Iterable[tuple[Kind, _Sum]]) -> tuple[Row, ...]:
    kinds = tuple(kinds)
    codes = with_twins(kind for kind, _ in kinds)
    return _largest(
        Row(kind.id, sum_.size, sum_.count, code=codes[kind.id], kind=kind.title) for kind, sum_ in kinds
    )


def _largest(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.size, row.name)))


def _folders(own: Mapping[str, _Sum], top: int) -> Iterator[Row]:
    """The largest folders with all below them, without those in which one other holds nearly all."""
    whole: dict[str, _Sum] = defaultdict(_Sum)
    for folder, sum_ in own.items():
        for above in lineage(folder):
            whole[above].add(sum_.size, sum_.count)
    heaviest: dict[str, int] = {}
    for folder, sum_ in whole.items():
        above = posixpath.dirname(folder)
        if folder != "/":
            heaviest[above] = max(sum_.size, heaviest.get(above, 0))
    telling = (
        (-sum_.size, folder, sum_.count)
        for folder, sum_ in whole.items()
        if folder != "/" and heaviest.get(folder, 0) * 100 < sum_.size * SAME_FOLDER
    )
    return (Row(folder, -size, count) for size, folder, count in nsmallest(top, telling))
