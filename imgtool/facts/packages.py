"""What a command does to packages: which manager, which operation, which packages, with which options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from imgtool.edits import Span
from imgtool.facts.argv import Option
from imgtool.facts.commands import Arg, Command
from imgtool.regex import regex
from imgtool.values import NamedTuple

__all__ = ["Operation", "Package", "PackageOperation", "PackageSource", "operations"]


class Operation(StrEnum):
    """What is done. ``DOWNLOAD`` fetches without installing; ``RUNFILE`` runs a self-extracting installer.

    ``ENVIRONMENT`` makes an empty environment; ``BUILD`` builds a project and may fetch what it needs;
    ``QUERY`` and ``OTHER`` leave packages alone.
    """

    INSTALL = "install"
    REMOVE = "remove"
    REFRESH = "refresh"
    UPGRADE = "upgrade"
    CLEAN = "clean"
    DOWNLOAD = "download"
    BUILD = "build"
    ENVIRONMENT = "environment"
    CLONE = "clone"
    FETCH = "fetch"
    RUNFILE = "runfile"
    QUERY = "query"
    OTHER = "other"


class PackageSource(StrEnum):
    """Where a package comes from."""

    INDEX = "index"
    PATH = "path"
    FILE = "file"
    URL = "url"
    VCS = "vcs"


class Package(NamedTuple):
    """A package as an operand names it.

    ``name`` is normalised (:pep:`503` for Python; without architecture for deb and rpm), ``""`` where the
    operand does not tell it; ``spec`` is the version or constraint as written, with its operator. ``name`` and
    ``spec`` hold ``$…`` where the operand does. ``marker`` is a Python environment marker, ``channel`` conda's.
    """

    name: str
    spec: str | None
    raw: str
    span: Span
    extras: tuple[str, ...] = ()
    source: PackageSource = PackageSource.INDEX
    marker: str | None = None
    channel: str | None = None


class PackageOperation(NamedTuple):
    """One operation of a package manager, a download or an installer.

    ``manager`` is the program (``apt-get``, ``pip``, ``uv``, ``git``, …; ``python`` for ``setup.py`` and
    ``-m venv``), ``verb`` its sub-command as written. ``ecosystem``: ``deb``, ``apk``, ``rpm``, ``python``,
    ``conda``, ``node``, ``ruby``, ``go``, ``rust``, ``git``, ``http``, ``runfile``.

    ``complete`` is False where a variable, a substitution or the input of ``xargs`` hides operands; packages
    are then some of those affected. ``project``: what a project file in the working directory asks for is
    installed (``poetry install``, ``npm ci``, ``uv sync``). ``targets`` are folders installed into (``--target``,
    ``--prefix``, ``--root``, …), ``environment`` a conda environment's name or path. ``output`` is the file or
    folder written by a download or a clone, None where none is named. ``options`` are all as given.
    """

    manager: str
    ecosystem: str
    operation: Operation
    verb: str
    packages: tuple[Package, ...]
    command: Command
    complete: bool = True
    project: bool = False
    assume_yes: bool = False
    no_recommends: bool = False
    no_cache: bool = False
    system: bool = False
    user: bool = False
    upgrade: bool = False
    download_only: bool = False
    requirement_files: tuple[Arg, ...] = ()
    constraint_files: tuple[Arg, ...] = ()
    editable: tuple[Arg, ...] = ()
    index_url: Arg | None = None
    extra_index_urls: tuple[Arg, ...] = ()
    find_links: tuple[Arg, ...] = ()
    targets: tuple[Arg, ...] = ()
    groups: tuple[str, ...] = ()
    environment: Arg | None = None
    urls: tuple[Arg, ...] = ()
    output: Arg | None = None
    depth: Arg | None = None
    branch: Arg | None = None
    arguments: tuple[Arg, ...] = ()
    options: tuple[Option, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether an option is given, by the first spelling in its table (:mod:`imgtool.facts.options`)."""
        return bool(self.options) and not {option.name for option in self.options}.isdisjoint(names)


def operations(command: Command) -> tuple[PackageOperation, ...]:
    """What a command does to packages; nothing where it is no package manager, download or installer."""
    read = _reader(command.name, "uv run" in command.wrappers)
    found = read and read(command)
    return () if found is None else (found,)


@lru_cache(maxsize=512)
def _reader(name: str, uv_run: bool) -> Callable[[Command], PackageOperation | None] | None:
    from imgtool.facts.managers import reader  # noqa: PLC0415  the tables are large, and not every file has a RUN

    return reader(name, uv_run=uv_run)


def common(operation: PackageOperation) -> PackageOperation:
    """The operation with what those of its options set that all managers' tables name alike."""
    changes: dict[str, Any] = {}
    listed: dict[str, list[Arg]] = {}
    for name, value, _ in operation.options:
        if name in _FLAGS:
            changes[_FLAGS[name]] = True
        elif value is None:
            continue
        elif name in _LISTS:
            listed.setdefault(_LISTS[name], []).append(value)
        elif name in _LAST and not (operation.output and _LAST[name] == "output"):
            changes[_LAST[name]] = value
    for field, values in listed.items():
        changes[field] = tuple(values)
    if "groups" in changes:
        changes["groups"] = (*operation.groups, *[value.text for value in changes["groups"]])
    return operation._replace(**changes) if changes else operation


# the options of managers' tables, and the fields of an operation that they set: to say that they are given, to all
# their values, or to the last one
_FLAGS = {
    "yes": "assume_yes",
    "no-recommends": "no_recommends",
    "--no-install-recommends": "no_recommends",
    "--no-recommends": "no_recommends",
    "no-cache": "no_cache",
    "system": "system",
    "user": "user",
    "upgrade": "upgrade",
    "download-only": "download_only",
}
_LISTS = {
    "requirement": "requirement_files",
    "constraint": "constraint_files",
    "editable": "editable",
    "extra-index": "extra_index_urls",
    "find-links": "find_links",
    "target": "targets",
    "root": "targets",
    "group": "groups",
}
_LAST = {
    "index": "index_url",
    "environment": "environment",
    "output": "output",
    "output-dir": "output",
    "depth": "depth",
    "branch": "branch",
}


_WHOLE_EXPANSION = regex(
    r"\"?(?:\$\(.*\)|`.*`|(?:\$[A-Za-z_]\w*+|\$\{[^{}]*+\}|\$[@*]|\$\((?:[^()]++|\([^()]*+\))*+\)|`[^`]*+`)++)\"?",
    re.DOTALL,
)


_BRACES = regex(r"(?<!\$)\{(?:[^{},.]|\.(?!\.))*+(?:,|\.\.)[^{}]*+\}")


def hides(arg: Arg) -> bool:
    """Whether a word may be any number of operands: nothing but variables and substitutions, or braces."""
    if arg.expands:
        return bool(_WHOLE_EXPANSION.fullmatch(arg.raw))
    return not arg.literal and bool(_BRACES.search(arg.text))


def hidden(command: Command, words: Sequence[Arg]) -> bool:
    """Whether operands are not in sight."""
    return "xargs" in command.wrappers or any(map(hides, words))
