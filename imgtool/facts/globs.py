r"""The two glob dialects of ``docker build``, matched in time that no pattern can blow up.

``COPY`` sources are patterns of Go's ``filepath.Match``. ``.dockerignore`` lines and ``COPY --exclude`` must be
such patterns too, but are matched as moby/patternmatcher does it: as text, or by a regular expression put together
from the pattern. That expression gives some patterns a meaning nobody meant (``\b`` is a word boundary, ``[a*]`` a
class and a ``]``), so it is built here as there, and read as Go's ``regexp`` reads it.

Either becomes one automaton, run bit-parallel: a match costs the path's length times a few integer operations.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import takewhile
from operator import attrgetter, contains, eq
from typing import TypeAlias

Matcher: TypeAlias = Callable[[str], bool]
_Test: TypeAlias = Callable[[str], bool]


class BadPatternError(ValueError):
    """Go refuses the pattern, and the build fails; the message is Go's."""

    def __init__(self, message: str = "syntax error in pattern") -> None:
        super().__init__(message)


def compile_match(pattern: str) -> Matcher:
    """Whether a whole path matches ``pattern``, as Go's ``filepath.Match`` on Linux has it.

    ``*`` and ``?`` stop at ``/``, there is no ``**``, a backslash makes the next character plain.

    Raises:
        BadPatternError: the pattern is one that ``filepath.Match`` refuses.
    """
    return partial(_run, _assemble(_match_nodes(pattern)))


def compile_ignore(pattern: str) -> Matcher:
    """Whether a whole path matches one cleaned line of a ``.dockerignore`` (without its ``!``).

    Raises:
        BadPatternError: ``filepath.Match`` refuses the pattern, or Go's ``regexp`` what is made of it.
    """
    if _SPECIAL.search(pattern) is None:
        return partial(eq, pattern)
    _match_nodes(pattern)
    kind, expression = ignore_expression(pattern)
    match kind:
        case "exact":
            return partial(eq, pattern)
        case "prefix":
            return partial(_starts, pattern[:-2])
        case "suffix":
            return partial(_ends, pattern[2:])
        case _:
            return partial(_run, _assemble(_expression_nodes(expression)))


_SPECIAL = re.compile(r"[*?\[\]\\]")


def _starts(prefix: str, path: str) -> bool:
    return path.startswith(prefix)


def _ends(suffix: str, path: str) -> bool:
    # **/name is name itself too
    return path.endswith(suffix) or (suffix[:1] == "/" and path == suffix[1:])


# -- the automaton ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Char:
    """One character: ``literal``, or where that is empty any that passes the test."""

    test: _Test
    literal: str = ""


@dataclass(frozen=True, slots=True)
class _Star:
    """Any number of characters that pass."""

    test: _Test


