"""What a wheel holds ready: what is made of regular expressions, the constructors, and which module needs which.

Making them anew would be two fifths of what linting one file takes, in every process. ``prepare.py`` writes the modules.
Constructors are source there, which pip compiles for the Python that it installs for. Expressions are what :mod:`re` hands
on to its engine: the Pythons of ``_ENGINES`` make the same of each of ours (``tests/package/test_wheel.py`` compares
those that it finds), so one of them serves all. On any other Python, and where no wheel is installed, all are made
when they are needed.
"""

from __future__ import annotations

import _sre
import sys
from collections.abc import Mapping
from functools import cache
from marshal import loads
from types import CodeType
from typing import Any

_ENGINES = {(3, 11): 20220615, (3, 12): 20221023, (3, 13): 20230612, (3, 14): 20230612}


def maker() -> tuple[Any, ...]:
    """What has to be the same where expressions are used as where they were made."""
    version = sys.version_info[:2]
    known = _ENGINES.get(version) == _sre.MAGIC
    engine = () if known else (*version, sys.version_info.releaselevel, _sre.MAGIC)
    return sys.implementation.name, engine, _sre.CODESIZE, _sre.MAXREPEAT, sys.byteorder


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
def expressions() -> Mapping[tuple[int, bool], Mapping[Any, bytes]]:
    """Arguments of ``_sre.compile``, marshalled, by flags and kind of text and by pattern."""
    held = _held()
    return held.EXPRESSIONS if held and maker() == held.MAKER else {}


@cache
def constructors() -> Mapping[str, CodeType]:
    """Code of functions by the text of their definitions."""
    try:
        from imgtool._constructors import CODE  # noqa: PLC0415 - only wheels have it
    except ImportError:
        return {}
    found: Mapping[str, CodeType] = CODE
    return found


def expression(pattern: str | bytes, flags: int) -> Any:
    """What :mod:`re` hands on to its engine, if that is held ready."""
    found = expressions().get((flags, isinstance(pattern, bytes)), {}).get(pattern)
    return None if found is None else loads(found)  # noqa: S302 - our own


def code(text: str) -> CodeType:
    """That of the function which a text defines."""
    found = constructors().get(text)
    if found is None:
        made = compile(text, "<prepared>", "exec").co_consts
        (found,) = [one for one in made if isinstance(one, CodeType)]
    return found
