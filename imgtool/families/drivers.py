"""What belongs to the host and not into an image: drivers, kernel modules, container runtimes, stub libraries."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from imgtool.families.model import Evidence, compiled, load, rows
from imgtool.findings import Severity

# inputs are bounded: longer ones are no package names and no command lines that people write
_MAX_NAME = 200
_MAX_TEXT = 20_000


class DriverFact(NamedTuple):
    """One kind of thing that an image should not have.

    ``vendor`` is empty where it is every vendor's. ``unless`` names an option under which a package is
    harmless (``no-recommends``). ``replacement`` is the package to install instead, where there is one.
    """

    id: str
    vendor: str
    severity: Severity
    regex: str
    why: str
    source: tuple[str, ...]
    evidence: Evidence
    managers: tuple[str, ...] = ()
    argv0: str | None = None
    where: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    unless: str | None = None
    replace: tuple[tuple[str, str], ...] = ()
    replacement: str | None = None
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def driver_package(manager: str, name: str) -> DriverFact | None:
    """Why a system package (name alone, without version and architecture) should not be installed, or None.

    ``manager`` is the command: ``apt-get``, ``dnf``, ... Other managers (conda, pip) know none.
    """
    kind = _kind(manager)
    if kind is None or len(name) > _MAX_NAME:
        return None
    for fact in rows("drivers", "package", DriverFact):
        if kind in fact.managers and compiled(fact.regex, re.IGNORECASE).fullmatch(name):
            return fact._replace(replacement=_replacement(fact, name.lower()))
    return None


@cache
def _kind(manager: str) -> str | None:
    kinds: dict[str, list[str]] = load("drivers")["manager"]
    return next((kind for kind, commands in kinds.items() if manager in commands), None)


def _replacement(fact: DriverFact, name: str) -> str | None:
    for pattern, template in fact.replace:
        found = compiled(pattern).fullmatch(name)
        if found is not None:
            return found.expand(template)
    return None


def driver_command(text: str, argv0: str) -> DriverFact | None:
    """Why a command line should not be run while an image is built, or None.

    ``text`` is one command as the shell runs it, ``argv0`` its program: a file that is only downloaded or
    removed is not run.
    """
    program = posixpath.basename(argv0)[:_MAX_NAME]
    line = (program + text.removeprefix(argv0) if text.startswith(argv0) else text)[:_MAX_TEXT]
    for fact in rows("drivers", "command", DriverFact):
        if fact.argv0 is not None and compiled(fact.argv0).fullmatch(program) is None:
            continue
        if compiled(fact.regex, re.IGNORECASE).search(line):
            return fact
    return None


def driver_path(path: str) -> DriverFact | None:
    """Why a file or folder should not be copied or linked into an image, or None."""
    return _search(rows("drivers", "path", DriverFact), path)


def stub_path(value: str, where: Literal["env", "ldconfig", "run"] = "env") -> DriverFact | None:
    """Why a value of LD_LIBRARY_PATH, a line of ld.so.conf.d or a command line loads stub libraries, or None."""
    known = rows("drivers", "stub", DriverFact)
    return _search((fact for fact in known if where in fact.where), value)


def _search(facts: Iterable[DriverFact], text: str) -> DriverFact | None:
    text = text[:_MAX_TEXT]
    for fact in facts:
        allowed = any(compiled(pattern).search(text) for pattern in fact.allow)
        if not allowed and compiled(fact.regex).search(text):
            return fact
    return None
