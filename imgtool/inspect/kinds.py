"""What kinds of files an accelerator image is made of, and which rule's fix removes each.

The data is in ``families/kinds.toml``. Each file is of exactly one kind: the first one in the data that fits, and
``other`` where none does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain

from imgtool.families.caches import package_caches
from imgtool.families.model import Evidence, rows
from imgtool.values import NamedTuple
from imgtool.weights import BIN_STARTS, BY_NAME, BY_SIZE

_Test = Callable[[str], bool]
_CACHE_CODE = "IMG204"
_SITES = ("site-packages", "dist-packages")


class Kind(NamedTuple):
    """One kind of files. All of what a row states must hold of a file, and one of each list.

    ``folders`` and ``within`` are patterns of a folder that the file is anywhere below; without a leading slash at any
    depth, and a ``*`` stops at a slash. ``names`` are those of files, with at most one ``*``. ``libraries`` are names of
    shared libraries without ``.so`` and what follows it, with ``*`` at the end for all that start so. ``least`` is bytes
    that such a file has at least. Several rows of one ``id`` are one kind.

    ``code`` is the rule whose fix removes it, None where there is none. ``twin`` names the kind that holds the same
    for others: where both are in an image, one is too many, and IMG105 says so. ``wheel`` makes such a kind of the
    libraries in Python packages, and ``weights`` makes kinds of the names in :mod:`imgtool.weights`.
    """

    id: str
    title: str
    group: str
    source: tuple[str, ...]
    evidence: Evidence
    folders: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    least: int = 0
    code: str | None = None
    twin: str | None = None
    wheel: bool = False
    weights: bool = False


OTHER = Kind("other", "everything else", "other", (), "V")
TWICE_CODE = "IMG105"


@cache
def known_kinds() -> tuple[Kind, ...]:
    """All kinds in the order in which they are tried; what package managers keep comes first."""
    return (*_kept_by_managers(), *chain.from_iterable(map(_made, rows("kinds", "kind", Kind))))


def _kept_by_managers() -> Iterator[Kind]:
    """The caches of package managers; a folder that several fill is that of the first."""
    seen: set[str] = set()
    for one in package_caches():
        title = f"{' '.join(one.managers[:1])}: {one.what}"
        folders = tuple([folder for folder in one.folders if folder not in seen])
        yield Kind(one.name, title, "caches", one.source, one.evidence, folders, code=_CACHE_CODE)
        seen.update(folders)


def _made(kind: Kind) -> tuple[Kind, ...]:
    """What a row makes: one kind, after the one of the same libraries in wheels where there is such."""
    if kind.weights:
        return tuple(_of_weights(kind))
    if not kind.wheel:
        return (kind,)
    return (
        kind._replace(
            id=kind.id.replace("cuda", "wheel", 1),
            title=f"{kind.title} in wheels",
            group="wheels",
            folders=_SITES,
            code=None,
            twin=kind.id,
        ),
        kind,
    )


def _of_weights(kind: Kind) -> Iterator[Kind]:
    """A kind for each size from which on names mean weights."""
    named = [*[f"*.{one}" for one in BY_NAME], *[f"{start}*.bin" for start in BIN_STARTS]]
    names = {kind.least: named}
    for one, least in BY_SIZE.items():
        names.setdefault(max(kind.least, least), []).append(f"*.{one}")
    for least, those in names.items():
        yield kind._replace(names=tuple(those), least=least)


def kind_of(path: str, size: int) -> Kind:
    """The kind of a file at an absolute path that has ``size`` bytes: the first row of its ``id``."""
    table = _table()
    folder, _, name = path.rpartition("/")
    placed = _placed(folder)
    best = len(table.kinds)
    for number in (*_named(table, name), *placed.whole):
        if number < best and number in placed.fitting and size >= table.kinds[number].least:
            best = number
    return table.said[best] if best < len(table.kinds) else OTHER


def with_twins(kinds: Iterable[Kind]) -> dict[str, str | None]:
    """The codes of kinds that one image holds together, by their ``id``: a second CUDA is one too many."""
    kinds = tuple(kinds)
    there = {one.id for one in kinds}
    return {one.id: TWICE_CODE if one.twin in there else one.code for one in kinds}


class _Folders(NamedTuple):
    """Patterns of folders by their last part, each with what holds of the whole path and the number of its kind."""

    exact: Mapping[str, list[tuple[_Test, int]]]
    starts: tuple[str, ...]
    open: tuple[tuple[str, _Test, int], ...]


class _Table(NamedTuple):
    """The kinds, and their numbers by what tells them."""

    kinds: tuple[Kind, ...]
    #: the first row of the same id
    said: tuple[Kind, ...]
    exact: Mapping[str, list[int]]
    #: the starts and ends of names, by the last extension
    ends: Mapping[str, list[tuple[str, str, int]]]
    starts: tuple[tuple[str, int], ...]
    first_starts: tuple[str, ...]
    libraries: Mapping[str, list[int]]
    families: tuple[tuple[str, int], ...]
    folders: _Folders
    within: _Folders
    #: those that ask for no folder, that ask for no second one, and that ask for no name
    anywhere: frozenset[int]
    alone: frozenset[int]
    nameless: frozenset[int]


class _Placed(NamedTuple):
    """Of one folder: the kinds that it suits, and those of them that every name suits."""

    fitting: frozenset[int]
    whole: tuple[int, ...]


@cache
def _table() -> _Table:
    kinds = known_kinds()
    exact: dict[str, list[int]] = {}
    ends: dict[str, list[tuple[str, str, int]]] = {}
    starts: list[tuple[str, int]] = []
    libraries: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds):
        for name in kind.names:
            start, star, end = name.partition("*")
            if not star:
                exact.setdefault(name, []).append(number)
            elif end:
                ends.setdefault(end.rpartition(".")[2], []).append((start, end, number))
            else:
                starts.append((start, number))
        for name in kind.libraries:
            libraries.setdefault(name, []).append(number)
    numbered = tuple(enumerate(kinds))
    firsts = {one.id: one for one in reversed(kinds)}
    return _Table(
        kinds=kinds,
        said=tuple(firsts[one.id] for one in kinds),
        exact=exact,
        ends=ends,
        starts=tuple(starts),
        first_starts=tuple(start for start, _ in starts),
        libraries=libraries,
        families=tuple((s[:-1], n) for n, one in numbered for s in one.libraries if s.endswith("*")),
        folders=_folders((pattern, n) for n, one in numbered for pattern in one.folders),
        within=_folders((pattern, n) for n, one in numbered for pattern in one.within),
        alone=frozenset(n for n, one in numbered if not one.within),
        anywhere=frozenset(n for n, one in numbered if not one.folders),
        nameless=frozenset(n for n, one in numbered if not one.names and not one.libraries),
    )


def _folders(patterns: Iterable[tuple[str, int]]) -> _Folders:
    exact: dict[str, list[tuple[_Test, int]]] = {}
    starts: list[tuple[str, _Test, int]] = []
    for pattern, number in patterns:
        last, star, _ = pattern.rpartition("/")[2].partition("*")
        if star:
            starts.append((last, _test(pattern), number))
        else:
            exact.setdefault(last, []).append((_test(pattern), number))
    return _Folders(exact, tuple(start for start, _, _ in starts), tuple(starts))


def _test(pattern: str) -> _Test:
    """Whether a path is a folder of a pattern, of which its last part is known to start as the pattern's does."""
    if "*" in pattern:
        expression = re.compile("[^/]*".join(map(re.escape, pattern.split("*"))))
        if pattern.startswith("/"):
            return lambda path: expression.fullmatch(path) is not None
        depth = pattern.count("/") + 1
        return lambda path: expression.fullmatch("/".join(path.rsplit("/", depth)[1:])) is not None
    if pattern.startswith("/"):
        return lambda path: path == pattern
    return lambda path: path.endswith(f"/{pattern}")


