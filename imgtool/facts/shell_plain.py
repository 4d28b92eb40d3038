"""Scripts that are nothing but simple commands in a list, read without a grammar: nine of ten RUNs are.

What :mod:`imgtool.facts.shell_tree` makes of them takes five times as long. Tests hold both to the same commands; whatever
the two could read in different ways (substitutions, compound commands, here-documents, newlines, ``&``, ``[``)
is left to the grammar.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from imgtool.edits import Span
from imgtool.facts.argv import basename
from imgtool.facts.commands import Arg, Assignment, Command, Redirect
from imgtool.facts.shell_place import RESERVED, Parts
from imgtool.facts.shell_tree import MAX_SCRIPT, Token
from imgtool.facts.shell_words import Source, Word, reading
from imgtool.facts.wrappers import SEEN_THROUGH, unwrap
from imgtool.regex import regex

_NAME = r"\$(?:[A-Za-z_]\w*+|\{[A-Za-z_]\w*+\})"
_QUOTED = rf"""'[ -&(-~]*+'|"(?:[ !#%-\[\]^_a-~]|{_NAME}|\\[ -~])*+\""""
_SAFE = r"(?![#%=]|\d++#)[\w@%+=:,./^#-]++(?=[ \t;|&]|\Z)"
_WORD = (
    rf"(?!\d++#)(?:[\w@+:,./^*?~-]|{_QUOTED}|{_NAME}|\\[!-~])"
    rf"(?:[\w@%+=:,./^*?\[\]~#!-]|{_QUOTED}|{_NAME}|\\[!-~])*+(?=[ \t;|&]|\Z)"
)
_PIECE = regex(
    # a comment has no number
    r"[ \t]++#[^\n]*+\Z|[ \t]*+(?:"
    rf"({_SAFE}(?:[ \t]++{_SAFE})*+)"
    r"|(&&|\|\|?+|;)(?![;&|])"
    rf"|({_WORD})"
    rf"|(([0-9]?)(>>|>&|[<>])(?![<>&|(])[ \t]*+({_SAFE}|{_WORD}))"
    r"|(.))",
    re.DOTALL | re.ASCII,
)
_WORDS, _OPERATOR, _OTHER, _REDIRECT, _FD, _DIRECTION, _TARGET = range(1, 8)
_PIPES = frozenset(["|", "|&"])
# the grammar fails at others
_PROGRAM = regex(r"(?:~/|[A-Za-z_./])[\w./+-]*+|(?:[./][\w./-]*+)?(?:\$\w++|\$\{\w++\})[\w./-]*+", re.ASCII)
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
_EXPORTED = regex(rf"[A-Za-z_]\w*+(?:=(?:[\w@%+:,./-]|{_QUOTED}|{_NAME})++)?", re.ASCII)
_ASSIGNMENT = regex(r"([A-Za-z_]\w*+)(\[[^\]]*\])?\+?=", re.ASCII)
# what named tuples are made with, a call of their own less
_new = tuple.__new__


class Draft:
    """A command up to here. ``starts`` are where its words begin in the script, ``ended_by`` is the operator behind it."""

    __slots__ = ("assignments", "end", "ended_by", "redirects", "start", "starts", "words")

    def __init__(self) -> None:
        self.words: list[Arg] = []
        self.starts: list[int] = []
        self.assignments: list[Assignment] = []
        self.redirects: list[Redirect] = []
        self.start = self.end = -1
        self.ended_by = ""

    def reach(self, start: int, end: int) -> None:
        """Take up what stands there."""
        if self.start < 0:
            self.start = start
        self.end = end


