from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts import globs
from imgtool.facts.automaton import automaton
from imgtool.facts.globs import BadPatternError, compile_ignore, compile_match, ignore_expression

MATCH = [
    ("main.py", "main.py", True),
    ("main.py", "src/main.py", False),
    ("*", "main.py", True),
    ("*", "src/main.py", False),
    ("*.py", ".py", True),
    ("src/*", "src/main.py", True),
    ("src/*", "src", False),
    ("*a*b*", "xxaxxbxx", True),
    ("*a*b*", "xxbxxaxx", False),
    ("**", "src/main.py", False),
    ("?", "é", True),
    ("?", "/", False),
    ("a?c", "a/c", False),
    ("[a-c]x", "bx", True),
    ("[a-c]x", "dx", False),
    ("[^a-c]x", "dx", True),
    ("[^a-c]x", "/x", True),
    ("[一-丁]", "丁", True),
    ("[c-a]", "b", False),
    ("[*]", "*", True),
    ("[*]", "a", False),
    (r"\*", "*", True),
    (r"\*", "a", False),
    (r"\a", "a", True),
    (r"[\]]", "]", True),
    (r"[\-a]", "-", True),
    ("]", "]", True),
    ("a.c", "abc", False),
    ("", "", True),
    ("", "a", False),
]

BAD = [
    "[",
    "[a",
    "[^",
    "[]a]",
    "[^]a]",
    "[-]",
    "[a-]",
    "[-a]",
    "[a-b-c]",
    "a[",
    "\\",
    "a\\",
    "[\\",
    "[a\\",
    "*[x",
    "[\udcff]",
]

IGNORE = [
    # as in filepath.Match
    ("main.py", "main.py", True),
    ("*.py", "main.py", True),
    ("*.py", "src/main.py", False),
    ("?.py", "é.py", True),
    ("a[0-9].py", "a7.py", True),
    ("a[^0-9].py", "a7.py", False),
    (r"\*.py", "*.py", True),
    (r"\*.py", "a.py", False),
    (r"[\]]", "]", True),
    # what is plain in a pattern stays plain in the expression
    ("a.c*", "abc", False),
    ("a+(b|c)$*", "a+(b|c)$x", True),
    ("a{2}?", "a{2}x", True),
    # two stars: any depth, and at the end anything at all
    ("**", "a/b", True),
    ("**/*.py", "main.py", True),
    ("**/*.py", "a/b/main.py", True),
    ("**/*.py", "a/b/main.pyc", False),
    ("**/main.py", "a/main.py", True),
    ("**/main.py", "a/xmain.py", False),
    ("**main.py", "a/xmain.py", True),
    ("a/**", "a/b/c", True),
    ("a/**", "a", False),
    ("a**", "a", True),
    ("a**", "ab/c", True),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b", True),
    ("a/**/b", "a/xb", False),
    ("a**b", "ab", True),
    ("a**b", "ax/b", True),
    ("a**b", "axb", False),
    ("**/a/**", "a/b", True),
    ("**/a/**", "x/a/b", True),
    ("**/a/**", "xa/b", False),
    ("***", "a", True),
    ("***", "a/b", True),
    ("*/**/*.py", "a/b/c/d.py", True),
    ("*/**/*.py", "d.py", False),
    # the expression's own meanings
    (r"a\d", "a7", True),
    (r"a\d", "ad", False),
    (r"a\D\S\W", "ab-.", True),
    (r"a\D\S\W", "a7-.", False),
    (r"**\bin", "x/in", True),
    (r"**\bin", "bin", False),
    (r"a\bb", "ab", False),
    (r"a\B?", "ab", True),
    (r"a\B?", "a-", False),
    (r"\Aa\z", "a", True),
    (r"a\zb", "ab", False),
    (r"a\x41", "aA", True),
    (r"a\101", "aA", True),
    (r"a\0", "a\0", True),
    (r"a\tb", "a\tb", True),
    (r"\pLx", "éx", True),
    (r"\plx", "éx", True),
    (r"\PLx", "éx", False),
    (r"[\pN\s]x", "7x", True),
    (r"a\Qb", "ab$ and more", True),
    (r"a\Qb", "ab", False),
    (r"a\Q*\Eb", "a[^/]*b", True),
    ("[[:digit:]]", "7", True),
    ("[[:^digit:]]", "7", False),
    ("[[:digit:]-]", "-", True),
    ("^a*", "ab", True),
    ("a^*", "a^b", False),
    ("a^b", "a^b", True),
    ("[a*]", "a]", True),
    ("[a*]", "/^[]", True),
    ("[a*]", "*", False),
    ("[a?]", "a]", True),
    ("[a?]", "a", False),
    ("[**]x", "(x", True),
    ("[**]x", "ax", False),
    (r"[a\-c]", "b", False),
    (r"[a\d]", "7", True),
    # Go reads a byte that is not UTF-8 as U+FFFD
    ("\udcff*", "\udcfe", True),
    ("\udcff", "\udcfe", False),
]

