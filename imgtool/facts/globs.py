r"""The two glob dialects of ``docker build``, matched in time that no pattern can blow up.

``COPY`` sources are patterns of Go's ``filepath.Match``. ``.dockerignore`` lines and ``COPY --exclude`` must be
such patterns too, but are matched as moby/patternmatcher does it: as text, or by a regular expression put together
from the pattern. That expression gives some patterns a meaning nobody meant (``\b`` is a word boundary, ``[a*]`` a
class and a ``]``), so it is built here as there, and read as Go's ``regexp`` reads it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from operator import contains, eq

from imgtool.facts.automaton import (
    POSIX,
    Char,
    Edge,
    Matcher,
    Maybe,
    Node,
    Star,
    Test,
    any_of,
    anything,
    automaton,
    between,
    literal,
    not_slash,
)
from imgtool.regex import regex


class BadPatternError(ValueError):
    """Go refuses the pattern, and the build fails; the message is Go's."""

    def __init__(self, message: str = "syntax error in pattern") -> None:
        super().__init__(message)


def is_wild(text: str) -> bool:
    """Whether a path holds wildcards, or what would be one but for a backslash before it."""
    return "*" in text or "?" in text or "[" in text


def compile_match(pattern: str) -> Matcher:
    """Whether a whole path matches ``pattern``, as Go's ``filepath.Match`` on Linux has it.

    ``*`` and ``?`` stop at ``/``, there is no ``**``, a backslash makes the next character plain.

    Raises:
        BadPatternError: the pattern is one that ``filepath.Match`` refuses.
    """
    head, star, tail = pattern.partition("*")
    if star and pattern.isascii() and _SPECIAL.isdisjoint(head) and _SPECIAL.isdisjoint(tail):
        # as nearly all are, and folders have many names
        return partial(_around, head, tail)
    return automaton(_match_nodes(pattern))


_SPECIAL = frozenset("*?[\\")


def compile_ignore(pattern: str) -> Matcher:
    """Whether a whole path matches one cleaned line of a ``.dockerignore`` (without its ``!``).

    Raises:
        BadPatternError: ``filepath.Match`` refuses the pattern, or Go's ``regexp`` what is made of it.
    """
    if not any(char in pattern for char in "*?[]\\"):
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
            return automaton(_expression_nodes(expression))


def _around(head: str, tail: str, path: str) -> bool:
    """Whether a path is ``head*tail``."""
    if not (path.startswith(head) and path.endswith(tail)):
        return False
    end = len(path) - len(tail)
    return len(head) <= end and path.find("/", len(head), end) < 0


def _starts(prefix: str, path: str) -> bool:
    return path.startswith(prefix)


def _ends(suffix: str, path: str) -> bool:
    # **/name is name itself too
    return path.endswith(suffix) or (suffix[:1] == "/" and path == suffix[1:])


# -- characters -------------------------------------------------------------------------------------------


def _slash(char: str) -> bool:
    return char == "/"


def _not_newline(char: str) -> bool:
    return char != "\n"


def _category(letter: str, char: str) -> bool:
    return unicodedata.category(char)[0] == letter


def _undecodable(char: str) -> bool:
    # Go reads a byte that is not UTF-8 as U+FFFD; here it is a surrogate (PEP 383)
    return char == "\ufffd" or "\udc80" <= char <= "\udcff"


def _rune(char: str) -> Char:
    return Char(_undecodable) if _undecodable(char) else literal(char)


# -- filepath.Match ---------------------------------------------------------------------------------------


def _match_nodes(pattern: str) -> list[Node]:
    nodes: list[Node] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            if nodes[-1:] != [Star(not_slash)]:
                nodes.append(Star(not_slash))
        elif char == "?":
            nodes.append(Char(not_slash))
        elif char == "[":
            test, at = _match_class(pattern, at)
            nodes.append(Char(test))
        elif char == "\\":
            if at == len(pattern):
                raise BadPatternError
            nodes.append(_rune(pattern[at]))
            at += 1
        else:
            nodes.append(_rune(char))
    return nodes


def _match_class(pattern: str, at: int) -> tuple[Test, int]:
    negated = pattern.startswith("^", at)
    at += negated
    members: list[Test] = []
    while not (members and pattern.startswith("]", at)):
        low, at = _match_member(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _match_member(pattern, at + 1)
        members.append(partial(between, low, high))
    return partial(any_of, negated, tuple(members)), at + 1


def _match_member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] in {"", "-", "]"}:
        raise BadPatternError
    at += pattern[at] == "\\"
    # a class cannot end with the pattern, and Go refuses broken UTF-8 in it
    if at + 1 >= len(pattern) or "\udc80" <= pattern[at] <= "\udcff":
        raise BadPatternError
    return pattern[at], at + 1


