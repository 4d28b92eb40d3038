"""Python environments in folders of their own: which one an installing command fills."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import lru_cache

from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.stages import Stage
from imgtool.regex import regex
from imgtool.rewrite.commands import OWN_SHELL, earlier, folder_of, home, joined, value_of

SYSTEM = ""
"""Stands for the Python that the image has outside of all such folders."""

_SYSTEM_FOLDERS = ("", "/usr/bin", "/usr/local/bin", "/bin")
_INSTALLER = regex(r"(?:mini|Mini)(?:conda|forge)|[Mm]ambaforge|[Aa]naconda|conda")
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_ON, _OFF = frozenset({"1", "true", "True"}), frozenset({"0", "false", "False"})
_PROJECT_TOOLS = frozenset({"uv", "poetry", "pdm", "pipenv"})


def prefix_of(command: Command, operation: PackageOperation, run: Run, facts: Facts) -> str | None:
    """The folder that an installation goes to: :data:`SYSTEM`, a path, or None where it is not known."""
    if operation.ecosystem == "conda" or "conda run" in command.wrappers:
        return _conda_prefix(command, run, facts)
    if operation.project and operation.manager in _PROJECT_TOOLS:
        return _project_prefix(command, operation, run, facts)
    named = _interpreter(command, operation)
    if named is not None:
        path = value_of(named, run, facts)
        if path is None or "/" in path:
            return _owner(joined(folder_of(command, run, facts), path))
    if operation.manager == "uv":
        return _uv_prefix(command, operation, run, facts)
    return active_prefix(command, run, facts)


def _interpreter(command: Command, operation: PackageOperation) -> Arg | None:
    """The word that names pip or its Python."""
    given = [o.value for o in operation.options if o.name in ("--python", "python") and o.value]
    if operation.manager == "uv":
        return given[-1] if given else None
    return command.argv[0] if command.argv else None


def _owner(program: str | None) -> str | None:
    if program is None:
        return None
    folder = posixpath.dirname(program)
    return SYSTEM if folder in _SYSTEM_FOLDERS else posixpath.dirname(folder)


def _uv_prefix(command: Command, operation: PackageOperation, run: Run, facts: Facts) -> str | None:
    values = facts.state(run.instruction).values
    if operation.system or values.get("UV_SYSTEM_PYTHON") not in (None, "0", "false"):
        return SYSTEM
    active = active_prefix(command, run, facts)
    if active != SYSTEM:
        return active
    # uv looks for .venv in the working folder and those above it
    folder = folder_of(command, run, facts)
    made = [path for path in made_before(facts, run, command) if path and path.endswith("/.venv")]
    near = [path for path in made if folder and (folder + "/").startswith(path.removesuffix(".venv"))]
    return near[-1] if near else None


def active_prefix(command: Command, run: Run, facts: Facts) -> str | None:
    """The environment whose folder comes first on PATH."""
    switched = list(_activated(command, run, facts))
    if switched:
        return switched[-1]
    values = facts.state(run.instruction).values
    given = next((a.value for a in reversed(command.assignments) if a.name == "VIRTUAL_ENV"), None)
    virtual = value_of(given, run, facts) if given else values.get("VIRTUAL_ENV")
    if virtual and "uv" in (command.name, *(arg.text for arg in command.argv[2:3])):
        return virtual
    made = set(made_before(facts, run, command))
    path = values.get("PATH")
    for folder in (path or "").split(":"):
        if folder in _SYSTEM_FOLDERS[1:]:
            break
        if posixpath.dirname(folder) in made and posixpath.basename(folder) == "bin":
            return posixpath.dirname(folder)
    return SYSTEM if path is not None or not made else None


def _activated(command: Command, run: Run, facts: Facts) -> Iterator[str | None]:
    """What ``. X/bin/activate``, ``conda activate X`` and PATH in the same RUN switch to."""
    for before in run.script.commands:
        if before is command:
            return
        words = before.args
        own = OWN_SHELL.intersection(before.context) and before.context != command.context
        if own:
            continue
        if before.name in (".", "source") and words:
            activate = value_of(words[0], run, facts)
            if activate is None or activate.endswith("/bin/activate"):
                full = joined(folder_of(before, run, facts), activate)
                yield full and posixpath.dirname(posixpath.dirname(full))
            elif posixpath.basename(activate) == "activate":
                yield _conda_prefix(before, run, facts)
        elif before.name in _CONDA and words and words[0].text == "activate":
            yield _conda_prefix(before, run, facts)
        elif any(w.text.startswith("PATH=") for w in words) or any(
            a.name == "PATH" for a in before.assignments if not before.argv
        ):
            yield None


def _project_prefix(command: Command, operation: PackageOperation, run: Run, facts: Facts) -> str | None:
    """Where uv, poetry, pdm and pipenv put the environment of a project."""
    folder, values = folder_of(command, run, facts), facts.state(run.instruction).values
    at = home(run, facts)
    match operation.manager:
        case "uv":
            given = next((a.value for a in command.assignments if a.name == "UV_PROJECT_ENVIRONMENT"), None)
            named = value_of(given, run, facts) if given else values.get("UV_PROJECT_ENVIRONMENT")
            return joined(folder, named or ".venv")
        case "pdm":
            return joined(folder, ".venv")
        case "pipenv":
            if operation.system:
                return SYSTEM
            inside = values.get("PIPENV_VENV_IN_PROJECT") or _said(
                run, facts, command, "PIPENV_VENV_IN_PROJECT"
            )
            return joined(folder, ".venv") if inside else joined(at, ".local/share/virtualenvs")
    return _poetry_prefix(command, run, facts, folder, at)


def _poetry_prefix(
    command: Command, run: Run, facts: Facts, folder: str | None, at: str | None
) -> str | None:
    values = facts.state(run.instruction).values
    if (values.get("POETRY_VIRTUALENVS_CREATE") or _said(run, facts, command, "virtualenvs.create")) in _OFF:
        return active_prefix(command, run, facts)
    inside = values.get("POETRY_VIRTUALENVS_IN_PROJECT") or _said(
        run, facts, command, "virtualenvs.in-project"
    )
    if inside in _ON:
        return joined(folder, ".venv")
    active = active_prefix(command, run, facts)
    return active if active != SYSTEM else joined(at, ".cache/pypoetry/virtualenvs")


def _said(run: Run, facts: Facts, command: Command, name: str) -> str | None:
    """What an earlier command sets an option to (``poetry config NAME VALUE``), or its own variable does."""
    found = next((a.value.text for a in command.assignments if a.name == name and a.value), None)
    for _, before in earlier(facts, run, command):
        words = [arg.text for arg in before.args]
        if name in words[:-1]:
            found = words[words.index(name) + 1].lower()
    return found


# --- conda -------------------------------------------------------------------------------------------


def _conda_prefix(command: Command, run: Run, facts: Facts) -> str | None:
    """The whole conda installation: its environments lie below it and link to its packages."""
    program = value_of(command.argv[0], run, facts) if command.argv else None
    if program and program.startswith("/") and command.name in _CONDA:
        return _owner(program)
    path = facts.state(run.instruction).values.get("PATH") or ""
    folders = [posixpath.dirname(f) for f in path.split(":") if f.endswith("/bin")]
    made = [path for path in made_before(facts, run, command) if path and _INSTALLER.search(path)]
    return next((f for f in folders if _INSTALLER.search(f)), made[-1] if made else None)


def conda_root(command: Command, run: Run, facts: Facts) -> Iterator[str | None]:
    """Where the installer of a conda distribution puts it."""
    names = (posixpath.basename(word.text) for word in command.argv[:3])
    if any(_INSTALLER.search(name) and name.endswith(".sh") for name in names):
        yield _given(command, "-p", run, facts)


def _given(command: Command, option: str, run: Run, facts: Facts) -> str | None:
    """The value of an option as an absolute path."""
    words = command.argv
    for at, word in enumerate(words[:-1]):
        if word.text == option or (word.text.startswith("-") and word.text.endswith(option[1:])):
            return joined(folder_of(command, run, facts), value_of(words[at + 1], run, facts))
    return None


# --- what is made ------------------------------------------------------------------------------------


def made_before(facts: Facts, run: Run, command: Command | None) -> Iterator[str | None]:
    """The environments that earlier commands of the stage make; before the RUN for None."""
    end = (command or run.instruction).span.start
    for stage in run.stage.lineage():
        yield from (path for start, path in _made(facts, stage) if start < end)


@lru_cache(maxsize=8)
def _made(facts: Facts, stage: Stage) -> tuple[tuple[int, str | None], ...]:
    """Every environment that commands of a stage make, with the place of the command."""
    found: list[tuple[int, str | None]] = []
    for run in facts.runs(stage):
        for operation in run.operations:
            made = made_by(operation.command, operation, run, facts)
            found += [(operation.command.span.start, path) for path in made]
        for command in run.script.commands:
            found += [(command.span.start, root) for root in conda_root(command, run, facts)]
    return tuple(found)


def made_by(command: Command, operation: PackageOperation, run: Run, facts: Facts) -> Iterator[str | None]:
    """The folders of the environments that a command makes; None for one that is not known."""
    if operation.operation is Operation.ENVIRONMENT and operation.verb != "python install":
        named = operation.arguments[-1:]
        default = ".venv" if operation.manager == "uv" else None
        path = value_of(named[0], run, facts) if named else default
        yield joined(folder_of(command, run, facts), path)
    elif operation.project and operation.manager in ("uv", "pdm", "pipenv"):
        prefix = _project_prefix(command, operation, run, facts)
        if prefix != SYSTEM:
            yield prefix
