"""Budgets: what an image may weigh, by how much it may grow, what of it may be waste."""

from __future__ import annotations

import re
from fractions import Fraction

from imgtool.regex import regex
from imgtool.values import dataclass

_UNITS = {
    "b": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
KINDS = ("max-size", "max-growth", "max-waste", "max-layers")
"""What can be bounded by a number."""

_SIZE = regex(r"(\d{1,18}(?:\.\d{1,9})?)\s*([a-zA-Z]+|%)?", re.ASCII)
_HINT = "write a number with {}B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024)"
_SIZES, _SHARES = _HINT.format(""), _HINT.format("%, ")


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit. ``kind`` is one of :data:`KINDS`; ``text`` is as the user wrote it.

    What it allows is ``size``, in bytes or layers, or where that is set a ``share`` of a whole: of the base image
    for growth, of all file content for waste.
    """

    kind: str
    text: str
    size: int = 0
    share: Fraction | None = None

    def allowed(self, whole: int) -> int:
        """The most there may be, over this whole; a fraction of a byte is not allowed."""
        return self.size if self.share is None else int(whole * self.share)


def max_growth(text: str) -> Budget:
    """A budget for growth over the base: ``5%``, ``200MB``, ``1.5GiB``, ``0``.

    Raises:
        ValueError: it is none of these.
    """
    return _share_or_bytes("max-growth", text)


def max_waste(text: str) -> Budget:
    """A budget for file content that is not to be seen in the end: ``2%`` of all content, ``100MB``, ``0``.

    Raises:
        ValueError: it is none of these.
    """
    return _share_or_bytes("max-waste", text)


def max_size(text: str) -> Budget:
    """A budget for the size itself: ``200MB``, ``1.5GiB``.

    Raises:
        ValueError: it is none of these.
    """
    return Budget("max-size", text, size=size(text))


def max_layers(number: int) -> Budget:
    """A budget for the number of layers.

    Raises:
        ValueError: no image can have so few.
    """
    if number < 1:
        raise ValueError(f"{number} is no number of layers: an image has 1 at least")
    return Budget("max-layers", str(number), size=number)


def size(text: str) -> int:
    """The bytes that a text like ``200MB``, ``1.5GiB`` or ``0`` says.

    Raises:
        ValueError: it says none.
    """
    return _bytes(text, *_parsed(text, _SIZES), _SIZES)


def _share_or_bytes(kind: str, text: str) -> Budget:
    number, unit = _parsed(text, _SHARES)
    if unit == "%":
        return Budget(kind, text, share=number / 100)
    return Budget(kind, text, size=_bytes(text, number, unit, _SHARES))


def _parsed(text: str, hint: str) -> tuple[Fraction, str]:
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no size: {hint}")
    return Fraction(match[1]), (match[2] or "").lower()


def _bytes(text: str, number: Fraction, unit: str, hint: str) -> int:
    if not unit and number == 0:
        return 0
    if unit not in _UNITS:
        what = "is a share, and not a size" if unit == "%" else "is no size"
        raise ValueError(f"{text!r} {what}: {hint}")
    return int(number * _UNITS[unit])