class _Spans:
    """The spans of a script's parts, asked for in their order: looks up a piece of the text once for all parts in it.

    ``data[start:end]`` stands ``shift`` bytes further on in the file, as long as ``end`` does not exceed ``limit``.
    """

    __slots__ = ("limit", "shift", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.shift = 0
        self.limit = -1

    def span(self, start: int, end: int) -> Span:
        if end > self.limit:
            self._turn(start)
            if end > self.limit:
                return self.source.span(start, end)
        shift = self.shift
        return _new(Span, (start + shift, end + shift))

    def _turn(self, start: int) -> None:
        """Go on to the piece that holds ``start``."""
        (data, starts, origins), escapes = self.source
        if not escapes:
            piece = bisect_right(starts, start)
            self.shift = origins[piece - 1] - starts[piece - 1]
            self.limit = starts[piece] if piece < len(starts) else len(data)


def read(source: Source) -> list[Draft] | None:
    """The script's commands; None where the grammar is to read it."""
    data = source.data
    if len(data) > MAX_SCRIPT or b"$(" in data or b"\n" in data or not data.isascii():
        return None
    script = data.decode()
    spans = _Spans(source)
    drafts: list[Draft] = []
    draft = Draft()
    for found in _PIECE.finditer(script, 0, len(script.rstrip(" \t"))):
        if found.lastindex == _OPERATOR:
            if not _is_command(draft):
                return None
            draft.ended_by = found[_OPERATOR]
            drafts.append(draft)
            draft = Draft()
        elif not _take(draft, found, spans):
            return None
    if draft.start >= 0:
        drafts.append(draft)
        return drafts if _is_command(draft) else None
    return drafts if not drafts or drafts[-1].ended_by == ";" else None


def command(source: Source, script: str, start: int, end: int) -> Token | None:
    """The one command at ``script[start:end]`` as a token; None where the grammar is to read it.

    ``script`` has a character for each byte of the source.
    """
    spans = _Spans(source)
    draft = Draft()
    for found in _PIECE.finditer(script, start, end):
        if not _take(draft, found, spans):
            return None
    return _token(draft, source) if _is_command(draft) else None


def _take(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    """Give a piece its place in a command; False where the grammar is to say which it is."""
    kind = found.lastindex
    if kind is None:
        return draft.start >= 0
    if kind == _WORDS:
        return _words(draft, found, spans)
    if kind == _OTHER:
        return _word(draft, found[_OTHER], found.start(_OTHER), found.string, spans)
    return kind == _REDIRECT and _redirect(draft, found, spans)


def _is_command(draft: Draft) -> bool:
    words = draft.words
    if not words:
        return bool(draft.assignments)
    return _is_program(words[0].raw) or (words[0].raw == "export" and _is_export(draft))


def _is_export(draft: Draft) -> bool:
    """Whether an ``export`` is the sum of its words to the grammar, too."""
    exported = all(_EXPORTED.fullmatch(word.raw) for word in draft.words[1:])
    return exported and not draft.assignments and not draft.redirects


@lru_cache(maxsize=1024)
def _is_program(raw: str) -> bool:
    return raw not in _NO_PROGRAMS and _PROGRAM.fullmatch(raw) is not None


def _words(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    """Words that mean nothing to a shell but themselves, or assignments of such."""
    script, start = found.string, found.start(_WORDS)
    texts = found[_WORDS].split()
    words, starts = draft.words, draft.starts
    end = start
    if not words and "=" in texts[0]:
        for text in texts:
            begin = script.index(text, end)
            end = begin + len(text)
            if not _word(draft, text, begin, script, spans):
                return False
        return True
    new, limit, shift = _new, spans.limit, spans.shift
    for text in texts:
        begin = script.index(text, end)
        end = begin + len(text)
        if end > limit:
            span = spans.span(begin, end)
            limit, shift = spans.limit, spans.shift
        else:
            span = new(Span, (begin + shift, end + shift))
        words.append(new(Arg, (text, text, span, True, False)))
        starts.append(begin)
    draft.reach(start, end)
    return True


def _word(draft: Draft, raw: str, start: int, script: str, spans: _Spans) -> bool:
    """A word or, before the first word, an assignment; False where the grammar is to say which it is."""
    end = start + len(raw)
    draft.reach(start, end)
    if not draft.words and (name := _ASSIGNMENT.match(raw)):
        return _assign(draft, name, start, script, spans)
    made = _read_word(raw, start, spans)
    if made is not None:
        draft.words.append(made)
        draft.starts.append(start)
    return made is not None


def _read_word(raw: str, start: int, spans: _Spans) -> Arg | None:
    found = reading(raw.encode())
    if found is None:
        return None
    text, _, literal, expands = found
    return _new(Arg, (text, raw, spans.span(start, start + len(raw)), literal, expands))


def _assign(draft: Draft, name: re.Match[str], start: int, script: str, spans: _Spans) -> bool:
    raw, value = name.string, name.string[name.end() :]
    end = start + len(raw)
    # and with `x=|` and `x=1#`
    if name[2] or "#" in raw or (not value and script[end : end + 1].strip()):
        return False
    span = spans.span(start, end)
    made = _read_word(value, start + name.end(), spans) if value else None
    draft.assignments.append(Assignment(name[1], made, span))
    return made is not None or not value


def _redirect(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    fd, direction, target = found.group(_FD, _DIRECTION, _TARGET)
    words = draft.words
    # the grammar is at a loss with `- 2>`, and a command does not begin with one here
    if not words or (fd and words[-1].raw == "-") or (direction == ">&" and not target.isdigit()):
        return False
    start, end = found.span(_REDIRECT)
    draft.reach(start, end)
    span = spans.span(start, end)
    made = _read_word(target, found.start(_TARGET), spans)
    if made is not None:
        draft.redirects.append(Redirect(direction, fd or None, made, span))
    return made is not None


def tokens(drafts: Sequence[Draft], source: Source) -> list[Token]:
    """The commands and the operators between them, as a tree's tokens are."""
    found: list[Token] = []
    for draft in drafts:
        found.append(_token(draft, source))
        if draft.ended_by:
            found.append(Token("operator", draft.end, draft.end, draft.ended_by))
    return found


def _token(draft: Draft, source: Source) -> Token:
    placed = zip(draft.words, draft.starts, strict=True)
    words = [_new(Word, (arg, source, start, start + len(arg.raw), ())) for arg, start in placed]
    return Token("simple", draft.start, draft.end, Parts(words, draft.assignments, draft.redirects))


# --- chains ------------------------------------------------------------------------------------------

BUILTINS = frozenset(["true", ":", "false", "exit", "break", "continue", "return", "set", "trap"])
"""What cannot fail, ends a script or changes how it goes on."""
_SPECIAL = BUILTINS | SEEN_THROUGH


def chain(drafts: Sequence[Draft], wrappers: tuple[str, ...], *, pipefail: bool) -> list[Command] | None:
    """The commands of a script that is one list joined by ``&&`` of programs and pipes of them; None of any other.

    Where it succeeds all of them have run, and none has failed but in front of a pipe: no more is to be worked out.
    """
    statement = _span(drafts[0], drafts[-1])
    item: Span | None = None
    commands: list[Command] = []
    connector = ""
    for index, draft in enumerate(drafts):
        words, ended_by = tuple(draft.words), draft.ended_by
        name = basename(words[0]) if words else ""
        if (ended_by and not _goes_on(drafts, index)) or (name in _SPECIAL and not _is_alone(name, words)):
            return None
        span = _span(draft, draft)
        piped = ended_by in _PIPES
        if piped and item is None:
            item = _span(draft, next(d for d in drafts[index:] if d.ended_by not in _PIPES))
        command = (
            name,
            words,
            span,
            tuple(draft.assignments),
            tuple(draft.redirects),
            wrappers,
            (),
            connector,
            (),
            (),
            statement,
            item or span,
            True,
            pipefail or not piped or not words,
        )
        commands.append(_new(Command, command))
        connector = ended_by
        if not piped:
            item = None
    return commands


def _goes_on(drafts: Sequence[Draft], index: int) -> bool:
    """Whether the operator behind a command is one that a chain has there."""
    ended_by = drafts[index].ended_by
    return ended_by == "&&" or ended_by in _PIPES or (ended_by == ";" and index == len(drafts) - 1)


def _is_alone(name: str, words: tuple[Arg, ...]) -> bool:
    """Whether a command is what its first word says, and goes on to the next one where it ends."""
    unwrapped = unwrap(words)
    started = unwrapped.names or unwrapped.script is not None or unwrapped.hidden
    return name not in BUILTINS and not started


def _span(first: Draft, last: Draft) -> Span:
    start = (first.assignments or first.words)[0].span.start
    ends_in_word = not last.redirects or last.end == last.starts[-1] + len(last.words[-1].raw)
    end = ((last.words or last.assignments) if ends_in_word else last.redirects)[-1].span.end
    return _new(Span, (start, end))
