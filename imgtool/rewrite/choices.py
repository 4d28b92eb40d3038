"""What the person who asks for a rewrite decides; everything else is the planner's."""

from __future__ import annotations

import enum

from imgtool.values import dataclass


class Strategy(enum.StrEnum):
    """How what build commands made reaches the final stage. ``auto`` takes the weakest that suffices."""

    AUTO = "auto"
    SWAP = "swap"
    WHEELHOUSE = "wheelhouse"
    PREFIX = "prefix"
    DESTDIR = "destdir"
    CAPTURE = "capture"


class Assumption(enum.StrEnum):
    """What the user knows of a file and its context that cannot be read there."""

    # nothing that was not read compiles for the accelerator at run time
    NO_JIT = "no-jit"
    # the image is meant to ship although it starts no program
    SHIPS = "ships"


class Part(enum.StrEnum):
    """A part of a rewrite that can be asked for alone."""

    SPLIT = "split"
    MERGE_RUNS = "merge-runs"
    REORDER = "reorder"
    CACHE_MOUNTS = "cache-mounts"
    FOLD_CHOWN = "fold-chown"
    DROP_CACHES = "drop-caches"


@dataclass(frozen=True, slots=True)
class Choices:
    """The decisions behind a rewrite. ``None`` and empty leave the choice to the planner.

    ``runtime_base`` is the operand of the final FROM. ``only`` names the parts that are wanted. ``allow_missing``
    leaves what has no analogue on another accelerator as a marked comment that makes the build fail. ``chip``,
    ``python`` and ``cann`` or ``cuda`` choose the base image where the accelerator changes. ``flavour`` is that of the
    runtime base, and ``extra_packages`` are system packages for the final stage: what built images showed to be needed.
    """

    strategy: Strategy = Strategy.AUTO
    runtime_base: str | None = None
    assume: frozenset[Assumption] = frozenset()
    only: frozenset[Part] = frozenset()
    allow_missing: bool = False
    chip: str | None = None
    python: str | None = None
    cann: str | None = None
    cuda: str | None = None
    flavour: str | None = None
    extra_packages: tuple[str, ...] = ()
