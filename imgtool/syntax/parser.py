"""Bytes to a :class:`~imgtool.syntax.nodes.Document`, the way BuildKit's parser reads them.

Source of every rule: ``frontend/dockerfile/parser`` of moby/buildkit (``line_parsers.go``, ``split_command.go``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate, pairwise

from imgtool.edits import Span
from imgtool.regex import regex
from imgtool.syntax import validate
from imgtool.syntax.glance import is_accepted
from imgtool.syntax.lexer import (
    SPACE,
    Lexer,
    LogicalLine,
    heredoc_drafts,
    leading_space,
    trimmed_end,
    whole,
)
from imgtool.syntax.nodes import (
    Document,
    Flag,
    Heredoc,
    Instruction,
    SyntaxProblem,
    Text,
    Word,
)
from imgtool.syntax.source import Source, decode
from imgtool.syntax.words import WordError
from imgtool.values import builder, maker, replace

_COMMON = {
    word.encode(): word
    for word in (
        "FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG",
        "ONBUILD", "SHELL", "HEALTHCHECK",
    )
}  # fmt: skip
_BLANKS = regex(rb"[\t\v\f\r ]+")
_JSON_STRING = regex(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
# half a character, which Go reads as U+FFFD
_HALF = regex("[\ud800-\udfff]")
_HEREDOC_KEYWORDS = frozenset({"RUN", "COPY", "ADD"})


class _RefusedError(ValueError):
    """BuildKit's parser refuses this instruction; the text is its reason."""


_Form = tuple[tuple[str, ...], tuple[Word, ...], bool, Instruction | None]
"""An instruction's arguments in BuildKit's form, their places, whether they are JSON, and a trigger."""

_NO_FORM: _Form = ((), (), False, None)
_made = builder(Instruction)
_flag = maker(Flag)
_word = maker(Word)
_span = maker(Span)
_text = maker(Text)
# where a text in one piece begins
_WHOLE = (0,)
_ASCII = 0x7F
_BLANK = ord(" ")
_DASH, _ANGLE, _BRACKET = b"-<["
_SINGLE, _DOUBLE = b"'\""


def parse(data: bytes) -> Document:
    """Parse a Dockerfile. Never raises: what BuildKit refuses is in ``problems``, and parsing goes on after it.

    ``parse(data).data == data`` for any bytes.
    """
    source = Source(data)
    lexer = Lexer(source)
    instructions = tuple([_instruction(lexer, line) for line in lexer.logical_lines()])
    escape = lexer.escape.decode()
    problems = lexer.problems + [i.problem for i in instructions if i.problem]
    if not is_accepted(instructions, lexer.directives):
        from imgtool.syntax.conversion import document_problems  # noqa: PLC0415 - most files do without it

        problems += document_problems(instructions, escape, lexer.directives)
    if not instructions:
        message = "file with no instructions" if data else "the Dockerfile cannot be empty"
        line = max(lexer.line, 1)
        problems.append(SyntaxProblem(message, source.line_span(line), line))
    return Document(
        source,
        escape,
        tuple(lexer.directives),
        tuple(lexer.comments),
        instructions,
        tuple(sorted(problems, key=lambda p: (p.line, p.span))),
    )


def _instruction(lexer: Lexer, line: LogicalLine) -> Instruction:
    escape = lexer.escape
    node = _node(line, escape)
    data = line[0]
    if _ANGLE in data and b"<<" in data and node.problem is None and _takes_heredocs(node):
        try:
            heredocs = _read_heredocs(lexer, whole(line))
        except (WordError, _RefusedError) as error:
            return replace(node, problem=SyntaxProblem(str(error), node.span, node.start_line))
        if heredocs:
            span = Span(node.span.start, lexer.end_of_line())
            node = replace(node, heredocs=heredocs, end_line=lexer.line, span=span)
    if node.problem is None:
        refused = validate.problem(node)
        node = replace(node, problem=refused) if refused else node
    return node


def _takes_heredocs(node: Instruction) -> bool:
    target = node.inner or node
    return target.keyword in _HEREDOC_KEYWORDS and not target.json


def _read_heredocs(lexer: Lexer, text: Text) -> tuple[Heredoc, ...]:
    read = []
    for draft in heredoc_drafts(text):
        heredoc = lexer.heredoc(draft)
        if heredoc is None:
            raise _RefusedError("unterminated heredoc")
        read.append(heredoc)
    return tuple(read)


