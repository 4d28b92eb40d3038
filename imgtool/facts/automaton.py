"""Globs as automata: a match costs the text's length times a few integer operations, whatever the pattern.

A pattern is a list of nodes. All ways through it are followed at once, as bits of one integer, so that no pattern,
however hostile, makes a match run away as a backtracking regular expression would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import takewhile
from operator import attrgetter
from typing import TypeAlias

from imgtool.values import NamedTuple, dataclass

Matcher: TypeAlias = Callable[[str], bool]
"""Whether a whole text matches."""

Test: TypeAlias = Callable[[str], bool]
"""Whether a character passes."""


# named tuples: a dataclass takes seven times as long to define


class Char(NamedTuple):
    """One character: ``literal``, or where that is empty any that passes the test."""

    test: Test
    literal: str = ""


class Star(NamedTuple):
    """Any number of characters that pass."""

    test: Test


class Maybe(NamedTuple):
    """The next two nodes, or neither."""


class Edge(NamedTuple):
    """No character, but a condition on those before and after (``""`` at the ends)."""

    holds: Callable[[str, str], bool]


Node: TypeAlias = Char | Star | Maybe | Edge


def automaton(nodes: Sequence[Node]) -> Matcher:
    """A matcher of whole texts. Build nodes of equal meaning from the same test: equal tests are asked once."""
    return partial(_run, _assemble(nodes))


@dataclass(frozen=True, slots=True, eq=False)
class _Automaton:
    """Nodes as bit masks: bit *i* of a state set means that node *i* comes next, bit ``size`` that all are done."""

    size: int
    literals: dict[str, int]
    tests: tuple[tuple[Test, int], ...]
    loops: tuple[tuple[Test, int], ...]
    empty: int
    maybes: int
    edges: tuple[tuple[Callable[[str, str], bool], int], ...]
    prefix: str
    suffix: str


def _run(machine: _Automaton, text: str) -> bool:
    # most paths fall here, in C
    if not (text.startswith(machine.prefix) and text.endswith(machine.suffix)):
        return False
    states, before = 1, ""
    for char in text:
        states = _step(machine, states, before, char)
        if not states:
            return False
        # only edges ask for it, and one value fewer fills the cache less
        before = char if machine.edges else ""
    return bool(_close(machine, states, before, "") >> machine.size)


@lru_cache(maxsize=1 << 13)
def _step(machine: _Automaton, states: int, before: str, char: str) -> int:
    """The states after one character more; caching them makes the automaton a lazy deterministic one."""
    states = _close(machine, states, before, char)
    takes, stays = _masks(machine, char)
    return (states & takes) << 1 | states & stays


@lru_cache(maxsize=1 << 11)
def _masks(machine: _Automaton, char: str) -> tuple[int, int]:
    """The nodes that a character leads past, and those that it leads back to."""
    return (
        machine.literals.get(char, 0) | _passing(machine.tests, char),
        _passing(machine.loops, char),
    )


def _passing(tests: Iterable[tuple[Test, int]], char: str) -> int:
    mask = 0
    for test, bits in tests:
        if test(char):
            mask |= bits
    return mask


def _close(machine: _Automaton, states: int, before: str, after: str) -> int:
    """The states with all that are reached without a character."""
    while True:
        grown = states | (states & machine.empty) << 1 | (states & machine.maybes) << 3
        for holds, bits in machine.edges:
            if grown & bits and holds(before, after):
                grown |= (grown & bits) << 1
        if grown == states:
            return states
        states = grown


def _assemble(nodes: Sequence[Node]) -> _Automaton:
    literals: dict[str, int] = {}
    tests: dict[Test, int] = {}
    loops: dict[Test, int] = {}
    edges: dict[Callable[[str, str], bool], int] = {}
    empty = maybes = 0
    for index, node in enumerate(nodes):
        bit = 1 << index
        match node:
            case Char(test, ""):
                tests[test] = tests.get(test, 0) | bit
            case Char(_, char):
                literals[char] = literals.get(char, 0) | bit
            case Star(test):
                loops[test] = loops.get(test, 0) | bit
                empty |= bit
            case Maybe():
                maybes |= bit
                empty |= bit
            case Edge(holds):
                edges[holds] = edges.get(holds, 0) | bit
    return _Automaton(
        size=len(nodes),
        literals=literals,
        tests=tuple(tests.items()),
        loops=tuple(loops.items()),
        empty=empty,
        maybes=maybes,
        edges=tuple(edges.items()),
        prefix=_literal_run(nodes),
        suffix=_literal_run(nodes[::-1])[::-1],
    )


def _literal_run(nodes: Sequence[Node]) -> str:
    """The characters that a match has to begin with (given nodes in reverse: to end with, in reverse)."""
    chars = [node for node in nodes if not isinstance(node, Edge)]
    return "".join(map(attrgetter("literal"), takewhile(lambda n: isinstance(n, Char) and n.literal, chars)))


# -- what a character may be ------------------------------------------------------------------------------


def literal(char: str) -> Char:
    """Exactly this character."""
    return Char(anything, char)


def anything(_char: str) -> bool:
    return True


def not_slash(char: str) -> bool:
    return char != "/"


def between(low: str, high: str, char: str) -> bool:
    return low <= char <= high


def any_of(negated: bool, tests: tuple[Test, ...], char: str) -> bool:
    return any(test(char) for test in tests) != negated


_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_DIGITS = "0123456789"

POSIX = {
    "alnum": frozenset(_UPPER + _LOWER + _DIGITS),
    "alpha": frozenset(_UPPER + _LOWER),
    "ascii": frozenset(map(chr, range(128))),
    "blank": frozenset("\t "),
    "cntrl": frozenset(map(chr, [*range(32), 127])),
    "digit": frozenset(_DIGITS),
    "graph": frozenset(map(chr, range(33, 127))),
    "lower": frozenset(_LOWER),
    "print": frozenset(map(chr, range(32, 127))),
    "punct": frozenset(r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"""),
    "space": frozenset("\t\n\v\f\r "),
    "upper": frozenset(_UPPER),
    "word": frozenset(_UPPER + _LOWER + _DIGITS + "_"),
    "xdigit": frozenset(_DIGITS + "abcdefABCDEF"),
}
"""What ``[:name:]`` in a class stands for, ASCII alone."""