@dataclass(frozen=True, slots=True)
class _Maybe:
    """The next two nodes, or neither."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """No character, but a condition on those before and after (``""`` at the ends)."""

    holds: Callable[[str, str], bool]


_Node: TypeAlias = _Char | _Star | _Maybe | _Edge


@dataclass(frozen=True, slots=True, eq=False)
class _Automaton:
    """Nodes as bit masks: bit *i* of a state set means that node *i* comes next, bit ``size`` that all are done."""

    size: int
    literals: dict[str, int]
    tests: tuple[tuple[_Test, int], ...]
    loops: tuple[tuple[_Test, int], ...]
    empty: int
    maybes: int
    edges: tuple[tuple[Callable[[str, str], bool], int], ...]
    prefix: str
    suffix: str


def _run(automaton: _Automaton, text: str) -> bool:
    # most paths fall here, in C
    if not (text.startswith(automaton.prefix) and text.endswith(automaton.suffix)):
        return False
    states, before = 1, ""
    for char in text:
        states = _step(automaton, states, before, char)
        if not states:
            return False
        # only edges ask for it, and one value fewer fills the cache less
        before = char if automaton.edges else ""
    return bool(_close(automaton, states, before, "") >> automaton.size)


@lru_cache(maxsize=1 << 13)
def _step(automaton: _Automaton, states: int, before: str, char: str) -> int:
    """The states after one character more; caching them makes the automaton a lazy deterministic one."""
    states = _close(automaton, states, before, char)
    takes, stays = _masks(automaton, char)
    return (states & takes) << 1 | states & stays


@lru_cache(maxsize=1 << 11)
def _masks(automaton: _Automaton, char: str) -> tuple[int, int]:
    """The nodes that a character leads past, and those that it leads back to."""
    return (
        automaton.literals.get(char, 0) | _passing(automaton.tests, char),
        _passing(automaton.loops, char),
    )


def _passing(tests: Iterable[tuple[_Test, int]], char: str) -> int:
    mask = 0
    for test, bits in tests:
        if test(char):
            mask |= bits
    return mask


def _close(automaton: _Automaton, states: int, before: str, after: str) -> int:
    """The states with all that are reached without a character."""
    while True:
        grown = states | (states & automaton.empty) << 1 | (states & automaton.maybes) << 3
        for holds, bits in automaton.edges:
            if grown & bits and holds(before, after):
                grown |= (grown & bits) << 1
        if grown == states:
            return states
        states = grown


def _assemble(nodes: Sequence[_Node]) -> _Automaton:
    literals: dict[str, int] = {}
    tests: dict[_Test, int] = {}
    loops: dict[_Test, int] = {}
    edges: dict[Callable[[str, str], bool], int] = {}
    empty = maybes = 0
    for index, node in enumerate(nodes):
        bit = 1 << index
        match node:
            case _Char(test, ""):
                tests[test] = tests.get(test, 0) | bit
            case _Char(_, literal):
                literals[literal] = literals.get(literal, 0) | bit
            case _Star(test):
                loops[test] = loops.get(test, 0) | bit
                empty |= bit
            case _Maybe():
                maybes |= bit
                empty |= bit
            case _Edge(holds):
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


def _literal_run(nodes: Sequence[_Node]) -> str:
    """The characters that a match has to begin with (given nodes in reverse: to end with, in reverse)."""
    chars = [node for node in nodes if not isinstance(node, _Edge)]
    return "".join(map(attrgetter("literal"), takewhile(lambda n: isinstance(n, _Char) and n.literal, chars)))


# -- what a character may be ------------------------------------------------------------------------------


def _not_slash(char: str) -> bool:
    return char != "/"


def _not_newline(char: str) -> bool:
    return char != "\n"


def _slash(char: str) -> bool:
    return char == "/"


def _anything(_char: str) -> bool:
    return True


def _undecodable(char: str) -> bool:
    # Go reads a byte that is not UTF-8 as U+FFFD; here it is a surrogate (PEP 383)
    return char == "\ufffd" or "\udc80" <= char <= "\udcff"


def _between(low: str, high: str, char: str) -> bool:
    return low <= char <= high


def _category(letter: str, char: str) -> bool:
    return unicodedata.category(char)[0] == letter


def _any_of(negated: bool, tests: tuple[_Test, ...], char: str) -> bool:
    return any(test(char) for test in tests) != negated


def _literal(char: str) -> _Char:
    return _Char(_undecodable) if _undecodable(char) else _Char(_anything, char)


# -- filepath.Match ---------------------------------------------------------------------------------------


def _match_nodes(pattern: str) -> list[_Node]:
    nodes: list[_Node] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            if nodes[-1:] != [_Star(_not_slash)]:
                nodes.append(_Star(_not_slash))
        elif char == "?":
            nodes.append(_Char(_not_slash))
        elif char == "[":
            test, at = _match_class(pattern, at)
            nodes.append(_Char(test))
        elif char == "\\":
            if at == len(pattern):
                raise BadPatternError
            nodes.append(_literal(pattern[at]))
            at += 1
        else:
            nodes.append(_literal(char))
    return nodes


def _match_class(pattern: str, at: int) -> tuple[_Test, int]:
    negated = pattern.startswith("^", at)
    at += negated
    members: list[_Test] = []
    while not (members and pattern.startswith("]", at)):
        low, at = _match_member(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _match_member(pattern, at + 1)
        members.append(partial(_between, low, high))
    return partial(_any_of, negated, tuple(members)), at + 1


def _match_member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] in {"", "-", "]"}:
        raise BadPatternError
    at += pattern[at] == "\\"
    # a class cannot end with the pattern, and Go refuses broken UTF-8 in it
    if at + 1 >= len(pattern) or "\udc80" <= pattern[at] <= "\udcff":
        raise BadPatternError
    return pattern[at], at + 1


# -- patternmatcher's regular expressions -----------------------------------------------------------------

_TOKEN = re.compile(r"\*\*/?|\\.|.", re.DOTALL)
_WILD = {"*": "[^/]*", "?": "[^/]", "[": "[", "]": "]"}
_QUOTED = frozenset(".+()|{}$")


def ignore_expression(pattern: str) -> tuple[str, str]:
    """How patternmatcher matches a pattern (exact, prefix, suffix, regexp), and the expression of the last.

    Source: moby/patternmatcher, ``Pattern.compile`` for ``/``.
    """
    kind = "exact"
    parts = ["^"]
    for token in _TOKEN.finditer(pattern):
        text, last = token[0], token.end() == len(pattern)
        if text.startswith("**"):
            parts.append(".*" if last else "(.*/)?")
            after = "prefix" if last and kind == "exact" else "regexp"
            kind = after if token.start() else "suffix"
        elif text in _WILD or len(text) > 1:
            parts.append(_WILD.get(text, text))
            kind = "regexp"
        else:
            parts.append("\\" + text if text in _QUOTED else text)
    return kind, "".join([*parts, "$"])


_ANY_DEPTH: tuple[_Node, ...] = (_Maybe(), _Star(_not_newline), _Char(_slash))


def _expression_nodes(expression: str) -> list[_Node]:
    """The nodes of one of :func:`ignore_expression`'s expressions; it can hold nothing but what is read here."""
    nodes: list[_Node] = []
    at = 0
    while at < len(expression):
        if expression.startswith("(.*/)?", at):
            # twice in a row says no more than once
            nodes.extend(_ANY_DEPTH if tuple(nodes[-3:]) != _ANY_DEPTH else ())
            at += 6
        elif expression.startswith(".*", at):
            nodes.append(_Star(_not_newline))
            at += 2
        elif expression[at] == "[":
            test, at = (
                (_not_slash, at + 4) if expression.startswith("[^/]", at) else _class(expression, at + 1)
            )
            starred = expression.startswith("*", at)
            nodes.append(_Star(test) if starred else _Char(test))
            at += starred
        elif expression[at] == "\\":
            at = _escape(expression, at, nodes)
        else:
            edge = _EDGES.get(expression[at])
            nodes.append(edge or _literal(expression[at]))
            at += 1
    # an unclosed \Q swallows the "$"
    return nodes if nodes[-1:] == [_EDGES["$"]] else [*nodes, _Star(_anything)]


