"""Regular expressions that are compiled when they are first used: most files need few of them."""

from __future__ import annotations

import re
from functools import cache
from typing import AnyStr

from imgtool.rule import regex


@cache
def compiled(pattern: AnyStr) -> re.Pattern[AnyStr]:
    """A pattern, kept for good, as those of all rules would not fit into the cache of :mod:`re`."""
    return regex(pattern)
