"""Regular expressions that are compiled when they are first used.

Compiling all of them takes longer than linting a file does, and most files need few. Even those are a fifth of what one
file takes, so that a wheel holds what is made of them (:mod:`imgtool.prepared`).
"""

from __future__ import annotations

import _sre
import re
from typing import Any, AnyStr, cast

from imgtool.prepared import expression


def compiled(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives."""
    found = expression(pattern, int(flags))
    if found is None:
        return re.compile(pattern, flags)
    flags, code, groups, groupindex, indexgroup = found
    words = memoryview(code).cast("I").tolist()
    made: re.Pattern[AnyStr] = _sre.compile(pattern, flags, words, groups, groupindex, indexgroup)
    return made


class _Lazy:
    """Stands for a compiled expression; as fast as one from the first use of each of its methods on."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        if name == "_compiled":
            self._compiled = compiled(*self._given)
            return self._compiled
        found = getattr(self._compiled, name)
        setattr(self, name, found)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return regex, self._given


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives, compiled at its first use; errors in the pattern show then."""
    return cast("re.Pattern[AnyStr]", _Lazy(pattern, flags))
