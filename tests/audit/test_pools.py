from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import auditing
import pytest

from imgtool.audit import pools

posix = pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")


def done(
    work: Callable[[Any], Any],
    things: Any,
    *,
    workers: int = 2,
    seconds: float = 60,
    memory: int | None = None,
) -> list[Any]:
    with pools.embedded(work, workers, seconds=seconds, memory=memory) as submit:
        return list(pools.run(things, submit, workers * pools.AHEAD, lambda thing, why: (thing, why)))


def others(found: list[Any]) -> list[Any]:
    return sorted(value for value in found if not isinstance(value, tuple))


def lost(found: list[Any]) -> list[Any]:
    return [value for value in found if isinstance(value, tuple)]


def test_each_once() -> None:
    assert sorted(done(auditing.double, range(50))) == [2 * number for number in range(50)]


def test_nothing_to_do() -> None:
    assert done(auditing.double, ()) == []


def test_things_are_taken_when_their_turn_comes() -> None:
    taken: list[int] = []

    def coming() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with pools.embedded(auditing.double, 1, seconds=60, memory=None) as submit:
        results = pools.run(coming(), submit, 4, lambda _number, _why: -1)
        next(results)
        assert len(taken) <= 5
        assert len(list(results)) == 99


@posix
def test_who_kills_its_process_takes_no_other_along() -> None:
    found = done(auditing.die_on_three, range(20))
    assert others(found) == [2 * number for number in range(20) if number != 3]
    assert lost(found) == [(3, "its process died (signal 9)")]


@posix
def test_who_was_killed_by_chance_is_tried_again(tmp_path: Path) -> None:
    assert done(auditing.die_once, [tmp_path / "a", tmp_path / "b"]) in (["a", "b"], ["b", "a"])


def test_a_process_that_leaves() -> None:
    assert done(auditing.leave, [5], workers=1) == [(5, "its process died (exit code 5)")]


def test_who_takes_too_long() -> None:
    found = done(auditing.sleep_on_three, range(10), seconds=1)
    assert others(found) == [2 * number for number in range(10) if number != 3]
    assert lost(found) == [(3, "it took longer than 1 seconds")]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_who_needs_too_much_memory() -> None:
    found = done(auditing.fill_on_three, range(10), memory=1_000_000_000)
    assert others(found) == [2 * number for number in range(10) if number != 3]
    assert lost(found) == [(3, "MemoryError: ")]
