"""Budgets: what growth and what size an image may have."""

from __future__ import annotations

import re
from fractions import Fraction

from imgtool.images.compare import Comparison
from imgtool.regex import regex
from imgtool.values import dataclass

_UNITS = {
    "b": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
_SIZE = regex(r"(\d{1,18}(?:\.\d{1,9})?)\s*([a-zA-Z]+|%)?", re.ASCII)
_HINT = "write a number with %, B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024)"


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit. ``kind`` is ``max-growth`` or ``max-size``; ``text`` is as the user wrote it.

    What it allows is ``size`` in bytes or, where that is set, a ``share`` of the base image.
    """

    kind: str
    text: str
    size: int = 0
    share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A budget held against a comparison: ``actual`` bytes of growth or size, ``allowed`` the most there may be."""

    budget: Budget
    allowed: int
    actual: int

    @property
    def within(self) -> bool:
        return self.actual <= self.allowed


def max_growth(text: str) -> Budget:
    """A budget for growth over the base: ``5%``, ``200MB``, ``1.5GiB``, ``0``.

    Raises:
        ValueError: it is none of these.
    """
    number, unit = _parsed(text)
    if unit == "%":
        return Budget("max-growth", text, share=number / 100)
    return Budget("max-growth", text, size=_bytes(text, number, unit))


def max_size(text: str) -> Budget:
    """A budget for the size itself: ``200MB``, ``1.5GiB``.

    Raises:
        ValueError: it is none of these.
    """
    return Budget("max-size", text, size=_bytes(text, *_parsed(text)))


def judge(comparison: Comparison, budget: Budget) -> Verdict:
    """Hold a comparison against a budget; a fraction of a byte is not allowed."""
    actual = comparison.growth if budget.kind == "max-growth" else comparison.after
    if budget.share is not None:
        return Verdict(budget, int(comparison.before * budget.share), actual)
    return Verdict(budget, budget.size, actual)


def _parsed(text: str) -> tuple[Fraction, str]:
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no size: {_HINT}")
    return Fraction(match[1]), (match[2] or "").lower()


def _bytes(text: str, number: Fraction, unit: str) -> int:
    if not unit and number == 0:
        return 0
    if unit not in _UNITS:
        raise ValueError(f"{text!r} is no size: {_HINT}")
    return int(number * _UNITS[unit])
