"""Which packages an image holds, which files are theirs, and what those weigh.

Databases are read as bytes, nothing is run. Where two of them claim a file, the lower one has it: the system's packages
before conda's before Python's distributions. A distribution whose metadata another package brought is part of that one.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from imgtool.images.layers import MAX_LINKS, Folder, Room
from imgtool.images.packages import apk, conda, dist_info, dpkg, rpm
from imgtool.images.packages.model import Files, Listed, Package, placed
from imgtool.images.tar import FILE
from imgtool.values import dataclass, field

if TYPE_CHECKING:
    from imgtool.images.contents import Contents, Seen

__all__ = ["KEEP", "Owned", "Package", "Weights", "once", "owned", "owners", "read"]

#: Memory for the paths that packages own, in bytes; a large image's take a quarter.
_MAX_OWNED = 256 << 20
_PER_PATH, _PER_PACKAGE, _PER_STEP = 128, 512, 16
_ENDS = (
    *(b".list", b".json", b".egg-info", b"/installed", b"/status"),
    *(f"/{name}".encode() for name in (*dist_info.NAMES, *rpm.NAMES)),
)
_STATUS_FOLDER = dpkg.STATUS_FOLDER.lstrip("/").encode()


def _is_database(path: bytes, size: int) -> bool:
    if not path.endswith(_ENDS) and not path.startswith(_STATUS_FOLDER):
        return False
    text = path.decode("utf-8", "surrogateescape")
    return any(keep(text, size) for keep in (dpkg.keep, apk.keep, rpm.keep, conda.keep, dist_info.keep))


#: Whether a file is part of a package database: what ``read_contents(..., keep=)`` has to keep for this module.
KEEP: Callable[[bytes, int], bool] = _is_database


@dataclass(frozen=True, slots=True)
class Owned:
    """The packages of an image, weighed by nobody yet, and by path and by folder which of them owns it."""

    packages: list[Package] = field(default_factory=list)
    paths: dict[str, int] = field(default_factory=dict, repr=False)
    folders: dict[str, int] = field(default_factory=dict, repr=False)

    def of(self, path: str) -> int | None:
        """The number of the package that owns a file; byte-code belongs to who owns the source."""
        found = self.paths.get(path)
        if found is None and self.folders:
            found = next((self.folders[one] for one in _parents(path) if one in self.folders), None)
        if found is None and path.endswith(".pyc") and "/__pycache__/" in path:
            folder, _, name = path.rpartition("/__pycache__/")
            return self.of(f"{folder}/{name.partition('.')[0]}.py")
        return found


def _parents(path: str) -> Iterator[str]:
    while len(path := posixpath.dirname(path)) > 1:
        yield path


def owned(contents: Contents) -> Owned:
    """The packages of an image that was read with :data:`KEEP`.

    Raises:
        ImageError: its databases name more paths than any real image has.
    """
    files = _Held(contents.tree.root, contents.kept)
    found, room = Owned(), Room(_MAX_OWNED)
    for manager, listed in _all(files, found):
        _claim(found, manager, listed, files, room)
    return found


def _all(files: Files, found: Owned) -> Iterator[tuple[str, Listed]]:
    """Every package by its manager; ``found`` is what was claimed meanwhile."""
    yield from (("dpkg", one) for one in dpkg.listed(files))
    yield from (("apk", one) for one in apk.packages(files))
    yield from (("rpm", one) for one in rpm.packages(files))
    kept = [path for path, _ in files.under("/")]
    records = (conda.package(files, path) for path in kept if conda.keep(path[1:], 0))
    yield from (("conda", one) for one in records if one)
    folders = {folder for path in kept if (folder := dist_info.metadata_folder(path))}
    # what is vendored in a distribution comes after it
    for folder in sorted(folders, key=lambda path: (path.count("/"), path)):
        one = dist_info.distribution(files, folder)
        if one and not any(place in found.paths for place in dist_info.places(folder)):
            yield "pip", dist_info.listed(files, one)


def _claim(found: Owned, manager: str, listed: Listed, files: Files, room: Room) -> None:
    room.take(_PER_PACKAGE)
    number = len(found.packages)
    found.packages.append(Package(manager, listed.name, listed.version))
    folders: dict[str, str] = {}
    for paths, claimed in ((listed.paths, found.paths), (listed.folders, found.folders)):
        for path in paths:
            place = placed(files, path, folders)
            if place:
                room.take(_PER_PATH + len(place))
                claimed.setdefault(place, number)


def once(files: Iterable[Seen], owned: Owned) -> Iterator[Seen]:
    """Each file once, links left out: of several names by one that a package owns, else by its first.

    A cache whose files are linked to what was installed from it costs nothing, as conda's and uv's do.
    """
    several: dict[int, Seen] = {}
    for seen in files:
        if seen.inode < 0:
            if seen.kind == FILE:
                yield seen
            continue
        known = several.get(seen.inode)
        if known is None:
            several[seen.inode] = seen
        elif owned.of(known.path) is None and owned.of(seen.path) is not None:
            several[seen.inode] = known._replace(path=seen.path)
    yield from several.values()


@dataclass(frozen=True, slots=True)
class Weights:
    """Adds up what packages weigh, in bytes, over files as :func:`once` gives them."""

    owned: Owned
    sizes: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, seen: Seen) -> int | None:
        """Count one file in; the number of the package that owns it."""
        owner = self.owned.of(seen.path)
        if owner is not None:
            self.counts[owner] += 1
            self.sizes[owner][seen.layer] += seen.size
        return owner

    def packages(self) -> list[Package]:
        """The packages with their weights, the heaviest first; the same one in two places is one."""
        merged: dict[tuple[str, str, str], list[int]] = {}
        for number, one in enumerate(self.owned.packages):
            merged.setdefault((one.manager, one.name, one.version), []).append(number)
        found = [self._weighed(*key, numbers) for key, numbers in merged.items()]
        return sorted(found, key=lambda one: (-one.size, one.manager, one.name))

    def _weighed(self, manager: str, name: str, version: str, numbers: Iterable[int]) -> Package:
        layers: Counter[int] = Counter()
        for number in numbers:
            layers.update(self.sizes.get(number, {}))
        return Package(
            manager=manager,
            name=name,
            version=version,
            size=layers.total(),
            files=sum(self.counts[number] for number in numbers),
            layer=max(layers, key=lambda layer: (layers[layer], layer)) if layers else None,
            layers=tuple(sorted(layers.items())),
        )


def read(contents: Contents) -> list[Package]:
    """The packages of an image that was read with :data:`KEEP`, the heaviest first.

    Raises:
        ImageError: as :func:`owned`.
    """
    weights = Weights(owned(contents))
    for seen in once(contents.files(), weights.owned):
        weights.add(seen)
    return weights.packages()


def owners(contents: Contents) -> Callable[[str], str | None]:
    """Gives the package that owns an absolute path, as ``dpkg:libc6``, or None.

    Raises:
        ImageError: as :func:`owned`.
    """
    found = owned(contents)

    def owner(path: str) -> str | None:
        number = found.of(path)
        return None if number is None else found.packages[number].key

    return owner


@dataclass(frozen=True, slots=True)
class _Held:
    """What was kept of an image, in the tree that its links lead through; ``room`` bounds how far."""

    root: Folder
    kept: Mapping[str, bytes]
    room: Room = field(default_factory=lambda: Room(_MAX_OWNED))

    def read(self, path: str, limit: int) -> bytes | None:
        data = self.kept.get(path) or self.kept.get(self.resolve(path) or "")
        return None if data is None else data[:limit]

    def under(self, folder: str) -> Iterator[tuple[str, object]]:
        start = folder.rstrip("/") + "/"
        return ((path, data) for path, data in self.kept.items() if path.startswith(start))

    def resolve(self, path: str) -> str | None:
        trail, names, links = [self.root], [b""], 0
        todo = path.encode("utf-8", "surrogateescape").split(b"/")[::-1]
        while todo:
            part = todo.pop()
            if part == b".." and len(trail) > 1:
                trail.pop()
                names.pop()
            if part in {b"", b".", b".."}:
                continue
            node = trail[-1].get(part)
            if isinstance(node, bytes):
                links += 1
                if links > MAX_LINKS:
                    return None
                self.room.take(_PER_STEP * len(node))
                if node.startswith(b"/"):
                    del trail[1:], names[1:]
                todo += node.split(b"/")[::-1]
            elif isinstance(node, dict):
                trail.append(node)
                names.append(part)
            elif part in trail[-1] and not any(todo):
                names.append(part)
            else:
                return None
        return (b"/".join(names) or b"/").decode("utf-8", "surrogateescape")
