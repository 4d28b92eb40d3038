"""Configuration files: finding and reading them, and typed looks into their tables.

A table is raw; each room validates its own part of it with :class:`Section`, whose every complaint names the file,
the line where it can be found, and the key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import repeat
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from imgtool.syntax.source import open_regular
from imgtool.values import dataclass, field, lazy

if TYPE_CHECKING:
    from datetime import date

NAMES = (".imgtool.toml", "imgtool.toml", "pyproject.toml")
"""In one folder the first that there is counts; ``pyproject.toml`` only with a ``[tool.imgtool]`` table."""

MAX_FILE = 1 << 20
"""Bytes of the largest file that is read."""

_PYPROJECT = ("tool", "imgtool")

# keys within keys that a line is looked up for
_DEEPEST = 6

T = TypeVar("T")


class ConfigError(ValueError):
    """A configuration file that cannot be used. The text is one line: file, line, key, what is wrong."""

    def __init__(self, path: Path, message: str, line: int | None = None) -> None:
        super().__init__(f"{path}{f':{line}' if line else ''}: {message}")
        self.path = path
        self.line = line


@dataclass(frozen=True, eq=False)
class ConfigFile:
    """A file and its table: all of it, or ``[tool.imgtool]`` of a ``pyproject.toml`` (then ``prefix`` says so)."""

    path: Path
    table: Mapping[str, Any]
    prefix: tuple[str, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def folder(self) -> Path:
        """What the paths in the file are relative to."""
        return self.path.parent

    def section(self, *keys: str) -> Section:
        """A table by its keys; an empty one where the file has none.

        Raises:
            ConfigError: one of the keys holds something else.
        """
        section = Section(self, (), self.table)
        for key in keys:
            section = section.table_of(key)
        return section

    def error(self, keys: Iterable[str], message: str) -> ConfigError:
        """The error to raise about a key, named as in the file."""
        path = (*self.prefix, *keys)
        known = (path[:end] for end in range(len(path), 0, -1) if path[:end] in self._lines)
        return ConfigError(self.path, f"{dotted(path)}: {message}", next(map(self._lines.get, known), None))

    @lazy
    def _lines(self) -> dict[tuple[str, ...], int]:
        """The first lines of keys and of the tables that they are in, found by their looks: to point at, no more."""
        lines: dict[tuple[str, ...], int] = {}
        for path, number in _key_lines(self.text):
            for end in range(1, min(len(path), _DEEPEST) + 1):
                lines.setdefault(path[:end], number)
        return lines


# -- finding and reading ----------------------------------------------------------------------------------


def load(path: Path) -> ConfigFile:
    """The file that the user names. A ``pyproject.toml`` without our table is an empty configuration.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    prefix = _PYPROJECT if path.name == NAMES[-1] else ()
    text = read_text(path)
    return _config(path, text, prefix) or ConfigFile(path, MappingProxyType({}), prefix, text)


def for_file(path: Path, cache: dict[Path, ConfigFile | None]) -> ConfigFile | None:
    """The nearest configuration above a file: the first folder upward that holds one, none of the others.

    ``cache`` remembers folders between calls. For standard input, give the name that it stands for.

    Raises:
        ConfigError: the nearest one cannot be read, or is not TOML.
    """
    folder = path.parent.resolve()
    unknown: list[Path] = []
    found: ConfigFile | None = None
    for above in (folder, *folder.parents):
        if above in cache:
            found = cache[above]
            break
        unknown.append(above)
        found = _in_folder(above)
        if found is not None:
            break
    cache.update(dict.fromkeys(unknown, found))
    return found


def _in_folder(folder: Path) -> ConfigFile | None:
    for name in NAMES:
        path = folder / name
        # Path.is_file raises where the folder may not be entered
        if os.path.isfile(path):  # noqa: PTH113
            prefix = _PYPROJECT if name == NAMES[-1] else ()
            found = _config(path, read_text(path), prefix)
            if found is not None:
                return found
    return None


def _config(path: Path, text: str, prefix: tuple[str, ...]) -> ConfigFile | None:
    """None for a file without our table; one that does not even name it need not be TOML."""
    if prefix and prefix[-1] not in text:
        return None
    table: Any = _parsed(path, text)
    for key in prefix:
        table = table.get(key) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(path, f"{dotted(prefix)}: must be a table")
    return ConfigFile(path, MappingProxyType(table), prefix, text)


def read_text(path: Path) -> str:
    """The text of a configuration file.

    Raises:
        ConfigError: it cannot be read, is larger than :data:`MAX_FILE`, or not UTF-8.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise ConfigError(path, f"is larger than {MAX_FILE:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, "is not UTF-8", line) from None


# tomllib keeps every beginning of a dotted key: one of 100 kB takes it gigabytes
_LONG_KEY = r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){50}"""
_AT_LINE = r" \(at (?:line (\d+), column \d+|end of document)\)$"


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - 10 ms that most runs do not need

    if found := re.search(_LONG_KEY, text):
        raise ConfigError(path, "is nested too deeply", text.count("\n", 0, found.start()) + 1)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(_AT_LINE, message)
        line = int(at[1] or text.rstrip().count("\n") + 1) if at else None
        raise ConfigError(path, f"is not TOML: {re.sub(_AT_LINE, '', message)}", line) from None
    except RecursionError:
        raise ConfigError(path, "is nested too deeply") from None


