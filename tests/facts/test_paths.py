"""Paths that commands name."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.facts.paths import fits

_TEXT = st.text(alphabet="ab*?[]!-/.\n é", max_size=8)


@given(_TEXT, _TEXT)
@example("", "")
@example("", "*")
@example("a", "a*a")
@example("aa", "a*a")
@example("a\nb", "a*b")
@example("[", "[")
@example("*", "*")
@example("a*", "a*")
@example("abc", "a**c")
@example("abc", "a*[c]")
def test_fits_is_fnmatch(name: str, pattern: str) -> None:
    assert fits(name, pattern) == fnmatchcase(name, pattern)
    # the other way around more texts fit
    assert fits(name, f"{name[:2]}*{pattern}") == fnmatchcase(name, f"{name[:2]}*{pattern}")
