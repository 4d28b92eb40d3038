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
    libraries in Python packages.
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


OTHER = Kind("other", "everything else", "other", (), "V")
TWICE_CODE = "IMG105"


@cache
def known_kinds() -> tuple[Kind, ...]:
    """All kinds in the order in which they are tried; what package managers keep comes first."""
    caches = (
        Kind(
            one.name,
            f"{' '.join(one.managers[:1])}: {one.what}",
            "caches",
            one.source,
            one.evidence,
            tuple(dict.fromkeys((*one.folders, *one.mounts))),
            code=_CACHE_CODE,
        )
        for one in package_caches()
    )
    return (*caches, *chain.from_iterable(map(_both, rows("kinds", "kind", Kind))))


def _both(kind: Kind) -> tuple[Kind, ...]:
    """A kind, after the one of the same libraries in wheels where there is such."""
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


def kind_of(path: str, size: int) -> Kind:
    """The kind of a file at an absolute path that has ``size`` bytes."""
    table = _table()
    folder, _, name = path.rpartition("/")
    placed = _placed(folder)
    for number in sorted({*_named(table, name), *placed.whole}):
        if number in placed.fitting and size >= table.kinds[number].least:
            return table.kinds[number]
    return OTHER


def with_twins(kinds: Iterable[Kind]) -> dict[str, str | None]:
    """The codes of kinds that one image holds together, by their ``id``: a second CUDA is one too many."""
    kinds = tuple(kinds)
    there = {one.id for one in kinds}
    return {one.id: TWICE_CODE if one.twin in there else one.code for one in kinds}


class _Table(NamedTuple):
    """The kinds, and their numbers by what tells them."""

    kinds: tuple[Kind, ...]
    exact: Mapping[str, list[int]]
    #: the starts and ends of names, by the last extension
    ends: Mapping[str, list[tuple[str, str, int]]]
    starts: tuple[tuple[str, int], ...]
    libraries: Mapping[str, list[int]]
    families: tuple[tuple[str, int], ...]
    folders: tuple[tuple[_Test, int], ...]
    within: tuple[tuple[_Test, int], ...]
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
    return _Table(
        kinds=kinds,
        exact=exact,
        ends=ends,
        starts=tuple(starts),
        libraries=libraries,
        families=tuple((s[:-1], n) for n, one in numbered for s in one.libraries if s.endswith("*")),
        folders=tuple((_test(pattern), n) for n, one in numbered for pattern in one.folders),
        within=tuple((_test(pattern), n) for n, one in numbered for pattern in one.within),
        alone=frozenset(n for n, one in numbered if not one.within),
        anywhere=frozenset(n for n, one in numbered if not one.folders),
        nameless=frozenset(n for n, one in numbered if not one.names and not one.libraries),
    )


def _named(table: _Table, name: str) -> Iterator[int]:
    """Numbers of the kinds that a name suits."""
    yield from table.exact.get(name, ())
    ends = table.ends.get(name.rpartition(".")[2], ())
    yield from (n for start, end, n in ends if name.startswith(start) and name.endswith(end))
    yield from (n for start, n in table.starts if name.startswith(start))
    stem, dot, _ = name.partition(".so")
    if dot:
        # auditwheel puts part of a hash behind the name, NVIDIA the word alt
        bare = stem.partition("-")[0].partition(".")[0]
        yield from table.libraries.get(stem, ()) or table.libraries.get(bare, ())
        yield from (n for start, n in table.families if stem.startswith(start))


@lru_cache(maxsize=1 << 16)
def _placed(folder: str) -> _Placed:
    table = _table()
    path = f"{folder}/"
    fitting = table.anywhere.union(n for test, n in table.folders if test(path))
    fitting &= table.alone.union(n for test, n in table.within if test(path))
    return _Placed(fitting, tuple(fitting & table.nameless))


def _test(pattern: str) -> _Test:
    """Whether a path with a slash behind it is a folder of a pattern, or below one."""
    text, rooted = f"/{pattern.strip('/')}/", pattern.startswith("/")
    if "*" not in pattern:
        return (lambda path: path.startswith(text)) if rooted else (lambda path: text in path)
    expression = re.compile("[^/]*".join(map(re.escape, text.split("*"))))
    look = expression.match if rooted else expression.search
    return lambda path: look(path) is not None
