"""What programs do to a file system, by the use that is made of them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from imgtool.families.model import Evidence, fullmatch, rows
from imgtool.regex import regex
from imgtool.values import NamedTuple

_MAX_NAME = 200
# gcc-12, python3.11, clang++-15
_VERSION = regex(r"-?\d+(?:\.\d+)*\Z")


class Program(NamedTuple):
    """One use of some programs. ``kind`` is a word of :class:`imgtool.rewrite.kinds.Kind`.

    It counts for every use where neither ``verbs`` (first operand) nor ``options`` (any word) are given, else for
    one that has one of them, and ``alone`` no other word.
    """

    names: tuple[str, ...]
    kind: str
    source: tuple[str, ...]
    evidence: Evidence
    verbs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    alone: bool = False


class ScriptFile(NamedTuple):
    """Files that are run or read by a shell, by the name that their makers give them.

    ``installs``: it adds packages of the system or users, which cannot be seen from outside.
    """

    pattern: str
    kind: str
    source: tuple[str, ...]
    evidence: Evidence
    installs: bool = False


@cache
def _by_name() -> dict[str, tuple[Program, ...]]:
    found: dict[str, list[Program]] = {}
    for row in rows("commands", "program", Program):
        for name in row.names:
            found.setdefault(name, []).append(row)
    return {name: tuple(programs) for name, programs in found.items()}


def program(name: str, verb: str, words: Collection[str]) -> Program | None:
    """The use of a program by its first operand and all its words; None where it is not known."""
    known = _by_name().get(name) or _by_name().get(_VERSION.sub("", name[:_MAX_NAME]), ())
    for row in known:
        plain = not row.verbs and not row.options
        said = verb in row.verbs or not set(row.options).isdisjoint(words)
        if plain or (said and not (row.alone and len(words) > 1)):
            return row
    return None


def script_file(name: str) -> ScriptFile | None:
    """What a script of that name does; None where the name does not tell."""
    return _file("script", name)


def sourced_file(name: str) -> ScriptFile | None:
    """What reading a file of that name into a shell does; None where the name does not tell."""
    return _file("sourced", name)


def _file(table: str, name: str) -> ScriptFile | None:
    known = rows("commands", table, ScriptFile) if len(name) <= _MAX_NAME else ()
    return next((row for row in known if fullmatch(row.pattern, name)), None)
