"""A Python installation in two halves: wheels made where compilers are, installed where they are not.

The builder runs ``pip wheel`` and leaves the wheels in a folder; the final stage mounts that folder for the
length of one RUN and installs from it without an index. The interpreter, scripts and paths are then right by
construction, and an ABI that does not fit fails at build time (BuildKit documents the pattern).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imgtool.edits import Edit, Span
from imgtool.facts.commands import Arg, Command
from imgtool.facts.packages import PackageOperation
from imgtool.transforms.commands import edited, verb, without, without_options
from imgtool.values import dataclass

HOME = "/wheels"
# versions that were made so far
MADE = f"{HOME}/made"

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

    @property
    def project(self) -> str:
        """The wheel of a project, beside those of its dependencies."""
        return f"{self.folder}/project"

    @property
    def settled(self) -> str:
        """Options of ``pip wheel`` that keep to the versions of the folders before: what is installed stays."""
        earlier = " ".join(f"--find-links={HOME}/{n}" for n in range(1, self.number))
        return f" -c {MADE} {earlier}" if earlier else ""

    @property
    def settling(self) -> str:
        """The command that notes those versions; but for the tools that build, which builds bring themselves."""
        folders = " ".join(f"{HOME}/{n}/*.whl" for n in range(1, self.number))
        names = "sed 's,.*/,,; s,-,==,; s,-.*,,; /^setuptools=/d; /^wheel=/d'"
        return f"ls {folders} | {names} > {MADE} \\\n && " if folders else ""


def pip_builder(
    data: bytes, operation: PackageOperation, house: Wheelhouse, skip: Sequence[Span] = ()
) -> str:
    """``pip install …`` as the ``pip wheel`` that makes its wheels; operands in ``skip`` are left out."""
    return _settled(
        operation, house, lambda settled: _wheel(data, operation, f"{house.folder}{settled}", skip)
    )


def _settled(operation: PackageOperation, house: Wheelhouse, make: Callable[[str], str]) -> str:
    # an upgrade is to change what is installed
    if any(option.name == "upgrade" for option in operation.options):
        return make("")
    return f"{house.settling}{make(house.settled)}"


def _wheel(
    data: bytes,
    operation: PackageOperation,
    folder: str,
    skip: Sequence[Span] = (),
    operand: Edit | None = None,
) -> str:
    install = _verb(operation.command, "install")
    edits = [*without_options(data, operation, _INSTALL), *(without(data, span) for span in skip)]
    edits.append(Edit(install.span.start, install.span.end, f"wheel -w {folder}"))
    return edited(data, operation.command.span, [*edits, *([operand] if operand else [])])


def pip_local(
    data: bytes,
    operation: PackageOperation,
    house: Wheelhouse,
    program: str | None,
    skip: Sequence[Span] = (),
) -> str:
    """``pip install …`` from the wheelhouse, with ``program`` in pip's place if one is given."""
    return _local(data, operation, house, program, [without(data, span) for span in skip])


def _local(
    data: bytes, operation: PackageOperation, house: Wheelhouse, program: str | None, edits: Sequence[Edit]
) -> str:
    command = operation.command
    install = _verb(command, "install")
    changed = [*without_options(data, operation, _BUILD), *edits]
    if program:
        changed.append(Edit(command.argv[0].span.start, _program_end(command), program))
    changed.append(Edit(install.span.end, install.span.end, f" --no-index {house.links}"))
    if command.assignments and not command.wrappers:
        # they speak to a build, and none happens here
        changed.append(Edit(command.assignments[0].span.start, command.argv[0].span.start, ""))
    return edited(data, command.span, changed)


def project_builder(data: bytes, operation: PackageOperation, house: Wheelhouse) -> str:
    """``pip install .`` as the project's own wheel, and those of its dependencies beside it."""
    own = _wheel(data, operation, f"{house.project} --no-deps")
    made = _made(operation, house)
    rest = _settled(
        operation, house, lambda settled: _wheel(data, operation, f"{house.folder}{settled}", operand=made)
    )
    return f"{own} \\\n && {rest}"


def project_local(data: bytes, operation: PackageOperation, house: Wheelhouse, program: str | None) -> str:
    """The installation of what :func:`project_builder` made."""
    return _local(data, operation, house, program, [_made(operation, house)])


def _made(operation: PackageOperation, house: Wheelhouse) -> Edit:
    (path,) = (p.span for p in operation.packages if p.source == "path")
    return Edit(path.start, path.end, f"{house.project}/*.whl")


def setup_builder(python: str, house: Wheelhouse) -> str:
    """``setup.py install`` in wheels; like it, with what is installed."""
    return (
        f"{python} -m pip wheel --no-build-isolation --no-deps -w {house.project} . \\\n"
        f" && {house.settling}{python} -m pip wheel -w {house.folder}{house.settled} {house.project}/*.whl"
    )


def setup_local(program: str, house: Wheelhouse) -> str:
    """The installation of what :func:`setup_builder` made."""
    return f"{program} install --no-index {house.links} {house.project}/*.whl"


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
