"""What is worked out once for each file."""

from __future__ import annotations

import weakref

import pytest

from imgtool.facts.facts import Facts
from imgtool.facts.remembered import per_file, per_part
from imgtool.syntax import parse
from imgtool.values import lazy

asked: list[bytes] = []


class Found:
    """Something that can be pointed at weakly."""


@per_file
def found(facts: Facts) -> Found:
    asked.append(facts.document.data)
    return Found()


def test_work_is_done_once_for_each_file() -> None:
    asked.clear()
    one, other = Facts(parse(b"FROM a")), Facts(parse(b"FROM b"))
    first = found(one)
    assert found(other) is not first
    assert found(one) is first
    assert asked == [b"FROM a", b"FROM b"]


def test_it_goes_with_its_facts() -> None:
    facts = Facts(parse(b"FROM a"))
    there = weakref.ref(found(facts))
    assert there() is not None
    del facts
    assert there() is None


def test_none_is_an_answer() -> None:
    calls = []

    @per_file
    def nothing(facts: Facts) -> None:
        calls.append(facts)

    facts = Facts(parse(b"FROM a"))
    assert (nothing(facts), nothing(facts)) == (None, None)
    assert len(calls) == 1


def test_work_is_done_once_for_each_part() -> None:
    calls = []

    @per_part
    def nothing(facts: Facts, part: object) -> None:
        calls.append((facts, part))

    one, other = Facts(parse(b"FROM a\nFROM b")), Facts(parse(b"FROM a"))
    for facts in (one, one, other):
        for stage in facts.stages:
            assert nothing(facts, stage) is None
    assert calls == [(one, one.stages[0]), (one, one.stages[1]), (other, other.stages[0])]


class Reader:
    def __init__(self) -> None:
        self.read = 0

    @lazy
    def text(self) -> str:
        """What it says."""
        self.read += 1
        return "text"


def test_a_lazy_attribute_is_read_once() -> None:
    one, other = Reader(), Reader()
    assert (one.read, one.text, one.text, one.read, other.read) == (0, "text", "text", 1, 0)
    assert Reader.text.__doc__ == "What it says."


class Failing:
    @lazy
    def text(self) -> str:
        raise OSError


def test_a_lazy_attribute_that_raises_is_read_again() -> None:
    one = Failing()
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011 - any will do
            one.text  # noqa: B018
