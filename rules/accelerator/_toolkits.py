"""CUDA toolkits that are installed into what ships."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    NamedTuple,
    Operation,
    PackageOperation,
    Run,
    Span,
    software_of,
    toolkit_package,
)

from ._commands import known, program_file
from ._start import builds_wheels, is_worked_in
from ._toolchain import runs, signs, unread

_RUNFILE = Operation.RUNFILE
_REMOVE = Operation.REMOVE
_MANAGERS = {"deb": "apt", "rpm": "dnf"}
_BRINGS = (Operation.INSTALL, Operation.RUNFILE)
_TOOLKIT = "--toolkit"
_FOLDER = "/usr/local/cuda"


class InstalledToolkit(NamedTuple):
    """What brings it, by its name; ``kind`` is toolkit, or profiler; ``program`` is the word of what installs it."""

    what: str
    kind: str
    span: Span
    program: Span


class Shipped(NamedTuple):
    """The toolkits of what ships: the one to name, and the places of the others.

    ``sure``: a program starts, all that is installed is read, and none of it compiles when it runs.
    """

    first: InstalledToolkit
    others: tuple[Span, ...]
    sure: bool


def shipped_toolkits(facts: Facts) -> Shipped | None:
    """What is installed, where nothing that is known needs it."""
    found = [] if builds_wheels(facts) else list(_installed(facts))
    seen = signs(facts) if found else ()
    if not found or runs(seen):
        return None
    first = next((toolkit for toolkit in found if toolkit.kind == "toolkit"), found[0])
    others = tuple(toolkit.span for toolkit in found if toolkit is not first)
    # its own installer is not known either
    own = {toolkit.program for toolkit in found}
    rest = [sign for sign in seen if sign.span not in own]
    sure = first.kind == "toolkit" and not is_worked_in(facts) and not unread(rest, facts.shipped, facts)
    return Shipped(first, others, sure)


def _installed(facts: Facts) -> Iterator[InstalledToolkit]:
    """All of them, but for those that the same RUN takes away again."""
    for stage in facts.shipped:
        for run in facts.runs(stage):
            operations = () if run.onbuild else run.operations
            brings = [o for o in operations if o.operation in _BRINGS] if operations else ()
            found = [t for o in brings for t in _in(o, run, facts)] if brings else ()
            if found and not _removes(run):
                yield from found


def _in(operation: PackageOperation, run: Run, facts: Facts) -> Iterator[InstalledToolkit]:
    program = operation.command.argv[0]
    if operation.operation is _RUNFILE:
        name = known(operation.packages[0].raw, run, facts)
        row = software_of("installers", name)
        if row and row.id == "cuda" and any(arg.text == _TOOLKIT for arg in operation.command.args):
            yield InstalledToolkit(
                name.rpartition("/")[2], "toolkit", program_file(operation.command), program.span
            )
    elif operation.ecosystem in _MANAGERS:
        manager = _MANAGERS[operation.ecosystem]
        for package in operation.packages:
            name = known(package.name, run, facts) if "$" in package.name else package.name
            found = toolkit_package(manager, name)
            if found:
                yield InstalledToolkit(name, found.kind, package.span, program.span)


def _removes(run: Run) -> bool:
    removed = (p.name for o in run.operations if o.operation is _REMOVE for p in o.packages)
    deleted = (arg.text for c in run.script.commands if c.name == "rm" for arg in c.args)
    return any("cuda" in name for name in removed) or any(
        path.startswith(_FOLDER) and path.count("/") == _FOLDER.count("/") for path in deleted
    )
