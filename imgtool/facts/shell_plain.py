"""Scripts that are nothing but simple commands in a list, read without a grammar: nine of ten RUNs are.

What :mod:`imgtool.facts.shell_tree` makes of them takes five times as long. Tests hold both to the same commands; whatever
the two could read in different ways (substitutions, compound commands, here-documents, newlines, ``&``, ``[``)
is left to the grammar.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from imgtool.edits import Span
from imgtool.facts.argv import basename
from imgtool.facts.commands import Arg, Assignment, Command, Redirect
from imgtool.facts.shell_place import RESERVED, Parts
from imgtool.facts.shell_tree import MAX_SCRIPT, Token
from imgtool.facts.shell_words import Hole, Source, Word, reading
from imgtool.facts.wrappers import SEEN_THROUGH, unwrap
from imgtool.regex import regex

_NAME = r"\$(?:[A-Za-z_]\w*+|\{[A-Za-z_]\w*+\})"
_RAW = r"'[ -&(-~]*+'"
# runs of characters are one step of the repetition around them; nothing else in it begins with one of them
_STRING = r""""(?:[ !#%%-\[\]^_a-~]++|%s|\\[ -~])*+\""""
_INNER = rf"""[^()'"`\\$#\x00-\x1f\x7f-\xff]++|{_NAME}|{_RAW}|{_STRING % _NAME}|\\[!-~]"""
_SUBSTITUTION = rf"\$\((?![ (])(?:{_INNER})++\)"
_EXPANSION = rf"{_NAME}|{_SUBSTITUTION}"
_QUOTED = rf"{_RAW}|{_STRING % _EXPANSION}"
# a set is one table to look into where no class such as \w is in it, and one step where it has no alternative
_LETTERS = "A-Za-z0-9_"
_ENDS = r"(?![^ \t;|&])"
_SAFE = rf"(?![#%=])(?![0-9]++#)[{_LETTERS}@%+=:,./^#-]++{_ENDS}"
_WORD = (
    rf"(?![0-9]++#)(?:[{_LETTERS}@+:,./^*?~-]|{_QUOTED}|{_EXPANSION}|\\[!-~])"
    rf"(?:[{_LETTERS}@%+=:,./^*?\[\]~#!-]++|{_QUOTED}|{_EXPANSION}|\\[!-~])*+{_ENDS}"
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
_EXPORTED = regex(rf"[A-Za-z_]\w*+(?:=(?:[\w@%+:,./-]|{_QUOTED}|{_EXPANSION})++)?", re.ASCII)
_OUTSIDE = regex(rf"""[^'"\\$]++|{_RAW}|\\.|(")|({_SUBSTITUTION})|\$""", re.ASCII)
_INSIDE = regex(rf"""[^"\\$]++|\\.|(")|({_SUBSTITUTION})|\$""", re.ASCII)
_QUOTE, _HOLE = 1, 2
_ASSIGNMENT = regex(r"([A-Za-z_]\w*+)(\[[^\]]*\])?\+?=", re.ASCII)
# what named tuples are made with, a call of their own less
_new = tuple.__new__


_NOWHERE = Span(0, 0)


class Draft:
    """A command up to here. ``starts`` are where its words begin in the script, ``ended_by`` is the operator behind it.

    ``first`` and ``last`` are the spans of its outermost parts, ``inner`` the commands of the substitutions in it.
    """

    __slots__ = (
        "assignments",
        "end",
        "ended_by",
        "first",
        "inner",
        "last",
        "redirects",
        "start",
        "starts",
        "words",
    )

    def __init__(self) -> None:
        self.words: list[Arg] = []
        self.starts: list[int] = []
        # most commands have none of these
        self.assignments: tuple[Assignment, ...] = ()
        self.redirects: tuple[Redirect, ...] = ()
        self.inner: tuple[list[Draft], ...] = ()
        self.start = self.end = -1
        self.first = self.last = _NOWHERE
        self.ended_by = ""

    def reach(self, start: int, end: int, first: Span, last: Span) -> None:
        """Take up what stands at ``start`` to ``end``, from one span to another."""
        if self.start < 0:
            self.start = start
            self.first = first
        self.end = end
        self.last = last


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


def read(source: Source, *, substitutions: bool = False) -> list[Draft] | None:
    """The script's commands; None where the grammar is to read it, as it is with ``substitutions`` if they are not asked for."""
    data = source.data
    if len(data) > MAX_SCRIPT or not data.isascii():
        return None
    # looking into bytes takes five times as long
    script = data.decode()
    if "\n" in script or (not substitutions and "$(" in script):
        return None
    return _list(script, 0, len(script), _Spans(source))


def _list(script: str, start: int, end: int, spans: _Spans) -> list[Draft] | None:
    """The commands at ``script[start:end]``."""
    drafts: list[Draft] = []
    draft = Draft()
    for found in _pieces(script, start, end):
        kind = found.lastindex
        if kind == _WORDS:
            if not _words(draft, found, spans):
                return None
        elif kind == _OPERATOR:
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
    if script.find("$(", start, end) >= 0:
        return None
    spans = _Spans(source)
    draft = Draft()
    for found in _pieces(script, start, end):
        if not _take(draft, found, spans):
            return None
    return _token(draft, source) if _is_command(draft) else None


def _pieces(script: str, start: int, end: int) -> Iterator[re.Match[str]]:
    # looking for a piece in blanks at the end takes the square of their number
    return _PIECE.finditer(script, start, start + len(script[start:end].rstrip(" \t")))


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


@lru_cache(maxsize=512)
def _is_program(raw: str) -> bool:
    return raw not in _NO_PROGRAMS and _PROGRAM.fullmatch(raw) is not None


def _words(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    """Words that mean nothing to a shell but themselves, or assignments of such."""
    script, start = found.string, found.start(_WORDS)
    texts = found[_WORDS].replace("\t", " ").split(" ")
    words, starts = draft.words, draft.starts
    end = start - 1
    if not words and "=" in texts[0]:
        for text in texts:
            begin = end + 1
            end = begin + len(text)
            if text and not _word(draft, text, begin, script, spans):
                return False
        return True
    new, limit, shift = _new, spans.limit, spans.shift
    known = len(words)
    for text in texts:
        begin = end + 1
        if not text:
            end = begin
            continue
        end = begin + len(text)
        if end > limit:
            span = spans.span(begin, end)
            limit, shift = spans.limit, spans.shift
        else:
            span = new(Span, (begin + shift, end + shift))
        words.append(new(Arg, (text, text, span, True, False)))
        starts.append(begin)
    draft.reach(start, end, words[known].span, span)
    return True


def _word(draft: Draft, raw: str, start: int, script: str, spans: _Spans) -> bool:
    """A word or, before the first word, an assignment; False where the grammar is to say which it is."""
    end = start + len(raw)
    if not draft.words and (name := _ASSIGNMENT.match(raw)):
        return _assign(draft, name, start, script, spans)
    made = _read_word(draft, script, start, end, spans)
    if made is not None:
        draft.reach(start, end, made.span, made.span)
        draft.words.append(made)
        draft.starts.append(start)
    return made is not None


def _read_word(draft: Draft, script: str, start: int, end: int, spans: _Spans) -> Arg | None:
    """The word at ``script[start:end]``, which is part of a command."""
    raw = script[start:end]
    holes = _holes(raw) if "$(" in raw else ()
    found = reading(raw.encode(), holes)
    if found is None:
        return None
    text, _, literal, expands = found
    made: Arg = _new(Arg, (text, raw, spans.span(start, end), literal, expands))
    for first, last in holes:
        inner = _list(script, start + first + 2, start + last - 1, spans)
        if not inner:
            return None
        draft.inner = (*draft.inner, inner)
    return made


def _holes(raw: str) -> list[Hole]:
    """Where the substitutions of a word stand in it."""
    holes: list[Hole] = []
    position, quoted = 0, False
    while found := (_INSIDE if quoted else _OUTSIDE).match(raw, position):
        position = found.end()
        if found.lastindex == _QUOTE:
            quoted = not quoted
        elif found.lastindex == _HOLE:
            holes.append(found.span())
    return holes


def _assign(draft: Draft, name: re.Match[str], start: int, script: str, spans: _Spans) -> bool:
    raw, value = name.string, start + name.end()
    end = start + len(raw)
    # and with `x=|` and `x=1#`
    if name[2] or "#" in raw or (value == end and script[end : end + 1].strip()):
        return False
    span = spans.span(start, end)
    draft.reach(start, end, span, span)
    made = _read_word(draft, script, value, end, spans) if value < end else None
    draft.assignments = (*draft.assignments, Assignment(name[1], made, span))
    return made is not None or value == end


def _redirect(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    fd, direction, target = found.group(_FD, _DIRECTION, _TARGET)
    words = draft.words
    # the grammar is at a loss with `- 2>`, and a command does not begin with one here
    if not words or (fd and words[-1].raw == "-") or (direction == ">&" and not target.isdigit()):
        return False
    start, end = found.span(_REDIRECT)
    span = spans.span(start, end)
    draft.reach(start, end, span, span)
    made = _read_word(draft, found.string, *found.span(_TARGET), spans)
    if made is not None:
        draft.redirects = (*draft.redirects, Redirect(direction, fd or None, made, span))
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
    return Token("simple", draft.start, draft.end, Parts(words, [*draft.assignments], [*draft.redirects]))


# --- chains ------------------------------------------------------------------------------------------

BUILTINS = frozenset(["true", ":", "false", "exit", "break", "continue", "return", "set", "trap"])
"""What cannot fail, ends a script or changes how it goes on."""
_SPECIAL = BUILTINS | SEEN_THROUGH
_GOES_ON = frozenset(["", "&&"])


def chain(drafts: Sequence[Draft], wrappers: tuple[str, ...], *, pipefail: bool) -> list[Command] | None:
    """The commands of a script that is one list joined by ``&&`` of programs and pipes of them; None of any other.

    Where it succeeds all of them have run, and none has failed but in front of a pipe or in a substitution: no more is
    to be worked out.
    """
    statement = _span(drafts[0], drafts[-1])
    chained = _Chain(wrappers, statement, pipefail)
    item: Span | None = None
    connector = ""
    for index, draft in enumerate(drafts):
        ended_by = draft.ended_by
        piped = ended_by in _PIPES
        if piped:
            if item is None:
                item = _span(draft, next(d for d in drafts[index:] if d.ended_by not in _PIPES))
        elif ended_by not in _GOES_ON and not (ended_by == ";" and index == len(drafts) - 1):
            return None
        span = _span(draft, draft) if len(drafts) > 1 else statement
        if draft.inner and ((piped and not draft.words) or not chained.substitutions(draft, item or span)):
            return None
        checked = pipefail or not piped or not draft.words
        if not chained.add(draft, span, item or span, connector, (), checked=checked):
            return None
        connector = ended_by
        if not piped:
            item = None
    return chained.commands


class _Chain:
    """The commands of a chain up to here."""

    __slots__ = ("commands", "pipefail", "statement", "wrappers")

    def __init__(self, wrappers: tuple[str, ...], statement: Span, pipefail: bool) -> None:
        self.commands: list[Command] = []
        self.wrappers = wrappers
        self.statement = statement
        self.pipefail = pipefail

    def substitutions(self, draft: Draft, item: Span) -> bool:
        """Add the commands of a command's substitutions; False where one is more than a pipe of programs.

        How one ends is nothing to the command that holds it; an assignment alone ends as its last one does.
        """
        for number, drafts in enumerate(draft.inner):
            decides = not draft.words and number == len(draft.inner) - 1
            connector = ""
            for inner in drafts:
                ended = inner is drafts[-1] and not inner.ended_by
                if inner.inner or not inner.words or not (ended or inner.ended_by in _PIPES):
                    return False
                checked = decides and (ended or self.pipefail)
                if not self.add(inner, _span(inner, inner), item, connector, _SUBSTITUTED, checked=checked):
                    return False
                connector = inner.ended_by
        return True

    def add(
        self,
        draft: Draft,
        span: Span,
        item: Span,
        connector: str,
        context: tuple[str, ...],
        *,
        checked: bool,
    ) -> bool:
        """Add a command; False where how it ends or what it starts is to be worked out."""
        words = tuple(draft.words)
        name = basename(words[0]) if words else ""
        if name in _SPECIAL and not _is_alone(name, words):
            return False
        command = (
            name,
            words,
            span,
            draft.assignments,
            draft.redirects,
            self.wrappers,
            (),
            connector,
            context,
            (),
            self.statement,
            item,
            True,
            checked,
        )
        self.commands.append(_new(Command, command))
        return True


_SUBSTITUTED = ("substitution",)


def _is_alone(name: str, words: tuple[Arg, ...]) -> bool:
    """Whether a command is what its first word says, and goes on to the next one where it ends."""
    unwrapped = unwrap(words)
    started = unwrapped.names or unwrapped.script is not None or unwrapped.hidden
    return name not in BUILTINS and not started


def _span(first: Draft, last: Draft) -> Span:
    return _new(Span, (first.first.start, last.last.end))
