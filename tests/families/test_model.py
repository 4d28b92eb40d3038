"""Regular expressions of the data are compiled only for texts that may match."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from imgtool.families import model

# --- (expression, what its matches begin with) ---
LEADS = [
    ("abc", ("abc",)),
    ("ABC", ("abc",)),
    ("nvidia-driver-[0-9]+", ("nvidia-driver-",)),
    ("ab*", ("a",)),
    ("ab+", ("ab",)),
    ("ab?c", ("a",)),
    ("ab{0,2}", ("a",)),
    ("ab|cd", ("ab", "cd")),
    ("ab|", ("ab", "")),
    ("ab(c|d)", ("ab",)),
    ("(ab|cd)", ("",)),
    ("(?:ab|cd)e", ("ab", "cd")),
    ("(?:ab|cd)?e", ("",)),
    ("(?:ab|(?:cd|ef)g)h", ("ab", "cd", "ef")),
    ("(?i:ab)", ("",)),
    ("(?!ab)c", ("",)),
    (r"ab\|cd", ("ab",)),
    ("ab[|]cd", ("ab",)),
    ("ab[]|]c", ("ab",)),
    (r"ab(\)|x)", ("ab",)),
    (r"\bab", ("",)),
    ("^ab", ("",)),
    ("", ("",)),
]


@pytest.mark.parametrize("pattern, leads", LEADS)
def test_leads(pattern: str, leads: tuple[str, ...]) -> None:
    assert model._leads(pattern) == leads


@given(
    st.from_regex(r"(?:[abc(|)\[\]\\*+?.{},1]|\(\?:){0,12}", fullmatch=True), st.text("abc|.(A", max_size=6)
)
def test_a_lead_changes_no_match(pattern: str, text: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        try:
            plain = re.compile(pattern, re.IGNORECASE)
        except (re.error, OverflowError):
            return
    model._compiled.cache_clear()
    with warnings.catch_warnings(action="ignore"):
        assert bool(model.fullmatch(pattern, text, re.IGNORECASE)) == bool(plain.fullmatch(text))
        assert bool(model.search(pattern, text, re.IGNORECASE)) == bool(plain.search(text))
        assert bool(model.match(pattern, text)) == bool(re.compile(pattern).match(text))


VERSIONS = st.from_regex(
    r"([0-2]!)?[0-3](\.[0-3]){0,3}(\.?(a|b|rc)[0-2])?(\.post[0-2])?(\.dev[0-2])?", fullmatch=True
)


@given(VERSIONS, VERSIONS)
def test_versions_compare_as_packaging_compares_them(one: str, other: str) -> None:
    ours, theirs = (model.order(one), model.order(other)), (Version(one), Version(other))
    assert ours[0] is not None
    assert ours[1] is not None
    assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])


# --- (a version, one that is newer; None for what is no version) ---
ORDERED = [
    ("8.2.rc1.alpha003", "8.2.rc1"),
    ("8.2.rc1", "8.2"),
    ("12.1", "12.10"),
    ("12.4.1", "12.4.1.post1"),
    ("9", "9" * 30),
]


@pytest.mark.parametrize("older, newer", ORDERED)
def test_order(older: str, newer: str) -> None:
    first, second = model.order(older), model.order(newer)
    assert first
    assert second
    assert first < second


@pytest.mark.parametrize("text", ["", "latest", "12.x", "1..2", "\u0663", None])
def test_what_is_no_version(text: str | None) -> None:
    assert model.order(text) is None


@given(
    st.lists(st.sampled_from([pattern for pattern, _ in LEADS]), max_size=6).map(tuple),
    st.text("abcdefgABC-1\u0131", max_size=6),
)
def test_several_expressions_match_as_each_does(patterns: tuple[str, ...], text: str) -> None:
    found = [(number, match.span()) for number, match in model.fullmatches(patterns, text)]
    each = [(number, re.fullmatch(pattern, text)) for number, pattern in enumerate(patterns)]
    assert found == [(number, match.span()) for number, match in each if match]
