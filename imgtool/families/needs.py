"""What Python packages need from an image, and what an accelerator asks of one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import Literal

from imgtool.families.model import NOTHING, Evidence, fullmatch, fullmatches, load, match, rows, search
from imgtool.values import NamedTuple

# longer than any name on PyPI
_MAX_NAME = 200
_MAX_PATH = 4096


class Need(NamedTuple):
    """What a package needs at run time when it is installed the normal way, and to be built from source.

    ``level`` and ``build`` are names of :class:`Level`. ``raised`` and ``lowered`` say in which use it is
    another one. ``bundles``: its wheels bring the accelerator's libraries; ``sole``: they bring none, and have code for
    this accelerator alone. ``deb`` are system packages it needs besides, ``index_url`` where a companion must come from.
    """

    name: str
    pattern: str
    accelerator: str
    level: str
    source: tuple[str, ...]
    evidence: Evidence
    extras: tuple[str, ...] = ()
    raised: Mapping[str, str] = NOTHING
    lowered: Mapping[str, str] = NOTHING
    build: str | None = None
    bundles: bool = False
    sole: bool = False
    deb: tuple[str, ...] = ()
    index_url: str | None = None
    why: str | None = None


class Level(NamedTuple):
    """How much of an accelerator's software the image gives; levels are in order, smallest first.

    ``flavour`` and ``addon`` name the image that gives it, ``deb`` packages on top of that image.
    """

    accelerator: str
    name: str
    means: str
    source: tuple[str, ...]
    evidence: Evidence
    flavour: str | None = None
    addon: str | None = None
    deb: tuple[str, ...] = ()


class Compiler(NamedTuple):
    """The packages on top of a level's image for programs that compile while they run.

    ``of`` is ``host`` for C and C++, ``device`` for the accelerator's code too, with the headers that it includes.
    """

    accelerator: str
    of: str
    source: tuple[str, ...]
    evidence: Evidence
    deb: tuple[str, ...] = ()
    rpm: tuple[str, ...] = ()
    note: str | None = None


class Accelerator(NamedTuple):
    """What a vendor asks of an image on any base: variables and library folders of a final stage, devices, resources.

    ``within`` are those of ``devices`` that a program reads: they count the devices that the container was given.
    ``packages``, ``files`` and ``installers`` are regular expressions for its software: names of system packages
    (matched whole), paths (from the start) and self-extracting installers (anywhere in a path). ``machine`` is the only
    architecture that it runs on. ``torch_index`` serves torch for it, one for each of ``torch_versions``.
    """

    id: str
    vendor: str
    source: tuple[str, ...]
    evidence: Evidence
    env: Mapping[str, str] = NOTHING
    devices: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    library_path: tuple[str, ...] = ()
    packages: str | None = None
    files: str | None = None
    installers: str | None = None
    machine: str | None = None
    torch_index: str | None = None
    torch_versions: tuple[str, ...] = ()
    note: str | None = None


class Installer(NamedTuple):
    """The size of a self-extracting installer, the file itself."""

    pattern: str
    bytes: int
    source: tuple[str, ...]
    evidence: Evidence


class TorchWheels(NamedTuple):
    """The CUDA that the wheels of a torch release bring.

    ``bytes`` is the download of torch and all that it depends on, ``cuda_bytes`` that of the CUDA libraries among it.
    """

    version: str
    cuda: str
    source: tuple[str, ...]
    evidence: Evidence
    cudnn: str | None = None
    cuda_bytes: int | None = None
    bytes: int | None = None


def python_need(name: str, extras: Collection[str] = ()) -> Need | None:
    """What a Python package (any spelling, :pep:`503`) needs with the extras asked for; None where unknown.

    A row for one of the extras goes before the row without.
    """
    known = _needs(name)
    if not known:
        return None
    wanted = {_normalise(extra) for extra in extras}
    found = [n for n in known if not n.extras or wanted.intersection(n.extras)]
    return next((need for need in found if need.extras), found[0] if found else None)


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _all_needs() -> tuple[Need, ...]:
    return rows("python_needs", "need", Need)


@lru_cache(maxsize=1024)
def _needs(name: str) -> tuple[Need, ...]:
    if len(name) > _MAX_NAME:
        return ()
    normal = _normalise(name)
    known = _all_needs()
    return tuple(known[number] for number, _ in fullmatches(_patterns(), normal))


@cache
def _patterns() -> tuple[str, ...]:
    return tuple(need.pattern for need in _all_needs())


def torch_wheels(version: str) -> TorchWheels | None:
    """What the default wheels of a torch release bring; None where it was not looked at."""
    return next((row for row in rows("python_needs", "torch", TorchWheels) if row.version == version), None)


@cache
def torch_bytes(version: str | None) -> int | None:
    """What an installation of torch downloads: of a release, or the least of all that were measured."""
    known = {row.version: row.bytes for row in rows("python_needs", "torch", TorchWheels) if row.bytes}
    return known.get(version) if version else min(known.values())


@cache
def levels(accelerator: str) -> tuple[Level, ...]:
    """The levels of an accelerator, smallest first."""
    return tuple(row for row in rows("accelerators", "level", Level) if row.accelerator == accelerator)


def highest(accelerator: str, names: Collection[str]) -> Level | None:
    """The largest of some levels: what a stage with all of them needs. Names of other accelerators do not count."""
    return next((level for level in reversed(levels(accelerator)) if level.name in names), None)


def compilers(accelerator: str) -> tuple[Compiler, ...]:
    """What compiles at run time on an accelerator's images."""
    return tuple(row for row in rows("accelerators", "compiler", Compiler) if row.accelerator == accelerator)