def _node(line: LogicalLine, escape: bytes) -> Instruction:
    data, pieces, origins, start_line, end_line, line_end, comments, empty_continuation = line
    written, start, at, end = _head(data)
    stop = start + len(written)
    word = keyword = _COMMON.get(written, "")
    if not word:
        word = decode(written)
        keyword = word.upper()
    flags: tuple[Flag, ...] = ()
    following = data[at] if at < end else 0
    if following == _DASH or following > _ASCII:
        flags, at = _flags(whole(line), at, end, escape)
        at += leading_space(data[at:end])
        following = data[at] if at < end else 0
    if not pieces:
        first, after = origins[0] + start, origins[0] + stop
        rest = _text((data[at:end], _WHOLE, (origins[0] + at,)))
    elif at < len(pieces[0]) and end > len(data) - len(pieces[-1]):
        # nearly always
        first, after = origins[0] + start, origins[0] + stop
        starts = (0, *accumulate(map(len, pieces[1:-1]), initial=len(pieces[0]) - at))
        rest = _text((data[at:end], starts, (origins[0] + at, *origins[1:])))
    else:
        text = whole(line)
        first, after = text.offset(start), text.offset(stop)
        rest = text.slice(at, max(at, end))
    span = _span((first, line_end))
    problem = None
    try:
        form = _json(rest) if following == _BRACKET and keyword in _JSON_FORMS else None
        args, words, is_json, inner = form or _FORMS.get(keyword, _ignored)(rest, escape, line)
    except _RefusedError as error:
        args, words, is_json, inner = _NO_FORM
        problem = SyntaxProblem(str(error), span, start_line)
    return _made(
        keyword,
        _word((word, _span((first, after)))),
        span,
        start_line,
        end_line,
        flags,
        args,
        words,
        is_json,
        (),
        rest,
        comments,
        empty_continuation,
        inner,
        problem or (inner.problem if inner else None),
    )


def _head(data: bytes) -> tuple[bytes, int, int, int]:
    """A line's keyword, where it begins, where what follows it begins, and where the line ends without blanks."""
    bare = data.rstrip()
    if bare and _BLANK < data[0] <= _ASCII >= bare[-1]:
        # what nearly every line is
        parts = bare.split(None, 1)
        end = len(bare)
        return parts[0], 0, end - len(parts[1]) if len(parts) > 1 else end, end
    # blanks come first only after a line that holds nothing but the escape
    start = leading_space(data)
    end = max(start, trimmed_end(data))
    blank = _BLANKS.search(data, start, end)
    stop, at = blank.span() if blank else (end, end)
    return data[start:stop], start, at, end


# --- flags -------------------------------------------------------------------------------------------

# BuildKit goes through flags and HEALTHCHECK's type byte by byte, each a character of Latin-1: \xa0 separates
_BYTE_SPACES = rb"\t\n\v\f\r \x85\xa0"
_BYTE_SPACE = regex(rb"[%s]" % _BYTE_SPACES)
_BYTE_BLANKS = regex(rb"[%s]*" % _BYTE_SPACES)


def _blanks_end(data: bytes, at: int, end: int) -> int:
    found = _BYTE_BLANKS.match(data, at, end)
    return found.end() if found else at


def _flags(text: Text, at: int, end: int, escape: bytes) -> tuple[tuple[Flag, ...], int]:
    """The leading ``--`` words and where what follows them begins."""
    data = text.data
    flags: list[Flag] = []
    while True:
        at = _blanks_end(data, at, end)
        if data[at : at + 2] != b"--" or at >= end:
            return tuple(flags), at
        raw, stop = _flag_word(data, at, end, escape)
        if raw == b"--":
            return tuple(flags), stop
        shown = raw.decode("latin-1")
        name, separator, value = shown.removeprefix("--").partition("=")
        flags.append(_flag((shown, name, value if separator else None, text.span(at, stop))))
        at = stop


def _flag_word(data: bytes, at: int, end: int, escape: bytes) -> tuple[bytes, int]:
    """One flag with quotes and escapes taken out, and where it ends."""
    found = _BYTE_SPACE.search(data, at, end)
    stop = found.start() if found else end
    plain = data[at:stop]
    if _DOUBLE not in plain and _SINGLE not in plain and escape[0] not in plain:
        return plain, stop
    out = bytearray()
    quote = b""
    while at < end:
        char = data[at : at + 1]
        if char == escape:
            out += data[at + 1 : min(at + 2, end)]
            at += 2
            continue
        if quote:
            if char == quote:
                quote = b""
            else:
                out += char
        elif char in (b'"', b"'"):
            quote = char
        elif _BYTE_SPACE.match(data, at, end):
            break
        else:
            out += char
        at += 1
    return bytes(out), min(at, end)


