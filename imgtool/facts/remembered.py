"""What is worked out once for each file."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from imgtool.facts.facts import Facts

T = TypeVar("T")


def per_file(work: Callable[[Facts], T]) -> Callable[[Facts], T]:
    """A function of facts that works once; the facts hold what it gave, and let go of it with themselves."""

    @wraps(work)
    def remembered(facts: Facts) -> T:
        known = facts.remembered
        if work not in known:
            known[work] = work(facts)
        return known[work]  # type: ignore[no-any-return]

    return remembered
