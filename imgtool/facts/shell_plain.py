"""Scripts that are nothing but simple commands in a list, read without a grammar: nine of ten RUNs are.

What :mod:`imgtool.facts.shell_tree` makes of them takes five times as long. Tests hold both to the same commands; whatever
the two could read in different ways (substitutions, compound commands, here-documents, newlines, ``&``, ``[``)
is left to the grammar.
"""

from __future__ import annotations

import re

from imgtool.facts.commands import Assignment, Redirect
from imgtool.facts.shell_place import ASSIGNMENT, RESERVED, Parts
from imgtool.facts.shell_tree import MAX_SCRIPT, Token
from imgtool.facts.shell_words import Source, quoted, safe, word
from imgtool.regex import regex
from imgtool.values import NamedTuple, dataclass

_NAME = rb"\$(?:[A-Za-z_]\w*+|\{[A-Za-z_]\w*+\})"
_QUOTED = rb"""'[ -&(-~]*+'|"(?:[ !#%%-\[\]^_a-~]|%s|\\["$\\`])*+\"""" % _NAME
_PIECE = regex(
    rb"[ \t]++"
    rb"|(&&|\|\|?+|;)(?![;&|])"
    rb"|([0-9]?)(>>|>&|[<>])(?![<>&|(])"
    rb"|((?![#%%=]|\d++#)[\w@%%+=:,./^#-]++(?=[ \t;|&]|\Z))"
    rb"|((?!\d++#)(?:[\w@+:,./^*?~-]|%s|%s|\\[!-~])(?:[\w@%%+=:,./^*?\[\]~#!-]|%s|%s|\\[!-~])*+)(?=[ \t;|&]|\Z)"
    rb"|(.)" % (_QUOTED, _NAME, _QUOTED, _NAME),
    re.DOTALL,
)
_OPERATOR, _REDIRECT, _SAFE, _WORD = 1, 3, 4, 5
# the grammar fails at others
_PROGRAM = regex(r"[A-Za-z_./][\w./+-]*+|(?:[./][\w./-]*+)?(?:\$\w++|\$\{\w++\})[\w./-]*+", re.ASCII)
# words that begin or belong to constructs of the grammar
_NO_PROGRAMS = RESERVED | {
    "function",
    "declare",
    "typeset",
    "export",
    "readonly",
    "local",
    "unset",
    "unsetenv",
}


class _Redirection(NamedTuple):
    """What stands before a redirection's target."""

    start: int
    fd: str | None
    operator: str


@dataclass(slots=True)
class _Draft:
    """A command up to here; ``redirection`` waits for its target."""

    parts: Parts
    start: int = -1
    end: int = -1
    redirection: _Redirection | None = None


def read(source: Source) -> list[Token] | None:
    """The script's operators and its commands, each a token of kind ``simple``; None where the grammar is to read it."""
    if len(source.data) > MAX_SCRIPT:
        return None
    tokens: list[Token] = []
    draft = _Draft(Parts())
    for found in _PIECE.finditer(source.data):
        kind = found.lastindex
        if kind == _OPERATOR:
            if not _is_command(draft):
                return None
            tokens += (_simple(draft), Token("operator", *found.span(), found[1].decode()))
            draft = _Draft(Parts())
        elif kind is not None and not _take(draft, source, found, kind):
            return None
    if draft.start >= 0:
        return [*tokens, _simple(draft)] if _is_command(draft) else None
    return tokens if not tokens or tokens[-1].value == ";" else None


def _simple(draft: _Draft) -> Token:
    return Token("simple", draft.start, draft.end, draft.parts)


def _is_command(draft: _Draft) -> bool:
    parts = draft.parts
    if draft.redirection or not parts.words:
        return bool(parts.assignments) and not parts.redirects and not draft.redirection
    first = parts.words[0].arg
    early = parts.redirects and parts.redirects[0].span < first.span
    return not early and first.raw not in _NO_PROGRAMS and _PROGRAM.fullmatch(first.raw) is not None


def _take(draft: _Draft, source: Source, found: re.Match[bytes], kind: int) -> bool:
    """Give a piece its place in a command; False where the grammar is to say which it is."""
    start, draft.end = found.span()
    if draft.start < 0:
        draft.start = start
    parts, waiting = draft.parts, draft.redirection
    if kind == _REDIRECT:
        draft.redirection = _Redirection(start, found[2].decode() or None, found[3].decode())
        # the grammar is at a loss with `- 2>`
        return not waiting and not (found[2] and parts.words and parts.words[-1].arg.raw == "-")
    if kind > _WORD:
        return False
    if waiting:
        draft.redirection = None
        return _redirect(parts, source, found, waiting)
    if not parts.words and (name := ASSIGNMENT.match(source.data, start, draft.end)):
        return _assign(parts, source, found, name)
    made = (
        safe(source, start, draft.end, found[_SAFE].decode())
        if kind == _SAFE
        else quoted(source, start, draft.end)
    )
    if made is not None:
        parts.words.append(made)
    return made is not None


def _assign(parts: Parts, source: Source, found: re.Match[bytes], name: re.Match[bytes]) -> bool:
    start, end = found.span()
    # and with `x=|` and `x=1#`
    if name[2] or b"#" in found[0] or (name.end() == end and source.data[end : end + 1].strip()):
        return False
    value = word(source, name.end(), end) if name.end() < end else None
    parts.assignments.append(Assignment(name[1].decode(), value and value.arg, source.span(start, end)))
    return value is not None or name.end() == end


def _redirect(parts: Parts, source: Source, found: re.Match[bytes], before: _Redirection) -> bool:
    start, end = found.span()
    if before.operator == ">&" and not found[0].isdigit():
        return False
    target = word(source, start, end)
    if target is None:
        return False
    span = source.span(before.start, end)
    parts.redirects.append(Redirect(before.operator, before.fd, target.arg, span))
    return True
