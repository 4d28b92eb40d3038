"""System packages that only building needs, and what others bring along."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from imgtool.families.model import Evidence, fullmatches, rows
from imgtool.values import NamedTuple

_MAX_NAME = 200


class BuildOnly(NamedTuple):
    """Packages that a stage needs only to compile.

    ``keeps`` are packages that came with it and that what was compiled may need; ``library``: so may the
    library of the same name without the suffix. ``bytes`` is the installed size of a minimal closure,
    ``recommended_bytes`` with recommended packages.
    """

    managers: tuple[str, ...]
    pattern: str
    kind: str
    source: tuple[str, ...]
    evidence: Evidence
    keeps: tuple[str, ...] = ()
    library: bool = False
    bytes: int | None = None
    recommended_bytes: int | None = None


class Recommends(NamedTuple):
    """What a package brings besides when recommended packages are installed too; sizes as in :class:`BuildOnly`."""

    manager: str
    package: str
    brings: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence
    bytes: int | None = None
    recommended_bytes: int | None = None


class Installer(NamedTuple):
    """A package that installs others with ``program``; ``instead`` are its dependencies that a program may use."""

    manager: str
    package: str
    program: str
    instead: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence
    bytes: int | None = None
    recommended_bytes: int | None = None


class Libraries(NamedTuple):
    """What -dev packages of some systems (``debian-12``) bring for the run time; ``of`` maps them to it."""

    systems: tuple[str, ...]
    of: Mapping[str, tuple[str, ...]]
    source: tuple[str, ...]
    evidence: Evidence


class Toolkit(NamedTuple):
    """Packages that bring a whole toolkit (``kind`` toolkit), or tools that only developers start (profiler)."""

    managers: tuple[str, ...]
    pattern: str
    kind: str
    source: tuple[str, ...]
    evidence: Evidence


@lru_cache(maxsize=4096)
def toolkit(manager: str, name: str) -> Toolkit | None:
    """Whether a package is a toolkit or a developer's tool; ``manager`` as in :func:`build_only`."""
    known, patterns = _toolkits(manager)
    found = fullmatches(patterns, name) if len(name) <= _MAX_NAME else ()
    return next((known[number] for number, _ in found), None)


@lru_cache(maxsize=64)
def _toolkits(manager: str) -> tuple[list[Toolkit], tuple[str, ...]]:
    """Those of a manager, and their patterns."""
    known = [row for row in rows("packages", "toolkit", Toolkit) if manager in row.managers]
    return known, tuple(row.pattern for row in known)


def libraries_of(package: str, os: str | None, version: str | None) -> tuple[str, ...] | None:
    """The libraries of a -dev package on a system; empty for headers alone, None where they are not known."""
    system = f"{os}-{version}"
    found = (row.of for row in rows("packages", "libraries", Libraries) if system in row.systems)
    return next((of[package] for of in found if package in of), None)


@lru_cache(maxsize=4096)
def build_only(manager: str, name: str) -> BuildOnly | None:
    """Whether only building needs a package (name alone); None where that is not certain.

    ``manager`` is apt, apk, dnf or zypper; others of a kind go by its name (apt-get: apt, yum: dnf).
    """
    if len(name) > _MAX_NAME:
        return None
    known, patterns = _build_rows(manager)
    for number, found in fullmatches(patterns, name):
        row = known[number]
        return row._replace(keeps=tuple(found.expand(template) for template in row.keeps))
    return None


@lru_cache(maxsize=64)
def _build_rows(manager: str) -> tuple[list[BuildOnly], tuple[str, ...]]:
    """Those of a manager, and their patterns."""
    known = [row for row in rows("packages", "build", BuildOnly) if manager in row.managers]
    return known, tuple(row.pattern for row in known)


def recommends(manager: str, name: str) -> Recommends | None:
    """What installing a package brings besides, where that is known to matter."""
    known = rows("packages", "recommends", Recommends)
    return next((row for row in known if (row.manager, row.package) == (manager, name)), None)


def installers(manager: str) -> tuple[Installer, ...]:
    """The packages of a manager that are there to install others."""
    return tuple(row for row in rows("packages", "installer", Installer) if row.manager == manager)


def installer(manager: str, name: str) -> Installer | None:
    """Whether a package is there to install others (name alone)."""
    return next((row for row in installers(manager) if row.package == name), None)
