"""Python installations: which can go through a wheelhouse, and how."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.edits import Span
from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import PackageOperation
from imgtool.regex import regex
from imgtool.rewrite import requirements
from imgtool.rewrite.commands import is_setup_install, operations_of
from imgtool.rewrite.plan import TransferWheels
from imgtool.transforms.wheels import (
    HOME,
    Wheelhouse,
    pip_builder,
    pip_local,
    project_builder,
    project_local,
    setup_builder,
    setup_local,
)
from imgtool.values import dataclass

_PIP = regex(r"pip([0-9.]*)")
_PROJECT = (
    "the project is built where the compilers are; build/, dist/ and *.egg-info beside its sources stay there"
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One command that installs Python packages. ``python`` runs it; ``operation`` is None for setup.py."""

    command: Command
    python: str
    operation: PackageOperation | None
    project: bool


def installation(run: Run, command: Command) -> Installation:
    """What a command of a kind that goes through wheels is."""
    if is_setup_install(command):
        return Installation(command, command.argv[0].text, None, project=True)
    (operation,) = operations_of(command, run)
    project = any(p.source == "path" for p in operation.packages)
    return Installation(command, _interpreter(command), operation, project)


def _interpreter(command: Command) -> str:
    """The Python that a pip command installs for: ``pip3.11`` goes with ``python3.11``."""
    pip = _PIP.fullmatch(command.name)
    return f"python{pip[1] or 3}" if pip else command.argv[0].text


def unservable(run: Run, operation: PackageOperation, facts: Facts) -> tuple[str, str] | None:
    """Why an installation for the system's Python cannot go through wheels, as code and message; None where it can.

    Files that it names are read from the build context; one that cannot be read counts as a reason, for it
    may name sources that would be built again where no compiler is.
    """
    found = _unservable_words(operation)
    if found:
        return found
    asked = requirements.asked(facts, run, operation)
    if asked.unread:
        return "requirements-unreadable", "a requirement file is not found in the build context"
    return ("requirement", asked.unserved[0]) if asked.unserved else None


def _unservable_words(operation: PackageOperation) -> tuple[str, str] | None:
    command = operation.command
    if operation.manager != "pip" or operation.verb != "install":
        return "install-tool", f"{operation.manager} {operation.verb} does not make wheels"
    if not operation.complete:
        return "hidden-packages", "a variable hides what is installed"
    if operation.editable:
        return "editable", "an editable installation needs its sources at the same place"
    if operation.targets or operation.user:
        return "install-target", "it installs into another place than the system's"
    if any(a.name.startswith("PIP_") for a in command.assignments):
        return "pip-variables", "PIP_ variables before the command say how it installs"
    return _unservable_sources(operation)


# what is no folder with a project
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", "*")


def _unservable_sources(operation: PackageOperation) -> tuple[str, str] | None:
    sources = {p.source for p in operation.packages}
    folder = [
        p for p in operation.packages if p.source == "path" and not p.extras and not p.raw.endswith(_ARCHIVES)
    ]
    if sources - {"index"} and (len(operation.packages) != 1 or not folder):
        return "package-source", "packages from paths, URLs and repositories are built as they stand"
    own_index = operation.index_url or operation.extra_index_urls or operation.find_links
    if "path" in sources and (own_index or operation.requirement_files or operation.constraint_files):
        return "package-source", "a project beside an index, a requirement or a constraint file"
    return None


def transfer(
    facts: Facts, found: Installation, numbers: Iterator[int], *, pip_in_final: bool, used_later: bool
) -> TransferWheels:
    """The step that makes the wheels in the builder and installs them in the final stage.

    ``used_later``: a later build may import what is installed, so the builder installs it too.
    """
    data = facts.document.data
    skip = _pip_itself(found)
    span = found.command.span
    if found.operation and skip and _nothing_else(found.operation):
        kept = facts.document.source.text(span)
        return TransferWheels(span, "", kept, None, "pip itself: the final stage does not have it")
    house = Wheelhouse(next(numbers))
    program = f"{found.python} -m pip"
    mounted = None if pip_in_final else f"PYTHONPATH={HOME} {program}"
    if found.operation is None:
        built = setup_builder(found.python, house)
        if used_later:
            built += f" \\\n && {setup_local(program, house)}"
        return TransferWheels(span, house.folder, built, setup_local(mounted or program, house), _PROJECT)
    if found.project:
        built = project_builder(data, found.operation, house)
        if used_later:
            built += f" \\\n && {project_local(data, found.operation, house, None)}"
        local = project_local(data, found.operation, house, mounted)
        return TransferWheels(span, house.folder, built, local, _PROJECT)
    built = pip_builder(data, found.operation, house, skip)
    if skip:
        built = f"{facts.document.source.text(span)} \\\n && {built}"
    elif used_later:
        built += f" \\\n && {pip_local(data, found.operation, house, None, skip)}"
    local = pip_local(data, found.operation, house, mounted, skip)
    return TransferWheels(
        span, house.folder, built, local, "the wheels of these packages are made in the builder"
    )


def _nothing_else(operation: PackageOperation) -> bool:
    return {p.name for p in operation.packages} == {"pip"} and not operation.requirement_files


def _pip_itself(found: Installation) -> tuple[Span, ...]:
    packages = found.operation.packages if found.operation else ()
    return tuple(p.span for p in packages if p.name == "pip")
