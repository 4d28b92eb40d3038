"""Two images on one and the same measure, or the reason why that would compare unlike things.

Images are compared as wholes on the measure that was asked for, and part by part: layers on what they add, and
anything that has a name (paths, packages) on bytes to be seen in the merged tree.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures
from imgtool.images.model import Layer
from imgtool.values import NamedTuple, dataclass


class Measure(enum.StrEnum):
    """What a comparison is about; the words are those of :mod:`imgtool.images.measure`."""

    TRANSFER = "transfer"
    UNPACKED = "unpacked"
    FLATTENED = "flattened"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``before`` and ``after`` are bytes of ``measure``, of ``base`` and of ``head``.

    ``why`` is empty, or says why ``measure`` is not the one that was asked for.
    """

    base: Measures
    head: Measures
    measure: Measure
    before: int
    after: int
    why: str = ""

    @property
    def growth(self) -> int:
        """Bytes; negative where the head is smaller."""
        return self.after - self.before


class Change(NamedTuple):
    """A part of an image in both: its bytes ``before`` and ``after``, None where it is not there."""

    name: str
    before: int | None
    after: int | None

    @property
    def growth(self) -> int:
        """Bytes; negative where the second is smaller."""
        return (self.after or 0) - (self.before or 0)


def compare(base: Measures, head: Measures, measure: Measure) -> Comparison:
    """Compare two images.

    Transfer sizes of unlike compression say nothing about what changed: then both are compared unpacked.

    Raises:
        ImageError: they are of two platforms, or one of them does not know the measure.
    """
    platforms = base.image.platform, head.image.platform
    if platforms[0] != platforms[1]:
        raise ImageError(f"not comparable: {platforms[0]} and {platforms[1]} are two platforms")
    before, after = _known(base, measure), _known(head, measure)
    why = _unlike(base.compression, head.compression) if measure is Measure.TRANSFER else ""
    if not why:
        return Comparison(base, head, measure, before, after)
    measure = Measure.UNPACKED
    try:
        return Comparison(base, head, measure, _known(base, measure), _known(head, measure), why)
    except ImageError:
        raise ImageError(
            f"not comparable: {why}, and unpacked sizes are not known without the layers"
        ) from None


def _unlike(before: str, after: str) -> str:
    """Why two transfer sizes are of unlike kinds; empty where they are of one."""
    if before != after:
        return f"the layers of one are {before}, those of the other {after}"
    return f"the layers of both are {before}" if before.startswith("mixed") else ""


def _known(measures: Measures, measure: Measure) -> int:
    size: int | None = getattr(measures, measure)
    if size is None and measure is Measure.TRANSFER:
        raise ImageError(
            f"not comparable: {measures.image.reference} keeps layers uncompressed, so what a pull of it "
            "transfers is not known; both images know `unpacked`"
        )
    if size is None:
        raise ImageError(f"not comparable: the layers of {measures.image.reference} were not read")
    return size


def changes(before: Mapping[str, int], after: Mapping[str, int]) -> list[Change]:
    """What was added, removed, or has another size, most bytes first; names and bytes are in the mappings."""
    names = before.keys() | after.keys()
    found = [Change(name, before.get(name), after.get(name)) for name in names]
    return _ranked(one for one in found if one.before != one.after)


def changed_layers(before: Sequence[Layer], after: Sequence[Layer], measure: Measure) -> list[Change]:
    """Layers of one image alone, on transfer or else on unpacked bytes; those of one instruction are one change.

    A layer is known by what it unpacks to, so one that was compressed anew is the same.
    """
    same = Counter(layer.diff_id for layer in before) & Counter(layer.diff_id for layer in after)
    own = [dict(_own(layers, same, measure)) for layers in (before, after)]
    names = own[0].keys() | own[1].keys()
    return _ranked(Change(name, own[0].get((name, nth)), own[1].get((name, nth))) for name, nth in names)


def _own(
    layers: Sequence[Layer], same: Counter[str], measure: Measure
) -> Iterator[tuple[tuple[str, int], int]]:
    """Each layer that is not the ``same`` in both: its instruction, which of that text it is, and its bytes."""
    left, seen = same.copy(), Counter[str]()
    for layer in layers:
        if left[layer.diff_id]:
            left[layer.diff_id] -= 1
            continue
        name = layer.created_by or layer.diff_id
        size = layer.transfer if measure is Measure.TRANSFER else layer.unpacked
        yield (name, seen[name]), size or 0
        seen[name] += 1


def _ranked(found: Iterable[Change]) -> list[Change]:
    return sorted(found, key=lambda one: (-abs(one.growth), one.name))
