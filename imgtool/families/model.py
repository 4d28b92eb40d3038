"""Family data: the TOML files beside this module, read when asked for, checked, and turned into frozen rows.

Every fact names its sources (ids of ``sources.toml``) and its evidence: V read in a primary source or
measured, S a secondary public report, I inferred. Callers that must not rely on inference look at
``evidence``. Lists of plain words are written as one string, which reads and parses faster.

Rows are NamedTuples: defining one takes a third of the time of a frozen slotted dataclass, and every start pays it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args

from imgtool.findings import Severity
from imgtool.regex import compiled, regex
from imgtool.values import NamedTuple

Evidence = Literal["V", "S", "I"]
Measure = Literal["transfer", "unpacked"]
ShellName = Literal["dash", "bash", "busybox"]
Libc = Literal["glibc", "musl"]
Row = TypeVar("Row")
Reader: TypeAlias = Callable[[Any], Any]

_FOLDER = Path(__file__).parent

# the default of a field that maps
NOTHING: Mapping[str, Any] = MappingProxyType({})


class FamilyDataError(ValueError):
    """A data file says something that the model does not know; the message names file and key."""


class Source(NamedTuple):
    """Where facts come from."""

    what: str


@cache
def load(name: str) -> Mapping[str, Any]:
    """One data file as TOML gives it; in a wheel, from the module that setup.py made of it.

    Raises:
        FamilyDataError: the file is not there or is not TOML.
    """
    with suppress(ImportError, KeyError):
        from imgtool.families._data import TABLES  # noqa: PLC0415 - only wheels have it

        return cast("Mapping[str, Any]", TABLES[name])
    import tomllib  # noqa: PLC0415 - see above

    try:
        return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FamilyDataError(f"{name}.toml: {error}") from error


def rows(name: str, table: str, cls: type[Row]) -> tuple[Row, ...]:
    """The rows of one table of a file, each as ``cls``, a NamedTuple; built once.

    Raises:
        FamilyDataError: an unknown or missing key, or a value of the wrong kind.
    """
    found: tuple[Row, ...] | None = _BUILT.get((name, table, cls))
    if found is None:
        given = enumerate(load(name).get(table, []))
        found = tuple(build(cls, row, f"{name}.toml: {table}[{n}]") for n, row in given)
        _BUILT[name, table, cls] = found
    return found


# functools.cache would lose the type of the rows
_BUILT: dict[tuple[str, str, Any], Any] = {}


def build(cls: type[Row], table: Mapping[str, Any], where: str) -> Row:
    """One TOML table as a row of ``cls``, a NamedTuple, every key and kind checked."""
    readers, required = _plan(cast("Any", cls))
    values = {}
    for key, value in table.items():
        name = _RESERVED.get(key, key)
        if name not in readers:
            raise FamilyDataError(f"{where}: unknown key {key!r}")
        kind, reader = readers[name]
        if reader is None:
            raise FamilyDataError(f"{where}: the model has no reader for {kind}")
        try:
            values[name] = reader(value)
        except (TypeError, ValueError, AttributeError) as error:
            raise FamilyDataError(f"{where}.{key}: {value!r} is not {kind}") from error
    for name in required:
        if name not in values:
            raise FamilyDataError(f"{where}: {name!r} is missing")
    return cls(**values)


@cache
def _plan(cls: Any) -> tuple[Mapping[str, tuple[str, Reader | None]], tuple[str, ...]]:
    """The annotation and reader of each field, and the fields that a row must have."""
    readers = {}
    for name, annotation in cls.__annotations__.items():
        # NamedTuple keeps a postponed annotation as a ForwardRef
        kind = getattr(annotation, "__forward_arg__", annotation)
        readers[name] = kind, _READERS.get(kind)
    return readers, tuple(name for name in cls._fields if name not in cls._field_defaults)


# keys that are keywords in Python
_RESERVED = {"from": "from_", "is": "is_"}


def _is(*types: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) not in types:
            raise TypeError
        return value

    return read


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise TypeError


def _mapping(reader: Reader) -> Reader:
    return lambda value: MappingProxyType({key: reader(item) for key, item in value.items()})


def _one_of(words: Any) -> Reader:
    known = get_args(words)

    def read(value: Any) -> Any:
        if value not in known:
            raise ValueError
        return value

    return read


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_is(str)(old), _is(str)(new)) for old, new in value)


# how a value is read, by the annotation of its field
_READERS: Mapping[str, Reader] = {
    "str": _is(str),
    "str | None": _is(str),
    "bool": _is(bool),
    "int": _is(int),
    "int | None": _is(int),
    "date | None": _is(date),
    "Severity": Severity,
    "Evidence": _one_of(Evidence),
    "Measure": _one_of(Measure),
    "ShellName": _one_of(ShellName),
    "Libc": _one_of(Libc),
    "tuple[str, ...]": _words,
    "tuple[str, ...] | None": _words,
    "tuple[tuple[str, str], ...]": _pairs,
    "Mapping[str, str]": _mapping(_is(str)),
    "Mapping[str, tuple[str, ...]]": _mapping(_words),
}


def fullmatch(pattern: str, text: str, flags: int = 0) -> re.Match[str] | None:
    """What a regular expression of the data finds, compiled only for a text that begins as every match does."""
    if text.isascii() and not text.lower().startswith(_leads(pattern)):
        return None
    return _compiled(pattern, flags).fullmatch(text)


def fullmatches(patterns: tuple[str, ...], text: str, flags: int = 0) -> Iterator[tuple[int, re.Match[str]]]:
    """What :func:`fullmatch` finds of several patterns, each with its number, in order."""
    low = text.lower() if text.isascii() else None
    every, anyhow, by_letter = _by_letter(patterns)
    for number, leads, pattern in every if low is None else by_letter.get(low[:1], anyhow):
        if low is None or low.startswith(leads):
            found = _compiled(pattern, flags).fullmatch(text)
            if found is not None:
                yield number, found


# a pattern, its number among others, and what its matches begin with
_Begun: TypeAlias = tuple[int, tuple[str, ...], str]


@cache
def _by_letter(patterns: tuple[str, ...]) -> tuple[list[_Begun], list[_Begun], dict[str, list[_Begun]]]:
    """All of them, those whose matches may begin with anything, and with these those for each other first letter."""
    every = [(number, _leads(pattern), pattern) for number, pattern in enumerate(patterns)]
    letters = [{lead[:1] for lead in leads} for _, leads, _ in every]
    anyhow = [one for one, own in zip(every, letters, strict=True) if "" in own]
    known = set().union(*letters) - {""}
    return (
        every,
        anyhow,
        {c: [one for one, own in zip(every, letters, strict=True) if "" in own or c in own] for c in known},
    )


def match(pattern: str, text: str) -> re.Match[str] | None:
    """Likewise, from the start of a text."""
    if text.isascii() and not text.lower().startswith(_leads(pattern)):
        return None
    return _compiled(pattern, 0).match(text)


def search(pattern: str, text: str, flags: int = 0) -> re.Match[str] | None:
    """Likewise, anywhere in a text."""
    if text.isascii():
        low = text.lower()
        for lead in _leads(pattern):
            if lead in low:
                break
        else:
            return None
    return _compiled(pattern, flags).search(text)


@cache
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return compiled(pattern, flags)


_MARKS = regex(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|([(|)])", re.DOTALL)
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/ @:,="
_OPTIONAL = ("*", "?", "{")


@cache
def _leads(pattern: str) -> tuple[str, ...]:
    """What matches of a regular expression begin with, in lower case: each with one of these, maybe the empty text."""
    return tuple(lead for branch in _branches(pattern) for lead in _leads_of(branch))


def _branches(pattern: str) -> list[str]:
    """The alternatives outside of all groups."""
    depth, start, found = 0, 0, []
    for mark in _MARKS.finditer(pattern):
        if mark[1] == "|" and not depth:
            found.append(pattern[start : mark.start()])
            start = mark.end()
        depth += {"(": 1, ")": -1}.get(mark[1], 0)
    return [*found, pattern[start:]]


def _leads_of(branch: str) -> tuple[str, ...]:
    plain = len(branch) - len(branch.lstrip(_PLAIN))
    if plain or not branch.startswith("(?:"):
        return (branch[: max(plain - branch[plain : plain + 1].startswith(_OPTIONAL), 0)].lower(),)
    depth = 0
    for mark in _MARKS.finditer(branch):
        depth += {"(": 1, ")": -1}.get(mark[1], 0)
        if not depth and mark[1] == ")":
            optional = branch[mark.end() : mark.end() + 1].startswith(_OPTIONAL)
            return ("",) if optional else _leads(branch[3 : mark.start()])
    return ("",)


@cache
def collected() -> date:
    """The day at which end of life is judged."""
    return cast("date", load("index")["collected"])


@cache
def sources() -> Mapping[str, Source]:
    """Every source by its id."""
    found = load("sources")
    return MappingProxyType({key: build(Source, row, f"sources.toml: {key}") for key, row in found.items()})


_PRE_RELEASE_OF_RC = regex(r"(rc\d+)[.-](?:alpha|beta)\.?(\d+)")


# epoch, release, and how far it is: pre-release, post-release, development release
Order: TypeAlias = tuple[int, tuple[int, ...], tuple[int, int], int, float]


@cache
def order(version: str | None) -> Order | None:
    """What versions compare by, as :pep:`440` has it; None where one is none (``8.2.rc1.alpha003`` is before ``8.2.rc1``)."""
    if version is None:
        return None
    parts = version.split(".")
    if all(part.isascii() and part.isdecimal() and len(part) < _LONG for part in parts):
        return (0, _release(tuple(map(int, parts))), _FINAL, -1, inf)
    # 7 ms that most files do not need
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        read = Version(_PRE_RELEASE_OF_RC.sub(r"\1.dev\2", version.lower()))
    except InvalidVersion:
        return None
    only_dev = read.dev is not None and read.post is None
    pre = (_PRE[read.pre[0]], read.pre[1]) if read.pre else (_BEFORE_PRE if only_dev else _FINAL)
    post = -1 if read.post is None else read.post
    return (read.epoch, _release(read.release), pre, post, inf if read.dev is None else read.dev)


_LONG = 20
_PRE = {"a": 1, "b": 2, "rc": 3}
_BEFORE_PRE, _FINAL = (0, 0), (4, 0)


def _release(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers without zeros at the end: 12.0 is 12."""
    last = max((n for n, number in enumerate(numbers, 1) if number), default=0)
    return numbers[:last]


def within(version: str | None, since: str | None, before: str | None) -> bool:
    """Whether a version lies in ``since <= version < before``; False where that cannot be told."""
    if since is None and before is None:
        return True
    found, low, high = order(version), order(since), order(before)
    if found is None:
        return False
    return (low is None or low <= found) and (high is None or found < high)
