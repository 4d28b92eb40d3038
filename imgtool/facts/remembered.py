"""What is worked out once for each file, or for each listing of files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from imgtool.facts.facts import Facts


class Remembering(Protocol):
    """Facts, and listings of build contexts."""

    @property
    def remembered(self) -> dict[Callable[..., Any], Any]: ...


Subject = TypeVar("Subject", bound=Remembering)
T = TypeVar("T")
Part = TypeVar("Part")


def per_file(work: Callable[[Subject], T]) -> Callable[[Subject], T]:
    """A function of facts that works once; the facts hold what it gave, and let go of it with themselves. Or of a listing."""

    @wraps(work)
    def remembered(subject: Subject) -> T:
        known = subject.remembered
        if work not in known:
            known[work] = work(subject)
        return known[work]  # type: ignore[no-any-return]

    return remembered


def per_part(work: Callable[[Facts, Part], T]) -> Callable[[Facts, Part], T]:
    """Likewise of facts and a part of the file, as a stage or a RUN, that is hashed in no time."""

    @wraps(work)
    def remembered(facts: Facts, part: Part) -> T:
        known = facts.remembered.get(work)
        if known is None:
            known = facts.remembered[work] = {}
        if part not in known:
            known[part] = work(facts, part)
        return known[part]  # type: ignore[no-any-return]

    return remembered