# -- patternmatcher's regular expressions -----------------------------------------------------------------

_TOKEN = regex(r"\*\*/?|\\.|.", re.DOTALL)
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


_ANY_DEPTH: tuple[Node, ...] = (Maybe(), Star(_not_newline), Char(_slash))


def _expression_nodes(expression: str) -> list[Node]:
    """The nodes of one of :func:`ignore_expression`'s expressions; it can hold nothing but what is read here."""
    nodes: list[Node] = []
    at = 0
    while at < len(expression):
        if expression.startswith("(.*/)?", at):
            # twice in a row says no more than once
            nodes.extend(_ANY_DEPTH if tuple(nodes[-3:]) != _ANY_DEPTH else ())
            at += 6
        elif expression.startswith(".*", at):
            nodes.append(Star(_not_newline))
            at += 2
        elif expression[at] == "[":
            test, at = (
                (not_slash, at + 4) if expression.startswith("[^/]", at) else _class(expression, at + 1)
            )
            starred = expression.startswith("*", at)
            nodes.append(Star(test) if starred else Char(test))
            at += starred
        elif expression[at] == "\\":
            at = _escape(expression, at, nodes)
        else:
            edge = _EDGES.get(expression[at])
            nodes.append(edge or _rune(expression[at]))
            at += 1
    # an unclosed \Q swallows the "$"
    return nodes if nodes[-1:] == [_EDGES["$"]] else [*nodes, Star(anything)]


def _at_start(before: str, _after: str) -> bool:
    return not before


def _at_end(_before: str, after: str) -> bool:
    return not after


def _at_boundary(before: str, after: str) -> bool:
    return (before in POSIX["word"]) != (after in POSIX["word"])


def _within(before: str, after: str) -> bool:
    return not _at_boundary(before, after)


_EDGES = {
    "^": Edge(_at_start),
    "$": Edge(_at_end),
    r"\A": Edge(_at_start),
    r"\z": Edge(_at_end),
    r"\b": Edge(_at_boundary),
    r"\B": Edge(_within),
}
_PERL = {"d": POSIX["digit"], "s": frozenset("\t\n\f\r "), "w": POSIX["word"]}
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CHAR_ESCAPE = regex(
    r"\\(?:(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})|x(?P<hex>[0-9A-Fa-f]{2})|(?P<control>[afnrtv])"
    r"|(?P<itself>[\0-/:-@\[-`{-\x7f]))",
)


def _escape(expression: str, at: int, nodes: list[Node]) -> int:
    """Append what a backslash outside a class says; the offset behind it."""
    text = expression[at : at + 2]
    if text == r"\Q":
        quoted, _, _ = expression[at + 2 :].partition(r"\E")
        nodes.extend(map(_rune, quoted))
        return at + len(quoted) + 4
    if text in _EDGES:
        nodes.extend([_EDGES[text]] if nodes[-1:] != [_EDGES[text]] else [])
        return at + 2
    if named := _named_set(expression, at):
        nodes.append(Char(named[0]))
        return named[1]
    char, at = _escaped_char(expression, at)
    nodes.append(_rune(char))
    return at


def _class(expression: str, at: int) -> tuple[Test, int]:
    negated = expression.startswith("^", at)
    at += negated
    members: list[Test] = []
    while not (members and expression.startswith("]", at)):
        test, at = _class_member(expression, at)
        members.append(test)
    return partial(any_of, negated, tuple(members)), at + 1


def _class_member(expression: str, at: int) -> tuple[Test, int]:
    if named := _named_set(expression, at):
        return named
    low, at = _class_char(expression, at)
    high = low
    if expression.startswith("-", at) and expression[at + 1 : at + 2] not in {"", "]"}:
        high, at = _class_char(expression, at + 1)
        if high < low:
            raise BadPatternError
    return partial(between, low, high), at


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


def _named_set(expression: str, at: int) -> tuple[Test, int] | None:
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
        return partial(any_of, letter == "P", (partial(_category, category),)), at + 3
    return partial(any_of, letter.isupper(), (partial(contains, _PERL[letter.lower()]),)), at + 2


def _posix_set(expression: str, at: int) -> tuple[Test, int] | None:
    end = expression.find(":]", at + 2)
    if end < 0:
        return None
    name = expression[at + 2 : end]
    chars = POSIX.get(name.removeprefix("^"))
    if chars is None:
        raise BadPatternError
    return partial(any_of, name.startswith("^"), (partial(contains, chars),)), end + 2
