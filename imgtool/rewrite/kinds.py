"""What kind of thing a command is, for the question where it must run.

Total and conservative: whatever is not in a table here is ``UNKNOWN``, and the planner refuses.
"""

from __future__ import annotations

import enum

from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.regex import regex
from imgtool.transforms.runs import Segment


class Kind(enum.StrEnum):
    """Kinds of commands; the value names the rule in ``--explain``.

    ``STATE`` changes the shell for what follows in the same RUN (cd, export, set). ``REPLAY`` changes the system
    the same way on either base (useradd, ldconfig, files of /etc), packages that cannot be taken apart among it.
    ``FILES`` moves, edits or makes other files (mkdir, cp, sed -i, tar), which earlier commands may have made: it
    goes wherever they go, so what is captured takes its effect along. ``FETCH`` brings files from elsewhere. ``PREFIX`` fills one folder with
    a whole environment (venv, conda). ``BUILD`` writes where it is told, or in place; ``INSTALL`` copies what was
    built to a prefix. ``CLEAN`` empties a cache of its own program. ``QUERY`` leaves nothing behind.
    """

    STATE = "state"
    SYSTEM_PACKAGES = "system-packages"
    PACKAGE_LISTS = "package-lists"
    REPLAY = "replay"
    FILES = "files"
    FETCH = "fetch"
    PYTHON_PACKAGES = "python-packages"
    PYTHON_PROJECT = "python-project"
    PREFIX = "prefix"
    BUILD = "build"
    INSTALL = "install"
    CLEAN = "clean"
    QUERY = "query"
    UNKNOWN = "unknown"


# change the file system or identities only, the same way on either base
_REPLAYED = frozenset(
    "mkdir chmod chown chgrp ln touch rm rmdir echo printf true : useradd groupadd adduser addgroup usermod "
    "ldconfig locale-gen update-ca-certificates update-locale dpkg-reconfigure update-alternatives".split()
)
_CONFIGURATION = "/etc/"
_PYTHON = regex(r"python[0-9.]*")


def kind(segment: Segment, run: Run, facts: Facts) -> Kind:  # noqa: ARG001 - scripts of the context are read soon
    """The kind of one item of a RUN's list."""
    if len(segment.commands) != 1:
        return Kind.UNKNOWN
    command = segment.commands[0]
    if command.context or command.wrappers or not command.unconditional or not command.name:
        return Kind.UNKNOWN
    if is_setup_install(command):
        return Kind.PYTHON_PROJECT
    found = operations_of(command, run)
    if found:
        return _of_operation(found[0]) if len(found) == 1 else Kind.UNKNOWN
    return Kind.REPLAY if command.name in _REPLAYED or _edits_configuration(command) else Kind.UNKNOWN


def _edits_configuration(command: Command) -> bool:
    """Whether it is ``sed -i SCRIPT`` on files under /etc, which are the same in either base."""
    words = [arg.text for arg in command.args]
    options = [word for word in words if word.startswith("-")]
    files = [word for word in words if not word.startswith("-")][1:]
    in_place = bool(options) and set(options) <= {"-i", "-E", "-r", "-Ei", "-ri", "-i.bak"}
    return (
        command.name == "sed"
        and in_place
        and bool(files)
        and all(f.startswith(_CONFIGURATION) for f in files)
    )


def operations_of(command: Command, run: Run) -> tuple[PackageOperation, ...]:
    """The package operations of one command of a RUN."""
    return tuple(o for o in run.operations if o.command is command)


def is_setup_install(command: Command) -> bool:
    """Whether it is ``python3 setup.py install`` and nothing else."""
    words = [arg.text for arg in command.argv]
    plain = not command.assignments and not command.redirects
    return plain and bool(_PYTHON.fullmatch(command.name)) and words[1:] == ["setup.py", "install"]


def _of_operation(operation: PackageOperation) -> Kind:
    if operation.ecosystem == "deb":
        return _of_deb(operation)
    if operation.manager == "pip":
        if operation.operation is Operation.INSTALL:
            project = [p for p in operation.packages if p.source == "path"]
            return Kind.PYTHON_PROJECT if project else Kind.PYTHON_PACKAGES
        return Kind.CLEAN if operation.operation is Operation.CLEAN else Kind.UNKNOWN
    return Kind.UNKNOWN


def _of_deb(operation: PackageOperation) -> Kind:
    match operation.operation:
        case Operation.INSTALL if all(p.source == "index" for p in operation.packages):
            return Kind.SYSTEM_PACKAGES
        case Operation.REFRESH | Operation.CLEAN:
            return Kind.PACKAGE_LISTS
        case Operation.REMOVE | Operation.UPGRADE:
            return Kind.REPLAY
    return Kind.UNKNOWN
