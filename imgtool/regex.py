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
    """Stands for a compiled expression; as fast as one from the first use of each of its methods on.

    Without ``__getattr__``: a class that has it takes three times as long to find what an instance holds.
    """

    def __init__(self, pattern: Any, flags: int) -> None:
        self._given = pattern, flags
        self._made: re.Pattern[Any] | None = None

    def compiled(self) -> re.Pattern[Any]:
        if self._made is None:
            self._made = compiled(*self._given)
        return self._made

    def __reduce__(self) -> tuple[Any, ...]:
        return regex, self._given


class _Of:
    """A method or an attribute of the compiled expression; the first reading puts it in its place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, lazy: _Lazy, owner: type[_Lazy]) -> Any:
        found = getattr(lazy.compiled(), self.name)
        setattr(lazy, self.name, found)
        return found


for _name in dir(re.Pattern):
    if not _name.startswith("_"):
        setattr(_Lazy, _name, _Of(_name))


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives, compiled at its first use; errors in the pattern show then."""
    return cast("re.Pattern[AnyStr]", _Lazy(pattern, flags))