# --- argument forms ----------------------------------------------------------------------------------


def _ignored(_rest: Text, _escape: bytes, _line: LogicalLine) -> _Form:
    return ("",), (), False, None


def _string(rest: Text, _escape: bytes, _line: LogicalLine) -> _Form:
    data, starts, origins = rest
    if not data:
        return _NO_FORM
    text = data.decode() if data.isascii() else decode(data)
    # no piece of it is empty at either end
    span = _span((origins[0], origins[-1] + len(data) - starts[-1]))
    return (text,), (_word((text, span)),), False, None


def _list(rest: Text, _escape: bytes, _line: LogicalLine) -> _Form:
    data, starts, origins = rest
    shift = origins[0]
    args: list[str] = []
    words: list[Word] = []
    end = 0
    for word in data.split():
        start = data.find(word, end)
        end = start + len(word)
        text = word.decode() if word.isascii() else decode(word)
        args.append(text)
        span = _span((start + shift, end + shift)) if len(starts) == 1 else rest.span(start, end)
        words.append(_word((text, span)))
    return tuple(args), tuple(words), False, None


def _form(found: Sequence[tuple[str, int, int]], rest: Text, *, is_json: bool = False) -> _Form:
    """Arguments that are words, given with their places."""
    return tuple([text for text, _, _ in found]), rest.words(found), is_json, None


def _no_constant(name: str) -> str:
    raise ValueError(name)


@cache
def _decoder() -> json.JSONDecoder:
    # numbers are refused whatever their value; Go knows no NaN
    return json.JSONDecoder(parse_int=lambda _: 0, parse_float=lambda _: 0, parse_constant=_no_constant)


def _json(rest: Text) -> _Form | None:
    """The exec form; None where it is not strict JSON, which silently makes it the shell form."""
    data = rest.data
    if data[:1] != b"[":
        return None
    try:
        values = _decoder().decode(decode(data))
    except ValueError:
        return None
    except RecursionError:
        values = [None]
    if not all(isinstance(value, str) for value in values):
        raise _RefusedError("when using JSON array syntax, arrays must be comprised of strings only")
    if b"\\u" in data:
        values = [_HALF.sub("\N{REPLACEMENT CHARACTER}", value) for value in values]
    places = [found.span() for found in _JSON_STRING.finditer(data)]
    return _form([(value, *place) for value, place in zip(values, places, strict=True)], rest, is_json=True)


def _healthcheck(rest: Text, escape: bytes, line: LogicalLine) -> _Form:
    data = rest.data
    if not data:
        return _NO_FORM
    space = _BYTE_SPACE.search(data)
    stop = space.start() if space else len(data)
    kind = Word(decode(data[:stop]), rest.span(0, stop))
    at = _blanks_end(data, stop, len(data))
    command = rest.slice(at, len(data))
    args, words, is_json, _ = _json(command) or _string(command, escape, line)
    return (kind.text, *args), (kind, *words), is_json, None


_CHAINED = regex(rb"(?:ONBUILD[ \t]++){16}", re.IGNORECASE)


def _onbuild(rest: Text, escape: bytes, line: LogicalLine) -> _Form:
    if not rest.data:
        return _NO_FORM
    if _CHAINED.match(rest.data):
        # a longer chain would end Python's stack
        raise _RefusedError(validate.CHAINED)
    data, starts, origins = rest
    pieces = [data[start:end] for start, end in pairwise((*starts, len(data)))] if len(starts) > 1 else ()
    *_, first_line, last_line, line_end, _, _ = line
    inner = _node((data, pieces, origins, first_line, last_line, line_end, (), False), escape)
    return ("",), (), False, inner


def _names(rest: Text, escape: bytes, _line: LogicalLine) -> _Form:
    word = _only_word(rest, escape)
    if word is not None:
        return (word.text,), (word,), False, None
    return _form(_words(rest.data, escape), rest)