def accelerator_of(name: str) -> Accelerator | None:
    """What is known of an accelerator by its id."""
    return next((row for row in rows("accelerators", "accelerator", Accelerator) if row.id == name), None)


def torch_index(accelerator: str, version: str | None) -> str | None:
    """The index of torch for an accelerator, for a version or its release; None where it is not known."""
    row = accelerator_of(accelerator)
    if row is None or row.torch_index is None or version is None:
        return None
    near = (version, ".".join(version.split(".")[:2]))
    return next((row.torch_index.format(version=v) for v in near if v in row.torch_versions), None)


def accelerators() -> tuple[Accelerator, ...]:
    """Every accelerator that is known."""
    return rows("accelerators", "accelerator", Accelerator)


@lru_cache(maxsize=4096)
def software_of(kind: Literal["packages", "files", "installers"], text: str) -> Accelerator | None:
    """Whose software a system package, a path or an installer is, by its name; None where it is nobody's."""
    look = {"packages": fullmatch, "files": match, "installers": search}[kind]
    for row in accelerators() if len(text) <= _MAX_PATH else ():
        pattern: str | None = getattr(row, kind)
        if pattern is not None and look(pattern, text):
            return row
    return None


def installer_bytes(name: str) -> int | None:
    """How large a self-extracting installer is at least; None where no source says so."""
    found = (row for row in rows("accelerators", "installer", Installer) if match(row.pattern, name))
    return next((row.bytes for row in found), None)


@cache
def device_variables(*, within: bool = False) -> frozenset[str]:
    """The variables that say which of a host's devices a container or a program sees; ``within``: a program alone."""
    known = rows("accelerators", "accelerator", Accelerator)
    return frozenset(name for row in known for name in (row.within if within else row.devices))


def names_devices(value: str) -> bool:
    """Whether a value of such a variable picks devices by number or identity: not all, and not none."""
    known: list[str] = load("accelerators")["no_device"]
    return value.strip() not in known


def driver_folders(vendor: str) -> tuple[str, ...]:
    """The library folders that a vendor's driver is mounted at when a container starts, as far as they must be named."""
    known = rows("accelerators", "accelerator", Accelerator)
    return next((row.library_path for row in known if row.vendor == vendor), ())
