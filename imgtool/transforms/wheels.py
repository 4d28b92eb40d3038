"""A Python installation in two halves: wheels made where compilers are, installed where they are not.

The builder runs ``pip wheel`` and leaves the wheels in a folder; the final stage mounts that folder for the
length of one RUN and installs from it without an index. The interpreter, scripts and paths are then right by
construction, and an ABI that does not fit fails at build time (BuildKit documents the pattern).
"""

from __future__ import annotations

from collections.abc import Sequence

from imgtool.edits import Edit, Span
from imgtool.facts.commands import Arg, Command
from imgtool.facts.packages import PackageOperation
from imgtool.transforms.commands import edited, verb, without, without_options
from imgtool.values import dataclass

HOME = "/wheels"

# options by their first spelling in the table of pip
# say where wheels come from, or how to build them: the final stage takes them from the mount
_BUILD = frozenset(
    "index extra-index find-links --trusted-host --no-binary --only-binary --config-settings --global-option "
    "--no-build-isolation".split()
)
# say how to install: `pip wheel` does not know them
_INSTALL = frozenset(
    "target user upgrade --root-user-action --upgrade-strategy --break-system-packages --force-reinstall "
    "--ignore-installed --no-compile --compile --no-warn-script-location --no-warn-conflicts".split()
)


@dataclass(frozen=True, slots=True)
class Wheelhouse:
    """The folders of one installation: its own number, and all folders up to it."""

    number: int

    @property
    def folder(self) -> str:
        return f"{HOME}/{self.number}"

    @property
    def links(self) -> str:
        """``--find-links`` for this folder and those before it."""
        return " ".join(f"--find-links={HOME}/{n}" for n in range(1, self.number + 1))


def pip_builder(
    data: bytes, operation: PackageOperation, house: Wheelhouse, skip: Sequence[Span] = ()
) -> str:
    """``pip install …`` as the ``pip wheel`` that makes its wheels; operands in ``skip`` are left out."""
    install = _verb(operation.command, "install")
    edits = [*without_options(data, operation, _INSTALL), *(without(data, span) for span in skip)]
    edits.append(Edit(install.span.start, install.span.end, f"wheel -w {house.folder}"))
    return edited(data, operation.command.span, edits)


def pip_local(
    data: bytes,
    operation: PackageOperation,
    house: Wheelhouse,
    program: str | None,
    skip: Sequence[Span] = (),
) -> str:
    """``pip install …`` from the wheelhouse, with ``program`` in pip's place if one is given."""
    command = operation.command
    install = _verb(command, "install")
    edits = [*without_options(data, operation, _BUILD), *(without(data, span) for span in skip)]
    if program:
        edits.append(Edit(command.argv[0].span.start, _program_end(command), program))
    edits.append(Edit(install.span.end, install.span.end, f" --no-index {house.links}"))
    return edited(data, command.span, edits)


def project_builder(python: str, house: Wheelhouse, *, isolated: bool) -> str:
    """The project in the working folder as wheels, its own beside its dependencies'.

    ``isolated`` as pip builds by default; ``setup.py install`` builds with what is installed.
    """
    project = f"{house.folder}/project"
    isolation = "" if isolated else "--no-build-isolation "
    return (
        f"{python} -m pip wheel {isolation}--no-deps -w {project} . \\\n"
        f" && {python} -m pip wheel -w {house.folder} {project}/*.whl"
    )


def project_local(program: str, house: Wheelhouse) -> str:
    """The installation of what :func:`project_builder` made."""
    return f"{program} install --no-index {house.links} {house.folder}/project/*.whl"


def _verb(command: Command, word: str) -> Arg:
    found = verb(command, word)
    if found is None:
        raise ValueError(f"no {word!r} in {command.name}")
    return found


def _program_end(command: Command) -> int:
    """Where pip's own name ends: after ``pip``, or after ``python3 -m pip``."""
    if command.name.startswith("pip"):
        return command.argv[0].span.end
    module = next(n for n, arg in enumerate(command.argv) if arg.text == "-m")
    return command.argv[module + 1].span.end