_KEY = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]"
_ASSIGNMENT = rf"[ \t]*({_DOTTED})[ \t]*="


def _key_lines(text: str) -> Iterable[tuple[tuple[str, ...], int]]:
    table: tuple[str, ...] = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(_HEADER, line):
            table = _keys(header[1])
            if line.lstrip().startswith("[["):
                seen[table] = seen.get(table, 0) + 1
                table = (*table, str(seen[table]))
            yield table, number
        elif assignment := re.match(_ASSIGNMENT, line):
            yield (*table, *_keys(assignment[1])), number


def _keys(text: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, text))


# -- looking into tables ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a configuration file. Each getter gives None where the key is missing.

    Each raises :class:`ConfigError` where the value is of another kind than asked for.
    """

    file: ConfigFile
    keys: tuple[str, ...]
    table: Mapping[str, Any]

    def error(self, key: str, message: str) -> ConfigError:
        """The error to raise about one of the table's keys."""
        return self.file.error((*self.keys, key), message)

    def only(self, known: Collection[str], elsewhere: Mapping[str, str] = MappingProxyType({})) -> None:
        """Refuse a key that is not one of those known, with the nearest as a suggestion.

        ``elsewhere`` are keys of other tables, each with the words that say where it belongs.
        """
        for key in self.table:
            if key not in known:
                raise self.error(key, f"unknown key{nearest(key, known, elsewhere)}")

    def table_of(self, key: str) -> Section:
        """A table within; an empty one where the key is missing."""
        table = self._get(key, dict, "a table")
        return Section(self.file, (*self.keys, key), MappingProxyType(table or {}))

    def tables(self, key: str) -> tuple[Section, ...]:
        """The tables of a list, ``[[key]]`` in the file; the first one is number 1 where it is spoken of."""
        values = self._get(key, list, "a list of tables") or []
        if not all(isinstance(value, dict) for value in values):
            raise self.error(key, "must be a list of tables")
        keys = ((*self.keys, key, str(number)) for number in range(1, len(values) + 1))
        return tuple(map(Section, repeat(self.file), keys, map(MappingProxyType, values)))

    def string(self, key: str, choices: Collection[str] = ()) -> str | None:
        """A string, one of ``choices`` where there are any."""
        value = self._get(key, str, "a string")
        if value is not None and choices and value not in choices:
            raise self.error(
                key, f"must be one of {', '.join(choices)}, not {value!r}{nearest(value, choices)}"
            )
        return value

    def boolean(self, key: str) -> bool | None:
        return self._get(key, bool, "true or false")

    def integer(self, key: str) -> int | None:
        return self._get(key, int, "a whole number")

    def date(self, key: str) -> date | None:
        """A day, as TOML has it."""
        from datetime import date  # noqa: PLC0415 - tomllib loads it, and most runs read no file

        return self._get(key, date, "a date, as 2030-12-31 without quotes")

    def strings(self, key: str) -> tuple[str, ...] | None:
        """A list of strings."""
        values = self._get(key, list, "a list of strings")
        if values is None:
            return None
        if not all(type(value) is str for value in values):
            raise self.error(key, "must be a list of strings")
        return tuple(values)

    def path(self, key: str) -> Path | None:
        """A path, relative to the file."""
        value = self.string(key)
        return None if value is None else self.file.folder / value

    def build(self, options: type[T]) -> T:
        """A frozen dataclass from the table: keys are its fields with dashes, missing ones keep their defaults.

        Fields may be ``bool``, ``int``, ``str`` and ``tuple[str, ...]``.
        """
        from dataclasses import fields  # noqa: PLC0415 - slow to load, and few rules have options

        # dataclass types have no common type to ask for
        kinds = {f.name.replace("_", "-"): str(f.type) for f in fields(options)}  # type: ignore[arg-type]
        self.only(kinds)
        getters: Mapping[str, Callable[[str], Any]] = {
            "bool": self.boolean,
            "int": self.integer,
            "str": self.string,
            "tuple[str, ...]": self.strings,
        }
        values = {
            key.replace("-", "_"): getters[kind](key) for key, kind in kinds.items() if key in self.table
        }
        return options(**values)

    def _get(self, key: str, kind: type[T], expected: str) -> T | None:
        value = self.table.get(key)
        # an integer is not asked for where True would do, so exactly the kind
        if value is not None and type(value) is not kind:
            raise self.error(key, f"must be {expected}")
        return value


def dotted(keys: Iterable[str]) -> str:
    """Keys as TOML writes them: quoted where they must be."""
    return ".".join(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key) for key in keys)


def _quoted(key: str) -> str:
    escaped = key.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def nearest(word: str, known: Iterable[str], elsewhere: Mapping[str, str] = MappingProxyType({})) -> str:
    """`` (did you mean X?)``, or nothing. What is known ``elsewhere`` is called what it stands for there."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms that only an error needs

    near = get_close_matches(word, [*known, *elsewhere], 1)
    return f" (did you mean {elsewhere.get(near[0], near[0])}?)" if near else ""
