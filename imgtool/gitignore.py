"""Patterns as ``.gitignore`` has them: for that file, and for every list of paths in imgtool's configuration.

Read as git reads them (``dir.c``, ``wildmatch.c``; gitignore(5)), byte for byte. On our own automaton: pathspec's
regular expressions take minutes for a name of a hundred letters and a pattern with six stars, and both may come from
a stranger's repository.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from operator import contains
from pathlib import Path

from imgtool.facts.automaton import (
    POSIX,
    Char,
    Matcher,
    Maybe,
    Node,
    Star,
    Test,
    any_of,
    anything,
    automaton,
    between,
    literal,
    not_slash,
)
from imgtool.syntax.source import BOM, open_regular
from imgtool.values import dataclass, field

MAX_FILE = 1 << 20
"""Bytes of the largest ``.gitignore`` that is read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One pattern. ``named`` is one without a slash: it is matched with the last part of a path."""

    negated: bool
    folders: bool
    named: bool
    matches: Matcher = field(repr=False)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns in their order and the folder that they speak of. The last one that matches decides."""

    base: Path
    lines: tuple[Line, ...] = ()

    @staticmethod
    def of(base: Path, texts: Iterable[str]) -> Patterns:
        """Patterns given one by one, as a configuration file has them."""
        data = "\n".join(texts).encode("utf-8", "surrogateescape")
        return Patterns(base, tuple(_lines(data)))

    @staticmethod
    def read(path: Path) -> Patterns | None:
        """Those of a file; None where it is none of ours to read: missing, a link (as in git), a pipe, or far too large."""
        try:
            if path.is_symlink():
                return None
            with open_regular(path) as file:
                data = file.read(MAX_FILE + 1)
        except OSError:
            return None
        return Patterns(path.parent, tuple(_lines(data))) if len(data) <= MAX_FILE else None

    def decide(self, path: Path, *, folder: bool) -> bool | None:
        """Whether a path is matched (True), let in again by a ``!`` (False), or not spoken of (None)."""
        name = self._name(path)
        return None if name is None else self._decide(name, folder)

    def covers(self, path: Path, *, folder: bool = False) -> bool:
        """Whether a path, or a folder that it is in, is matched; nothing below a matched folder is let in again."""
        name = self._name(path)
        if name is None:
            return False
        folders = (name[:at] for at, char in enumerate(name) if char == "/")
        return any(self._decide(above, True) for above in folders) or bool(self._decide(name, folder))

    def finder(self) -> Callable[[str], bool]:
        """:meth:`covers` for many files, by their names below the base, with ``/``; it remembers folders."""
        folders = {"": False}

        def inside(folder: str) -> bool:
            if folder not in folders:
                ends = (at for at, char in enumerate(folder + "/") if char == "/")
                folders[folder] = any(self._decide(folder[:at], True) for at in ends)
            return folders[folder]

        def covers(name: str) -> bool:
            name = os.fsencode(name).decode("latin-1")
            return inside(name.rpartition("/")[0]) or bool(self._decide(name, False))

        return covers

    def _name(self, path: Path) -> str | None:
        """The path below the base, with ``/``, one character a byte as git sees it."""
        if not self.lines or path == self.base or not path.is_relative_to(self.base):
            return None
        return os.fsencode(path.relative_to(self.base).as_posix()).decode("latin-1")

    def _decide(self, name: str, folder: bool) -> bool | None:
        last = name.rpartition("/")[2]
        for line in reversed(self.lines):
            if (folder or not line.folders) and line.matches(last if line.named else name):
                return not line.negated
        return None


def _lines(data: bytes) -> Iterator[Line]:
    for raw in data.removeprefix(BOM).decode("latin-1").split("\n"):
        text = _without_spaces(raw.removesuffix("\r"))
        if not text or text.startswith("#"):
            continue
        negated = text.startswith("!")
        text = text[negated:]
        pattern = text.removesuffix("/")
        with suppress(_VoidError):
            matches = automaton(_nodes(pattern.removeprefix("/")))
            yield Line(negated, pattern != text, "/" not in pattern, matches)


def _without_spaces(text: str) -> str:
    """Without the spaces at the end, but for one that a backslash stands before."""
    end = len(text.rstrip(" "))
    backslashes = end - len(text[:end].rstrip("\\"))
    return text[: end + 1] if backslashes % 2 else text[:end]


# -- wildmatch --------------------------------------------------------------------------------------------


class _VoidError(Exception):
    """A pattern that matches nothing: an open class, an unknown one, a backslash at the end."""


def _nodes(pattern: str) -> list[Node]:
    nodes: list[Node] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "*":
            at = _stars(pattern, at, nodes)
        elif pattern[at] == "?":
            nodes.append(Char(not_slash))
            at += 1
        elif pattern[at] == "[":
            test, at = _class(pattern, at + 1)
            nodes.append(Char(test))
        else:
            char, at = _plain(pattern, at)
            nodes.append(literal(char))
    return nodes


def _plain(pattern: str, at: int) -> tuple[str, int]:
    """A character that means itself, or any behind a backslash."""
    at += pattern.startswith("\\", at)
    if at >= len(pattern):
        raise _VoidError
    return pattern[at], at + 1


_FOLDERS: tuple[Node, ...] = (Maybe(), Star(anything), Char(partial(contains, "/")))


def _stars(pattern: str, at: int, nodes: list[Node]) -> int:
    """Two stars between slashes are any number of folders; all others stop at a slash."""
    end = at
    while pattern.startswith("*", end):
        end += 1
    free = end - at > 1 and (at == 0 or pattern[at - 1] == "/")
    if free and pattern.startswith("/", end):
        # twice in a row says no more than once
        nodes.extend(_FOLDERS if tuple(nodes[-3:]) != _FOLDERS else ())
        return end + 1
    nodes.append(Star(anything if free and pattern[end : end + 2] in {"", "\\/"} else not_slash))
    return end


def _class(pattern: str, at: int) -> tuple[Test, int]:
    negated = pattern[at : at + 1] in {"!", "^"}
    at += negated
    tests: list[Test] = []
    low = ""
    while not (tests and pattern.startswith("]", at)):
        if named := _named(pattern, at):
            chars, at = named
            test, low = partial(contains, chars), ""
        elif low and pattern.startswith("-", at) and pattern[at + 1 : at + 2] not in {"", "]"}:
            high, at = _plain(pattern, at + 1)
            test, low = partial(between, low, high), ""
        else:
            low, at = _plain(pattern, at)
            test = partial(between, low, low)
        tests.append(test)
    return partial(_but_slash, partial(any_of, negated, tuple(tests))), at + 1


def _but_slash(test: Test, char: str) -> bool:
    return char != "/" and test(char)


def _named(pattern: str, at: int) -> tuple[frozenset[str], int] | None:
    """``[:alpha:]``."""
    end = pattern.find("]", at + 2)
    if not pattern.startswith("[:", at) or end < at + 3 or pattern[end - 1] != ":":
        return None
    chars = POSIX.get(pattern[at + 2 : end - 1])
    if chars is None:
        raise _VoidError
    return chars, end + 1