def _at_start(before: str, _after: str) -> bool:
    return not before


def _at_end(_before: str, after: str) -> bool:
    return not after


_LETTERS, _DIGITS = string.ascii_letters, string.digits
_WORD = frozenset(_LETTERS + _DIGITS + "_")


def _at_boundary(before: str, after: str) -> bool:
    return (before in _WORD) != (after in _WORD)


def _within(before: str, after: str) -> bool:
    return not _at_boundary(before, after)


_EDGES = {
    "^": _Edge(_at_start),
    "$": _Edge(_at_end),
    r"\A": _Edge(_at_start),
    r"\z": _Edge(_at_end),
    r"\b": _Edge(_at_boundary),
    r"\B": _Edge(_within),
}
_PERL = {"d": frozenset(_DIGITS), "s": frozenset("\t\n\f\r "), "w": _WORD}
_POSIX = {
    "alnum": frozenset(_LETTERS + _DIGITS),
    "alpha": frozenset(_LETTERS),
    "ascii": frozenset(map(chr, range(128))),
    "blank": frozenset("\t "),
    "cntrl": frozenset(map(chr, [*range(32), 127])),
    "digit": frozenset(_DIGITS),
    "graph": frozenset(map(chr, range(33, 127))),
    "lower": frozenset(string.ascii_lowercase),
    "print": frozenset(map(chr, range(32, 127))),
    "punct": frozenset(string.punctuation),
    "space": frozenset("\t\n\v\f\r "),
    "upper": frozenset(string.ascii_uppercase),
    "word": _WORD,
    "xdigit": frozenset(string.hexdigits),
}
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CHAR_ESCAPE = re.compile(
    r"\\(?:(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})|x(?P<hex>[0-9A-Fa-f]{2})|(?P<control>[afnrtv])"
    r"|(?P<itself>[^0-9A-Za-z\x80-\U0010ffff]))",
    re.DOTALL,
)


