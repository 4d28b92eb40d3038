"""What stands where on the other side, CUDA and CANN, and how a CANN runtime stage is made."""

from __future__ import annotations

from imgtool.families.images import BaseImage
from imgtool.families.model import Evidence, rows, within
from imgtool.values import NamedTuple


class Analogue(NamedTuple):
    """Two things that do the same work; ``cann`` is empty where there is none."""

    kind: str
    cuda: str
    source: tuple[str, ...]
    evidence: Evidence
    cann: str | None = None
    note: str | None = None


class Recipe(NamedTuple):
    """A way to a runtime stage where no runtime image is published; ``serves`` is the level of need it covers.

    ``lacks`` are programs of the image that the stage does not have. Where there is a ``url``, ``steps`` are installers
    that lie there, with their options; ``{VERSION}`` is the version as their names have it. ``set_env`` sets the environment.
    """

    id: str
    image: tuple[str, ...]
    serves: str
    source: tuple[str, ...]
    evidence: Evidence
    since: str | None = None
    before: str | None = None
    base: str | None = None
    pip: tuple[str, ...] = ()
    index_url: str | None = None
    copy: tuple[str, ...] = ()
    deb: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    note: str | None = None
    url: str | None = None
    set_env: str | None = None


class ReleasePair(NamedTuple):
    """The torch_npu releases and the driver that belong to a CANN release."""

    cann: str
    torch_npu: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence
    driver: str | None = None


class Chip(NamedTuple):
    """A chip of CANN tags: how compilers call it, the resource a pod asks for, the label that its nodes carry."""

    chip: tuple[str, ...]
    resource: str
    accelerator: str
    source: tuple[str, ...]
    evidence: Evidence
    soc: str | None = None


def chip_of(name: str) -> Chip | None:
    """What is known of a chip as a CANN tag names it."""
    return next((row for row in rows("analogues", "chip", Chip) if name.lower() in row.chip), None)


def chips() -> tuple[str, ...]:
    """The chips of CANN tags, as tags name them."""
    return tuple(name for row in rows("analogues", "chip", Chip) for name in row.chip)


def release_pairs() -> tuple[ReleasePair, ...]:
    """Every CANN release with the torch_npu releases that belong to it, newest first."""
    return rows("recipes", "release_pair", ReleasePair)


def analogues(kind: str | None = None) -> tuple[Analogue, ...]:
    """Every known pair, or those of a kind: image, python, library, command, file, env, runtime, resource, label."""
    return tuple(a for a in rows("analogues", "analogue", Analogue) if kind in (None, a.kind))


def recipes(base: BaseImage) -> tuple[Recipe, ...]:
    """The recipes that apply to an image of its version."""
    known = rows("recipes", "recipe", Recipe)
    return tuple(r for r in known if base.family in r.image and within(base.version, r.since, r.before))


def torch_npu_of(cann: str) -> ReleasePair | None:
    """The torch_npu releases for a CANN release, by its version as in a tag (``8.3.rc1``)."""
    return next((row for row in release_pairs() if row.cann == cann.lower()), None)
