"""What belongs to the host and not into an image: drivers, kernel modules, container runtimes, stub libraries."""

from __future__ import annotations

import posixpath
import re
from datetime import date
from functools import cache, lru_cache
from typing import Literal

from imgtool.families.model import Evidence, fullmatch, fullmatches, load, rows, search
from imgtool.findings import Severity
from imgtool.regex import regex
from imgtool.values import NamedTuple

# inputs are bounded: longer ones are no package names and no command lines that people write
_MAX_NAME = 200
_MAX_TEXT = 20_000


class DriverFact(NamedTuple):
    """One kind of thing that an image should not have.

    ``vendor`` is empty where it is every vendor's. ``kind`` is ``driver`` (kernel modules, host services and
    stubs too), ``runtime``, ``monitoring``, ``query`` or ``retired``. ``unless`` says what makes a package
    harmless: the option ``no-recommends``, or a container ``engine`` in the same image. ``replacement`` is the
    package to install instead, where there is one; ``found`` the piece of a command line that says so.
    """

    id: str
    vendor: str
    severity: Severity
    regex: str
    why: str
    source: tuple[str, ...]
    evidence: Evidence
    kind: str = "driver"
    managers: tuple[str, ...] = ()
    argv0: str | None = None
    where: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    unless: str | None = None
    replace: tuple[tuple[str, str], ...] = ()
    replacement: str | None = None
    found: str | None = None
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


class RetiredKey(NamedTuple):
    """A signing key that the repositories under ``path`` stopped using; ``package`` installs the one in use."""

    id: str
    path: str
    instead: str
    retired: date | None
    package: str
    source: tuple[str, ...]
    evidence: Evidence


def retired_key(text: str) -> RetiredKey | None:
    """The retired key that a URL fetches, or None."""
    known = rows("drivers", "key", RetiredKey)
    return next((key for key in known if key.id in text.lower() and key.path in text), None)


def driver_package(manager: str, name: str) -> DriverFact | None:
    """Why a system package (name alone, without version and architecture) should not be installed, or None.

    ``manager`` is the command: ``apt-get``, ``dnf``, ... Other managers (conda, pip) know none.
    """
    kind = _kind(manager)
    if kind is None or len(name) > _MAX_NAME:
        return None
    known, patterns = _packages_of(kind)
    for number, _ in fullmatches(patterns, name, re.IGNORECASE):
        fact = known[number]
        return fact._replace(replacement=_replacement(fact, name.lower()))
    return None


@cache
def _packages_of(kind: str) -> tuple[list[DriverFact], tuple[str, ...]]:
    """The facts about packages of a kind of manager, and their patterns."""
    known = [fact for fact in rows("drivers", "package", DriverFact) if kind in fact.managers]
    return known, tuple(fact.regex for fact in known)


@cache
def _kind(manager: str) -> str | None:
    kinds: dict[str, list[str]] = load("drivers")["manager"]
    return next((kind for kind, commands in kinds.items() if manager in commands), None)


def _replacement(fact: DriverFact, name: str) -> str | None:
    for pattern, template in fact.replace:
        found = fullmatch(pattern, name)
        if found is not None:
            return found.expand(template)
    return None


@lru_cache(maxsize=1024)
def driver_command(text: str, argv0: str) -> DriverFact | None:
    """Why a command line should not be run while an image is built, or None.

    ``text`` is one command as the shell runs it, ``argv0`` its program: a file that is only downloaded or
    removed is not run.
    """
    program = posixpath.basename(argv0)[:_MAX_NAME]
    line = (program + text.removeprefix(argv0) if text.startswith(argv0) else text)[:_MAX_TEXT]
    for fact in _facts_of(program):
        found = search(fact.regex, line, re.IGNORECASE)
        if found is not None:
            return fact._replace(found=found[0].strip(" \t\n;&|"))
    return None


@lru_cache(maxsize=4096)
def driver_program(argv0: str) -> bool:
    """Whether any command line of a program can be of interest to :func:`driver_command`."""
    return bool(_facts_of(posixpath.basename(argv0)[:_MAX_NAME]))


@lru_cache(maxsize=4096)
def _facts_of(program: str) -> tuple[DriverFact, ...]:
    known = rows("drivers", "command", DriverFact)
    # most have the same
    named = {pattern for pattern in _programs() if fullmatch(pattern, program)}
    return tuple([fact for fact in known if fact.argv0 is None or fact.argv0 in named])


@cache
def _programs() -> frozenset[str]:
    """The patterns of programs that facts about commands have."""
    return frozenset(fact.argv0 for fact in rows("drivers", "command", DriverFact) if fact.argv0 is not None)


def driver_container(program: str) -> bool:
    """Whether an ENTRYPOINT's program says that installing a driver is what the image is for."""
    known: list[str] = load("drivers")["container"]["entrypoint"]
    return posixpath.basename(program) in known


def container_engine(name: str) -> bool:
    """Whether a system package, a volume, an image's full name or a script's URL is a container engine's.

    The image is then a host of containers itself.
    """
    return name.rstrip("/") in _engines()


@cache
def _engines() -> frozenset[str]:
    known: dict[str, list[str]] = load("drivers")["engine"]
    return frozenset().union(*known.values())


# what all that the rules for paths and installers find holds, in lower case; a variable may
_HINTS = regex(r"nvidia|libcuda|libnv|nv-fabric|ascend|dcmi|drvdsmi|npu-|amdgpu|cuda_|a\d00|\$")


def speaks_of_drivers(text: str) -> bool:
    """Whether a path, or a variable that may hold one, can be of interest to :func:`driver_path`: a fast look."""
    return _HINTS.search(text.lower()) is not None


@lru_cache(maxsize=4096)
def driver_path(path: str, *others: str) -> DriverFact | None:
    """Why a file or folder should not be copied or linked into an image, or None.

    ``others`` are more names of the same file, as where it is copied to; one that is allowed allows it.
    """
    texts = [text[:_MAX_TEXT] for text in (path, *others)]
    for fact in rows("drivers", "path", DriverFact):
        if _is_about(fact, texts):
            return fact
    return None


def _is_about(fact: DriverFact, texts: list[str]) -> bool:
    # most texts are about nothing: what allows them is asked last
    if not any(search(fact.regex, text) for text in texts):
        return False
    return not any(search(pattern, text) for pattern in fact.allow for text in texts)


def stub_path(value: str, where: Literal["env", "ldconfig", "run"] = "env") -> DriverFact | None:
    """Why a value of LD_LIBRARY_PATH, a line of ld.so.conf.d or a command line loads stub libraries, or None."""
    # as nearly all
    if "stub" not in value and "devlib" not in value:
        return None
    known = (fact for fact in rows("drivers", "stub", DriverFact) if where in fact.where)
    return next((fact for fact in known if _is_about(fact, [value[:_MAX_TEXT]])), None)