def _escape(expression: str, at: int, nodes: list[_Node]) -> int:
    """Append what a backslash outside a class says; the offset behind it."""
    text = expression[at : at + 2]
    if text == r"\Q":
        quoted, _, _ = expression[at + 2 :].partition(r"\E")
        nodes.extend(map(_literal, quoted))
        return at + len(quoted) + 4
    if text in _EDGES:
        nodes.extend([_EDGES[text]] if nodes[-1:] != [_EDGES[text]] else [])
        return at + 2
    if named := _named_set(expression, at):
        nodes.append(_Char(named[0]))
        return named[1]
    char, at = _escaped_char(expression, at)
    nodes.append(_literal(char))
    return at


def _class(expression: str, at: int) -> tuple[_Test, int]:
    negated = expression.startswith("^", at)
    at += negated
    members: list[_Test] = []
    while not (members and expression.startswith("]", at)):
        test, at = _class_member(expression, at)
        members.append(test)
    return partial(_any_of, negated, tuple(members)), at + 1


def _class_member(expression: str, at: int) -> tuple[_Test, int]:
    if named := _named_set(expression, at):
        return named
    low, at = _class_char(expression, at)
    high = low
    if expression.startswith("-", at) and expression[at + 1 : at + 2] not in {"", "]"}:
        high, at = _class_char(expression, at + 1)
        if high < low:
            raise BadPatternError
    return partial(_between, low, high), at


def _class_char(expression: str, at: int) -> tuple[str, int]:
    if at == len(expression):
        raise BadPatternError
    return _escaped_char(expression, at) if expression[at] == "\\" else (expression[at], at + 1)


def _escaped_char(expression: str, at: int) -> tuple[str, int]:
    found = _CHAR_ESCAPE.match(expression, at)
    if found is None:
        raise BadPatternError
    match found.lastgroup:
        case "octal":
            char = chr(int(found["octal"], 8))
        case "hex":
            char = chr(int(found["hex"], 16))
        case "control":
            char = _CONTROL[found["control"]]
        case _:
            char = found["itself"]
    return char, found.end()


def _named_set(expression: str, at: int) -> tuple[_Test, int] | None:
    r"""``\d``, ``\pL`` or, inside a class, ``[:alpha:]``."""
    if expression.startswith("[:", at):
        return _posix_set(expression, at)
    letter = expression[at + 1 : at + 2]
    if expression[at : at + 1] != "\\" or letter.lower() not in {"d", "s", "w", "p"}:
        return None
    if letter in "pP":
        # single letters only: a "{" is always quoted before it gets here
        category = expression[at + 2 : at + 3].upper()
        if category not in set("CLMNPSZ"):
            raise BadPatternError
        return partial(_any_of, letter == "P", (partial(_category, category),)), at + 3
    return partial(_any_of, letter.isupper(), (partial(contains, _PERL[letter.lower()]),)), at + 2


def _posix_set(expression: str, at: int) -> tuple[_Test, int] | None:
    end = expression.find(":]", at + 2)
    if end < 0:
        return None
    name = expression[at + 2 : end]
    chars = _POSIX.get(name.removeprefix("^"))
    if chars is None:
        raise BadPatternError
    return partial(_any_of, name.startswith("^"), (partial(contains, chars),)), end + 2
