"""Debian's package database, as it lies in an image's tree: https://manpages.debian.org/dpkg#FILES."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from imgtool.images.packages.model import Files, Listed, lines, placed, stanzas, text
from imgtool.regex import regex
from imgtool.values import dataclass, field

_STATUS = "/var/lib/dpkg/status"
#: Distroless images keep one file a package here instead.
STATUS_FOLDER = "/var/lib/dpkg/status.d/"
_INFO = "/var/lib/dpkg/info/"
_LIST, _SUMS = "list", ".md5sums"
_MARKS = "/var/lib/apt/extended_states"
#: Bytes of one database file; real ones have some megabytes.
_MAX_FILE = 64 << 20
#: Packages of an image; large ones have some thousand.
_MAX_PACKAGES = 100_000
#: Names that all of them need or provide; large images have a hundred thousand.
_MAX_NAMES = 500_000
_RELATIONS = ("pre-depends", "depends", "recommends", "provides")
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


def ledger(files: Files, *, owners: bool = True) -> Ledger:
    """The database of an image; empty where it has none. Without ``owners`` no path has one.

    What is damaged in it is passed over.
    """
    marks = frozenset(_automatic(text(files, _MARKS, _MAX_FILE)))
    sources = (_STATUS, *(path for path, _ in files.under(STATUS_FOLDER)))
    found = chain.from_iterable(_packages(text(files, path, _MAX_FILE), marks) for path in sources)
    packages = {one.name: one for one in islice(found, _MAX_PACKAGES)}
    return Ledger(packages, _owners(files, packages) if owners else {})


def closure(
    packages: Mapping[str, Package], roots: Iterable[str], *, modest: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Names of the packages that ``roots`` need or recommend at any depth, themselves included.

    Of the ``modest`` ones only what they need, and of those that lack a recommendation: apt installs all or none.
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
            recommends = packages[name].recommends
            whole = all(any(one in by_name for one in group) for group in recommends)
            groups = packages[name].needs + (recommends if whole and name not in modest else ())
            todo += chain.from_iterable(by_name.get(one, ()) for group in groups for one in group)
    return frozenset(found)


def keep(path: str, size: int) -> bool:
    """Whether a file is one that :func:`listed` reads, its path without leading slash."""
    path = f"/{path}"
    is_list = path.startswith(_INFO) and path.endswith(f".{_LIST}")
    return size <= _MAX_FILE and (is_list or path == _STATUS or path.startswith(STATUS_FOLDER))


def script(files: Files, package: str) -> str:
    """What a package does after it is unpacked; empty where it does nothing."""
    found = (path for path, _ in files.under(_INFO) if _stem(path) == (package, "postinst"))
    return "".join(text(files, path, _MAX_FILE) for path in found)


def info_of(path: str) -> str | None:
    """The package that a file of the database itself is about."""
    return _stem(path)[0] if path.startswith(_INFO) else None


def _stem(path: str) -> tuple[str, str]:
    name, _, kind = posixpath.basename(path).rpartition(".")
    return name.partition(":")[0], kind


def _automatic(marks: str) -> Iterator[str]:
    return (
        row["package"] for row in stanzas(marks) if row.get("auto-installed") == "1" and row.get("package")
    )


def _packages(status: str, marks: frozenset[str]) -> Iterator[Package]:
    left = _MAX_NAMES
    for row in stanzas(status):
        left -= sum(row.get(field, "").count(sign) for field in _RELATIONS for sign in ",|")
        if left < 0:
            return
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


def _groups(listed: str) -> tuple[frozenset[str], ...]:
    return tuple(filter(None, map(_names, listed.split(","))))


def _names(group: str) -> frozenset[str]:
    """``libc6 (>= 2.36) | libc6.1:any``: the names alone."""
    found = (_NAME.match(one.strip()) for one in group.split("|"))
    return frozenset(one[0] for one in found if one)


def listed(files: Files) -> Iterator[Listed]:
    """The packages with the paths of their lists, as those state them."""
    packages = ledger(files, owners=False).packages
    lists = _lists(files)
    for name, one in packages.items():
        yield Listed(
            name, one.version, chain.from_iterable(_lines(files, path) for path in lists.get(name, ()))
        )


def _owners(files: Files, packages: Mapping[str, Package]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    folders: dict[str, str] = {}
    for name, paths in _lists(files).items():
        for line in chain.from_iterable(_lines(files, path) for path in paths if name in packages):
            place = placed(files, line, folders)
            if place:
                found[place] = (*found.get(place, ()), name)
    return found


def _lists(files: Files) -> dict[str, list[str]]:
    """Which files name the paths of each package: its list, or in distroless images its checksums."""
    found: dict[str, list[str]] = {}
    for path, _ in files.under(_INFO):
        name, kind = _stem(path)
        if kind == _LIST:
            found.setdefault(name, []).append(path)
    for path, _ in files.under(STATUS_FOLDER):
        if path.endswith(_SUMS):
            # the files' own names are not always the packages'
            stanza = next(stanzas(text(files, path.removesuffix(_SUMS), _MAX_FILE)))
            found.setdefault(stanza.get("package", ""), []).append(path)
    return found


def _lines(files: Files, path: str) -> Iterator[str]:
    for line in lines(files, path, _MAX_FILE):
        yield "/" + line.partition("  ")[2] if path.endswith(_SUMS) else line
