"""Two images on one and the same measure, or the reason why that would compare unlike things."""

from __future__ import annotations

import enum

from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures
from imgtool.values import dataclass


class Measure(enum.StrEnum):
    """What a comparison is about; the words are those of :mod:`imgtool.images.measure`."""

    TRANSFER = "transfer"
    UNPACKED = "unpacked"
    FLATTENED = "flattened"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``before`` and ``after`` are bytes of ``measure``, of ``base`` and of ``head``."""

    base: Measures
    head: Measures
    measure: Measure
    before: int
    after: int

    @property
    def growth(self) -> int:
        """Bytes; negative where the head is smaller."""
        return self.after - self.before


def compare(base: Measures, head: Measures, measure: Measure) -> Comparison:
    """Compare two images.

    Raises:
        ImageError: they are of two platforms, or one of them does not know the measure.
    """
    platforms = base.image.platform, head.image.platform
    if platforms[0] != platforms[1]:
        raise ImageError(f"not comparable: {platforms[0]} and {platforms[1]} are two platforms")
    return Comparison(base, head, measure, _known(base, measure), _known(head, measure))


def _known(measures: Measures, measure: Measure) -> int:
    size: int | None = getattr(measures, measure)
    if size is None:
        raise ImageError(
            f"not comparable: {measures.image.reference} keeps layers uncompressed, so what a pull of it "
            "transfers is not known; both images know `unpacked`"
        )
    return size