def _named(table: _Table, name: str) -> list[int]:
    """Numbers of the kinds that a name suits."""
    found = [*table.exact.get(name, ())]
    for start, end, number in table.ends.get(name.rpartition(".")[2], ()):
        if name.startswith(start) and name.endswith(end):
            found.append(number)
    if name.startswith(table.first_starts):
        found += [number for start, number in table.starts if name.startswith(start)]
    stem, dot, _ = name.partition(".so")
    if dot:
        # auditwheel puts part of a hash behind the name, NVIDIA the word alt
        bare = stem.partition("-")[0].partition(".")[0]
        found += table.libraries.get(stem, ()) or table.libraries.get(bare, ())
        found += [number for start, number in table.families if stem.startswith(start)]
    return found


# files come folder by folder
@lru_cache(maxsize=1 << 12)
def _placed(folder: str) -> _Placed:
    table = _table()
    return _suited(frozenset(_above(table.folders, folder)), frozenset(_above(table.within, folder)))


@lru_cache(maxsize=1 << 12)
def _suited(folders: frozenset[int], within: frozenset[int]) -> _Placed:
    """What a folder suits, by what it suits in each of two respects."""
    table = _table()
    fitting = (table.anywhere | folders) & (table.alone | within)
    return _Placed(fitting, tuple(fitting & table.nameless))


def _above(folders: _Folders, folder: str) -> Iterator[int]:
    """Numbers of the kinds one of whose patterns is a folder, or one that it is in."""
    end = 0
    for part in folder.split("/"):
        end += len(part) + 1
        tests = folders.exact.get(part, ())
        if tests:
            yield from (number for test, number in tests if test(folder[: end - 1]))
        if part.startswith(folders.starts):
            yield from (
                number
                for start, test, number in folders.open
                if part.startswith(start) and test(folder[: end - 1])
            )
