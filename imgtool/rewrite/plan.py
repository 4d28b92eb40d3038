"""What a rewrite will do: typed steps, each with its evidence, or the reasons why not."""

from __future__ import annotations

import enum

from imgtool.edits import Span
from imgtool.values import dataclass


class Status(enum.StrEnum):
    """How a rewrite ended."""

    CONVERTED = "converted"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Placement(enum.StrEnum):
    """Where an instruction or command goes."""

    BUILDER = "builder"
    FINAL = "final"
    BOTH = "both"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file is refused or left alone. ``code`` is stable; ``span`` is the place it is about."""

    code: str
    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class SplitStage:
    """The stage becomes a builder named ``builder``; what ships stands on ``runtime``.

    ``preamble`` are instructions behind its FROM, ``arguments`` such as stand below those at these places.
    """

    span: Span
    builder: str
    base: str
    runtime: str
    evidence: str
    preamble: tuple[str, ...] = ()
    arguments: tuple[tuple[Span, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SwapFlavour:
    """The base image's flavour changes in place; no builder is needed. The rest is as in :class:`SplitStage`."""

    span: Span
    base: str
    runtime: str
    evidence: str
    preamble: tuple[str, ...] = ()
    arguments: tuple[tuple[Span, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An instruction, or one command of a RUN, and where it goes. ``rule`` names the rule that decided."""

    span: Span
    placement: Placement
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True)
class DropPackages:
    """Packages that the final stage does not install; ``instead`` are installed in their place."""

    span: Span
    packages: tuple[str, ...]
    instead: tuple[str, ...]
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True)
class TransferWheels:
    """A Python installation whose wheels are made in the builder and installed from a bind mount.

    ``builder`` is the command there, ``final`` the one of the final stage; None where it has none.
    """

    span: Span
    wheelhouse: str
    builder: str
    final: str | None
    evidence: str


@dataclass(frozen=True, slots=True)
class DropCaches:
    """Package-manager caches and lists that the final stage's layer does not keep: ``clean_up`` ends its RUN."""

    span: Span
    clean_up: str
    evidence: str


@dataclass(frozen=True, slots=True)
class CaptureFiles:
    """Whatever the builder's instructions from ``first`` to ``span`` make is put aside and copied as it is.

    ``user`` is the USER instruction in force behind it where that is not root. ``managers`` are the package
    managers whose caches are left behind, ``formats`` those of system packages (``deb``, ``rpm``), and ``scratch``
    says whether temporary folders are taken. ``packages``: deb packages are installed in between. ``guards`` are the
    RUNs of unknown effect, which must not install packages or make users. ``libraries``: shared libraries may be
    among the files.
    """

    span: Span
    first: Span
    user: str | None
    managers: tuple[str, ...]
    formats: tuple[str, ...]
    scratch: bool
    packages: bool
    guards: tuple[Span, ...]
    libraries: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class CopyPrefixes:
    """Folders that the builder's instructions up to ``span`` fill, copied to the same path. ``user`` as above."""

    span: Span
    folders: tuple[str, ...]
    user: str | None
    evidence: str


@dataclass(frozen=True, slots=True)
class CopyInstalled:
    """What ``commands`` of the builder install is sent to a folder of its own, and copied. ``user`` as above."""

    span: Span
    commands: tuple[Span, ...]
    user: str | None
    evidence: str


@dataclass(frozen=True, slots=True)
class MergeRuns:
    """The RUN and those behind it, ``count`` in all, become one."""

    span: Span
    count: int
    evidence: str


@dataclass(frozen=True, slots=True)
class FoldOwner:
    """An owner or mode is set where files are put, and not by this command in a later layer."""

    span: Span
    evidence: str


@dataclass(frozen=True, slots=True)
class EmptyCaches:
    """A RUN leaves no cache of a package manager in its layer any more."""

    span: Span
    cache: str
    evidence: str


@dataclass(frozen=True, slots=True)
class MountCaches:
    """A RUN keeps its caches in mounts that builds share: ``targets`` are the folders."""

    span: Span
    targets: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Reorder:
    """An instruction moves behind an installation that reads nothing of it."""

    span: Span
    evidence: str


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """What a part of a rewrite (a word of ``--only``) is about, and does not change: ``evidence`` says why."""

    span: Span
    part: str
    evidence: str


#: How the final stage takes over what the builder makes besides wheels.
Taken = CaptureFiles | CopyPrefixes | CopyInstalled

Step = (
    SplitStage
    | SwapFlavour
    | Place
    | DropPackages
    | TransferWheels
    | DropCaches
    | Taken
    | MergeRuns
    | FoldOwner
    | EmptyCaches
    | MountCaches
    | Reorder
    | LeaveAlone
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one rewrite in file order, or ``reasons`` where there is none."""

    target: str
    status: Status
    steps: tuple[Step, ...] = ()
    reasons: tuple[Reason, ...] = ()
