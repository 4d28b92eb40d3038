"""What a run has seen outside of its Dockerfile, noted so that a later run can tell whether it would see the same.

All looks at a build context go through here: each is a kind and texts that say where, and what is seen is noted as a
digest, so that nothing of it is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from imgtool.digests import digest
from imgtool.values import NamedTuple


class Look(NamedTuple):
    """A look of a ``kind`` at a place, and the digest of what was seen."""

    kind: str
    where: tuple[str, ...]
    seen: str


Looks = dict[tuple[str, tuple[str, ...]], str]


class Notes:
    """Where looks are noted, for one file after the other; nowhere at first."""

    __slots__ = ("into",)

    def __init__(self) -> None:
        self.into: Looks | None = None


_noted: ContextVar[Notes | None] = ContextVar("_noted", default=None)
_known: ContextVar[Looks | None] = ContextVar("_known", default=None)
_ways: dict[str, Callable[..., Any]] = {}


def way(look: Callable[..., Any]) -> Callable[..., Any]:
    """Make a look of a function that takes texts; its name is the kind, its result has a telling ``repr``."""
    kind = look.__name__

    def seen(*where: str) -> Any:
        found = look(*where)
        notes = _noted.get()
        noted = notes.into if notes else None
        if noted is not None and (kind, where) not in noted:
            noted[kind, where] = _digest(found)
        return found

    _ways[kind] = look
    return seen


def _digest(found: Any) -> str:
    own = getattr(found, "seen", None)
    return own if isinstance(own, str) else digest(repr(found).encode("utf-8", "surrogateescape"))


@contextmanager
def noting() -> Iterator[Notes]:
    """Note what is looked at in this block."""
    notes = Notes()
    token = _noted.set(notes)
    try:
        yield notes
    finally:
        _noted.reset(token)


@contextmanager
def comparing() -> Iterator[None]:
    """In this block, look at each place once, however often it is asked for with :func:`same`."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def same(look: Look) -> bool:
    """Whether a look shows today what it has shown. False for one of an unknown kind.

    Raises:
        TypeError: the kind has another number of texts.
    """
    known = _known.get()
    place = look.kind, look.where
    if known is not None and place in known:
        return known[place] == look.seen
    # all kinds are those of the build context
    from imgtool.facts import context  # noqa: F401, PLC0415 - it uses this module

    if look.kind not in _ways:
        return False
    found = _digest(_ways[look.kind](*look.where))
    if known is not None:
        known[place] = found
    return found == look.seen
