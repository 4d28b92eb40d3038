"""What is asked of several files in turn, worked out once for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

TOGETHER = 16
"""Files that rules are asked about in turn before the next rule is."""


def per_file(work: Callable[P, T]) -> Callable[P, T]:
    """Work that is done once for each file that others stand beside: a :class:`~imgtool.facts.facts.Facts` tells which."""
    return cast("Callable[P, T]", lru_cache(maxsize=TOGETHER)(work))
