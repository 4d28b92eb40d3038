"""What a wheel holds ready: what the Python that built it makes of regular expressions and of constructors, and which
module needs which.

Making them anew would be a third of what linting one file takes. Where another Python runs, or no wheel is
installed, they are made when they are needed. ``prepare.py`` writes the module.
"""

from __future__ import annotations

import _sre
import sys
from collections.abc import Mapping
from functools import cache
from marshal import loads
from types import CodeType
from typing import Any


def maker() -> tuple[Any, ...]:
    """What has to be the same where such things are used as where they were made."""
    version = sys.implementation.cache_tag, sys.version_info[:2], sys.version_info.releaselevel
    return *version, _sre.MAGIC, _sre.CODESIZE, sys.byteorder


@cache
def _held() -> Any:
    """The module that wheels have; None elsewhere, which takes long to find out."""
    try:
        import imgtool._prepared as held  # noqa: PLC0415 - see the docstring
    except ImportError:
        return None
    return held


def order(name: str) -> tuple[str, ...]:
    """What a module needs of our other modules, each behind those that it needs itself; only wheels know."""
    held = _held()
    found: tuple[str, ...] = held.ORDER.get(name, ()) if held else ()
    return found


@cache
def tables() -> tuple[Mapping[tuple[int, bool], Mapping[Any, bytes]], Mapping[str, bytes]]:
    """Arguments of ``_sre.compile`` by flags and kind of text and by pattern, and code by its text: both marshalled."""
    held = _held()
    return (held.EXPRESSIONS, held.CODE) if held and maker() == held.MAKER else ({}, {})


def expression(pattern: str | bytes, flags: int) -> Any:
    """What :mod:`re` hands on to its engine, if that is held ready."""
    found = tables()[0].get((flags, isinstance(pattern, bytes)), {}).get(pattern)
    return None if found is None else loads(found)  # noqa: S302 - our own


def code(text: str) -> CodeType:
    """A definition, compiled."""
    found = tables()[1].get(text)
    made: CodeType = compile(text, "<prepared>", "exec") if found is None else loads(found)  # noqa: S302 - our own
    return made