def _pairs(key: str) -> Callable[[Text, bytes, LogicalLine], _Form]:
    def form(rest: Text, escape: bytes, _line: LogicalLine) -> _Form:
        only = _only_word(rest, escape)
        if only is not None:
            name, equals, value = only.text.partition("=")
            if equals:
                return (name, value, equals), (only,), False, None
        found = _words(rest.data, escape)
        if not found:
            return _NO_FORM
        if "=" not in found[0][0]:
            return _legacy_pair(key, rest)
        args: list[str] = []
        for word, _, _ in found:
            name, separator, value = word.partition("=")
            if not separator:
                shown = json.dumps(word, ensure_ascii=False)
                raise _RefusedError(
                    f"Syntax error - can't find = in {shown}. Must be of the form: name=value"
                )
            args += [name, value, "="]
        return tuple(args), rest.words(found), False, None

    return form


def _legacy_pair(key: str, rest: Text) -> _Form:
    blank = _BLANKS.search(rest.data)
    if not blank:
        raise _RefusedError(f"{key} must have two arguments")
    name = Word(decode(rest.data[: blank.start()]), rest.span(0, blank.start()))
    value = Word(decode(rest.data[blank.end() :]), rest.span(blank.end(), len(rest.data)))
    return (name.text, value.text, ""), (name, value), False, None


def _word_pattern(escape: bytes, plain: bytes) -> bytes:
    """A word of ENV, LABEL or ARG: quotes and escapes are kept, blanks inside them do not end it."""
    return (
        rb"(?:%(plain)s"
        rb'|"(?:[^"%(e)s]|%(e)s.)*+(?:"|%(e)s?\Z)'
        rb"|'[^']*+(?:'|\Z)"
        rb"|%(e)s."
        rb")++" % {b"e": re.escape(escape), b"plain": plain}
    )


def _words_pattern(escape: bytes, space: bytes, plain: bytes) -> re.Pattern[bytes]:
    return regex(rb"%s++|(%s)" % (space, _word_pattern(escape, plain)), re.DOTALL)


_ESCAPES = (b"\\", b"`")
_ASCII_PLAIN = {e: rb"[^\s\"'%s]++" % re.escape(e) for e in _ESCAPES}
_ONE_WORD = {e: regex(_word_pattern(e, _ASCII_PLAIN[e]), re.DOTALL) for e in _ESCAPES}
_ASCII_WORDS = {e: _words_pattern(e, rb"\s", _ASCII_PLAIN[e]) for e in _ESCAPES}
_WIDE_WORDS = {e: _words_pattern(e, SPACE, rb"(?!%s)[^\"'%s]" % (SPACE, re.escape(e))) for e in _ESCAPES}


def _words(data: bytes, escape: bytes) -> list[tuple[str, int, int]]:
    """The words and their places."""
    words = []
    for found in (_ASCII_WORDS if data.isascii() else _WIDE_WORDS)[escape].finditer(data):
        text = found[1]
        if text:
            start, end = found.span()
            if end == len(data) and _dangling(text, escape):
                text = text[:-1]
            words.append((decode(text), start, end))
    return words


def _only_word(rest: Text, escape: bytes) -> Word | None:
    """The word of a text that stands in one piece of the file and is nothing else, as most do: in a third of the time."""
    data, starts, origins = rest
    if len(starts) > 1 or not data.isascii() or not _ONE_WORD[escape].fullmatch(data):
        return None
    text = data[:-1] if data[-1] == escape[0] and _dangling(data, escape) else data
    return _word((text.decode(), _span((origins[0], origins[0] + len(data)))))


def _dangling(text: bytes, escape: bytes) -> bool:
    """Whether a last word ends in an escape that has nothing to escape: BuildKit drops it."""
    if text[-1] != escape[0]:
        return False
    run = len(text) - len(text.rstrip(escape))
    return run % 2 == 1


_JSON_FORMS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_FORMS: dict[str, Callable[..., _Form]] = {
    "ADD": _list,
    "ARG": _names,
    "CMD": _string,
    "COPY": _list,
    "ENTRYPOINT": _string,
    "ENV": _pairs("ENV"),
    "EXPOSE": _list,
    "FROM": _list,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs("LABEL"),
    "MAINTAINER": _string,
    "ONBUILD": _onbuild,
    "RUN": _string,
    "SHELL": _string,
    "STOPSIGNAL": _string,
    "USER": _string,
    "VOLUME": _list,
    "WORKDIR": _string,
}
