"""Regular expressions that wait until they are used."""

from __future__ import annotations

import pickle
import re

import pytest

from imgtool.regex import regex


def test_it_does_what_a_compiled_one_does() -> None:
    lazy = regex(r"(?P<a>x+)y", re.IGNORECASE)
    assert (lazy.pattern, lazy.groups, dict(lazy.groupindex)) == (r"(?P<a>x+)y", 1, {"a": 1})
    for text in ("xxy", "XY", "y", ""):
        given, expected = lazy.fullmatch(text), re.compile(r"(?P<a>x+)y", re.IGNORECASE).fullmatch(text)
        assert (given and given.groups()) == (expected and expected.groups())
    assert regex(rb"a+").sub(b"b", b"caad") == b"cbd"


def test_it_has_all_that_a_compiled_one_has() -> None:
    lazy, made = regex("a(b)?"), re.compile("a(b)?")
    for name in (name for name in dir(made) if not name.startswith("_")):
        own, expected = getattr(lazy, name), getattr(made, name)
        assert callable(own) if callable(expected) else own == expected
    for _ in range(2):
        assert lazy.search(string="xab", pos=1) is not None
        assert lazy.split("xabx", maxsplit=1) == made.split("xabx", maxsplit=1)
        assert [m[0] for m in lazy.finditer("abab", 1)] == ["ab"]


def test_nothing_is_compiled_before_it_is_used() -> None:
    wrong = regex("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_it_can_be_sent_to_another_process() -> None:
    lazy = regex("a+")
    lazy.match("a")
    assert pickle.loads(pickle.dumps(lazy)).findall("aab") == ["aa"]  # noqa: S301 - our own


def test_an_unknown_name_is_said() -> None:
    with pytest.raises(AttributeError, match="matches"):
        regex("a").matches  # type: ignore[attr-defined] # noqa: B018
