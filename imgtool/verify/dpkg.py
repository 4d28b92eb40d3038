"""Debian's package database, as it lies in an image's tree: https://manpages.debian.org/dpkg#FILES."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from imgtool.regex import regex
from imgtool.values import dataclass, field
from imgtool.verify.model import Tree

_STATUS = "/var/lib/dpkg/status"
#: Distroless images keep one file a package here instead.
_STATUS_FOLDER = "/var/lib/dpkg/status.d"
_INFO = "/var/lib/dpkg/info/"
_MARKS = "/var/lib/apt/extended_states"
#: Bytes of one database file; real ones have some megabytes.
_MAX_FILE = 64 << 20
_NAME = regex(r"[a-z0-9][a-z0-9+.-]*")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package. ``needs`` are groups of names, any of a group will do; ``recommends`` are such too.

    ``automatic``: it came with another one. ``provides`` are further names that it answers to.
    """

    name: str
    version: str
    needs: tuple[frozenset[str], ...] = ()
    recommends: tuple[frozenset[str], ...] = ()
    provides: frozenset[str] = frozenset()
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """The packages of an image by name. ``owners`` gives the names for each path that packages own."""

    packages: Mapping[str, Package] = field(default_factory=dict)
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


def ledger(tree: Tree, *, files: bool = True) -> Ledger:
    """The database of an image; empty where it has none. Without ``files`` no path has an owner.

    What is damaged in it is passed over.
    """
    marks = frozenset(_automatic(_text(tree, _MARKS)))
    sources = [_text(tree, _STATUS), *(_text(tree, path) for path, _ in tree.under(_STATUS_FOLDER))]
    packages = {one.name: one for text in sources for one in _packages(text, marks)}
    return Ledger(packages, _owners(tree, packages) if files else {})


def closure(
    packages: Mapping[str, Package], roots: Iterable[str], *, modest: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Names of the packages that ``roots`` need or recommend at any depth, themselves included.

    Of the ``modest`` ones only what they need.
    """
    by_name: dict[str, list[str]] = {}
    for one in packages.values():
        for name in (one.name, *one.provides):
            by_name.setdefault(name, []).append(one.name)
    found: set[str] = set()
    todo = [name for name in roots if name in packages]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            groups = packages[name].needs + (() if name in modest else packages[name].recommends)
            todo += chain.from_iterable(by_name.get(one, ()) for group in groups for one in group)
    return frozenset(found)


def script(tree: Tree, package: str) -> str:
    """What a package does after it is unpacked; empty where it does nothing."""
    found = (path for path, _ in tree.under(_INFO) if _stem(path) == (package, "postinst"))
    return "".join(_text(tree, path) for path in found)


def info_of(path: str) -> str | None:
    """The package that a file of the database itself is about."""
    return _stem(path)[0] if path.startswith(_INFO) else None


def _stem(path: str) -> tuple[str, str]:
    name, _, kind = posixpath.basename(path).rpartition(".")
    return name.partition(":")[0], kind


def _text(tree: Tree, path: str) -> str:
    return (tree.read(path, _MAX_FILE) or b"").decode("utf-8", "surrogateescape")


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Fields of each paragraph, without the further lines of a value: none that is read here has them."""
    for paragraph in text.split("\n\n"):
        lines = (line.partition(":") for line in paragraph.split("\n") if line[:1] not in ("", " ", "\t"))
        yield {name.lower(): value.strip() for name, _, value in lines}


def _automatic(text: str) -> Iterator[str]:
    return (
        row["package"] for row in _stanzas(text) if row.get("auto-installed") == "1" and row.get("package")
    )


def _packages(text: str, marks: frozenset[str]) -> Iterator[Package]:
    for row in _stanzas(text):
        name = row.get("package", "")
        # status.d has no such field: what is there is installed
        if not name or row.get("status", "ok installed").split()[-1] != "installed":
            continue
        needs = ",".join(row.get(field, "") for field in ("pre-depends", "depends"))
        yield Package(
            name=name,
            version=row.get("version", ""),
            needs=_groups(needs),
            recommends=_groups(row.get("recommends", "")),
            provides=frozenset(chain.from_iterable(_groups(row.get("provides", "")))),
            automatic=name in marks,
        )


def _groups(text: str) -> tuple[frozenset[str], ...]:
    return tuple(filter(None, map(_names, text.split(","))))


def _names(group: str) -> frozenset[str]:
    """``libc6 (>= 2.36) | libc6.1:any``: the names alone."""
    found = (_NAME.match(one.strip()) for one in group.split("|"))
    return frozenset(one[0] for one in found if one)


def _owners(tree: Tree, packages: Mapping[str, Package]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    folders: dict[str, str] = {}
    for path, _ in tree.under(_INFO):
        name, kind = _stem(path)
        if kind != "list" or name not in packages:
            continue
        for line in _text(tree, path).split("\n"):
            place = _placed(tree, line, folders)
            if place:
                found[place] = (*found.get(place, ()), name)
    return found


def _placed(tree: Tree, path: str, folders: dict[str, str]) -> str | None:
    """Where a path of a list lies in the tree, in which /lib may be a link to /usr/lib."""
    folder, _, name = path.rpartition("/")
    if not name or not path.startswith("/"):
        return None
    if folder not in folders:
        folders[folder] = tree.resolve(folder) or folder
    return posixpath.join(folders[folder], name)
