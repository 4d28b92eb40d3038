"""What a command does to packages: which manager, which operation, which packages, with which options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from imgtool.edits import Span
from imgtool.facts.argv import Option
from imgtool.facts.commands import Arg, Command, with_span
from imgtool.regex import regex
from imgtool.values import NamedTuple, maker

_new_span = maker(Span)

__all__ = ["Operation", "Package", "PackageOperation", "PackageSource", "operations"]


# what is compared with every operation has a name of its own in many modules: reading it off the class takes 1,000
# instructions before Python 3.12
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
    ``start`` and ``end`` are those of ``span``.
    """

    name: str
    spec: str | None
    raw: str
    start: int
    end: int
    extras: tuple[str, ...] = ()
    source: PackageSource = PackageSource.INDEX
    marker: str | None = None
    channel: str | None = None

    @property
    def span(self) -> Span:
        """Where the operand stands in the file."""
        return _new_span((self.start, self.end))

    def __repr__(self) -> str:
        return with_span(self, self._fields)


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
        # most have none or one
        for option in self.options:  # noqa: SIM110 - a third as fast
            if option.name in names:
                return True
        return False


def operations(commands: Iterable[Command]) -> tuple[PackageOperation, ...]:
    """What commands do to packages; those that are no package manager, download or installer do nothing."""
    found: list[PackageOperation] = []
    for command in commands:
        read = _reader(command.name, "uv run" in command.wrappers)
        done = read and read(command)
        if done:
            found.append(done)
    return tuple(found)


@lru_cache(maxsize=512)
def _reader(name: str, uv_run: bool) -> Callable[[Command], PackageOperation | None] | None:
    from imgtool.facts.managers import reader  # noqa: PLC0415  the tables are large, and not every file has a RUN

    return reader(name, uv_run=uv_run)


def made(
    manager: str,
    ecosystem: str,
    operation: Operation,
    verb: str,
    packages: tuple[Package, ...],
    command: Command,
    *,
    complete: bool = True,
    project: bool = False,
    assume_yes: bool = False,
    groups: tuple[str, ...] = (),
    urls: tuple[Arg, ...] = (),
    output: Arg | None = None,
    arguments: tuple[Arg, ...] = (),
    options: tuple[Option, ...] = (),
) -> PackageOperation:
    """An operation, with what those of its options set that all managers' tables name alike."""
    fields: list[Any] = [manager, ecosystem, operation, verb, packages, command]
    # the others in their order: most stay what they are in most operations
    fields += complete, project, assume_yes, False, False, False, False, False, False
    fields += (), (), (), None, (), (), (), groups, None, urls, output, None, None, arguments, options
    for name, value, _ in options:
        if name in _FLAGS:
            fields[_FLAGS[name]] = True
        elif value is None:
            continue
        elif name in _LISTS:
            at = _LISTS[name]
            fields[at] = (*fields[at], value)
        elif name == "group":
            fields[_GROUPS] = (*fields[_GROUPS], value.text)
        elif name in _LAST and not (output and _LAST[name] == _OUTPUT):
            fields[_LAST[name]] = value
    return _operation(fields)


_operation = maker(PackageOperation)
_AT = {name: at for at, name in enumerate(PackageOperation._fields)}
_GROUPS, _OUTPUT = _AT["groups"], _AT["output"]


def _sets(**options: str) -> dict[str, int]:
    """Options by the fields that they set: the other way round."""
    return {option: _AT[field] for field, listed in options.items() for option in listed.split()}


# the options of managers' tables that say that a field holds, are one of its values, or its last one
_FLAGS = _sets(
    assume_yes="yes",
    no_recommends="no-recommends --no-install-recommends --no-recommends",
    no_cache="no-cache",
    system="system",
    user="user",
    upgrade="upgrade",
    download_only="download-only",
)
_LISTS = _sets(
    requirement_files="requirement",
    constraint_files="constraint",
    editable="editable",
    extra_index_urls="extra-index",
    find_links="find-links",
    targets="target root",
)
_LAST = _sets(
    index_url="index",
    environment="environment",
    output="output output-dir",
    depth="depth",
    branch="branch",
)


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