REFUSED = [
    *BAD,
    "[b-a]",
    r"a\e",
    r"a\8",
    r"a\1",
    r"a\x4",
    r"a\C",
    r"a\é",
    r"a\pu",
    r"a\p",
    "[[:nope:]]",
    r"[a-\d]",
    r"\E",
]


@pytest.mark.parametrize("pattern, path, matches", MATCH)
def test_match(pattern: str, path: str, matches: bool) -> None:
    assert compile_match(pattern)(path) is matches


@pytest.mark.parametrize("pattern", BAD)
def test_match_refuses(pattern: str) -> None:
    with pytest.raises(BadPatternError, match="syntax error in pattern"):
        compile_match(pattern)


@pytest.mark.parametrize("pattern, path, matches", IGNORE)
def test_ignore(pattern: str, path: str, matches: bool) -> None:
    assert compile_ignore(pattern)(path) is matches


@pytest.mark.parametrize("pattern", REFUSED)
def test_ignore_refuses(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        compile_ignore(pattern)


@pytest.mark.parametrize(
    "pattern, kind, expression",
    [
        ("a(b).c", "exact", r"^a\(b\)\.c$"),
        ("a/**", "prefix", "^a/.*$"),
        ("**/a", "suffix", "^(.*/)?a$"),
        ("**/a*", "regexp", "^(.*/)?a[^/]*$"),
        ("**/**", "regexp", "^(.*/)?.*$"),
        ("a*/**", "regexp", "^a[^/]*/.*$"),
        ("a?[b]", "regexp", "^a[^/][b]$"),
    ],
)
def test_expression(pattern: str, kind: str, expression: str) -> None:
    assert ignore_expression(pattern) == (kind, expression)


@given(st.text("ab*?", max_size=12), st.text("abc", max_size=12))
def test_match_agrees_with_fnmatch_where_there_is_no_slash(pattern: str, text: str) -> None:
    assert compile_match(pattern)(text) is fnmatch.fnmatchcase(text, pattern)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_matches_or_is_refused(pattern: str, path: str) -> None:
    for compiled in (compile_match, compile_ignore):
        try:
            assert compiled(pattern)(path) in {True, False}
        except BadPatternError:
            assert set(pattern) & set("[]\\")


@pytest.mark.parametrize(
    "pattern, path",
    [
        ("*a" * 2000 + "*b*", "a" * 4096),
        ("**/a" * 1000 + "/*b*", "a/" * 2048),
        ("*" * 60_000 + "b*", "a" * 4096),
        ("**/" * 20_000 + "*b*", "a/" * 2048),
        ("[ab*]" * 2000 + "x?", "a" * 4096),
        (r"\b^" * 20_000 + "*b*", "a" * 4096),
    ],
    ids=["stars", "depths", "run of stars", "run of depths", "classes", "edges"],
)
def test_hostile_patterns_stay_fast(pattern: str, path: str) -> None:
    start = time.process_time()
    for compiled in (compile_match, compile_ignore):
        assert compiled(pattern)(path) is False
    # seconds; backtracking would take longer than the universe
    assert time.process_time() - start < 5


@given(
    st.text("ab/.\n\udc80", max_size=4), st.text("ab/.\n", max_size=4), st.text("ab/.\n*\udc80", max_size=10)
)
def test_one_star_is_what_the_automaton_finds(head: str, tail: str, path: str) -> None:
    general = automaton(globs._match_nodes(f"{head}*{tail}"))
    for text in (path, head + tail, head + path + tail, head + path):
        assert compile_match(f"{head}*{tail}")(text) is general(text)
