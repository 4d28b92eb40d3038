"""Shell words: quote removal with the way back to the file, and here-documents."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from imgtool.edits import Span
from imgtool.facts.commands import Arg
from imgtool.regex import regex
from imgtool.syntax.nodes import Text
from imgtool.syntax.source import decode
from imgtool.values import NamedTuple, maker

_new_span = maker(Span)
_new_arg = maker(Arg)


class Source(NamedTuple):
    """A script's text. ``escapes`` maps a byte's offset in the file to where its escape sequence begins.

    A script that was quoted inside another one has lost backslashes that the file still holds; a span that
    begins with an escaped byte begins with its backslash.
    """

    text: Text
    escapes: Mapping[int, int] = MappingProxyType({})

    @property
    def data(self) -> bytes:
        return self.text.data

    def span(self, start: int, end: int) -> Span:
        """The file's bytes behind ``data[start:end]``."""
        text, escapes = self
        _, starts, origins = text
        if len(starts) == 1:
            begin = origins[0] + start
            span = _new_span((begin, begin + end - start))
        else:
            piece = bisect_right(starts, start) - 1
            begin = origins[piece] + start - starts[piece]
            if piece + 1 == len(starts) or end <= starts[piece + 1]:
                span = _new_span((begin, begin + end - start))
            else:
                span = text.span(start, end)
        if escapes and begin in escapes:
            return Span(escapes[begin], max(span.end, escapes[begin]))
        return span


Hole = tuple[int, int]
"""Where in a word an expansion stands whose inside follows other rules: ``${…}``, ``$(…)``, backquotes."""


class Word(NamedTuple):
    """A word and where it is. ``holes`` is None where the text is the value: nothing in it is quoted."""

    arg: Arg
    source: Source
    start: int
    end: int
    holes: tuple[Hole, ...] | None = ()

    def content(self) -> Source | None:
        """The word's text, quotes removed, as a script of its own. None where it cannot be followed."""
        if self.holes is None:
            return self.source
        parts = _parts(self.source.data, self.start, self.end, self.holes)
        if parts is None or any(kind == _ANSI for *_, kind in parts):
            return None
        escapes = dict(self.source.escapes)
        for start, _, kind in parts:
            if kind == _ESCAPED:
                backslash = self.source.span(start - 1, start).start
                escapes[self.source.text.offset(start)] = backslash
        return Source(join(self.source.text.slice(start, end) for start, end, _ in parts), escapes)


_new_word = maker(Word)


def join(texts: Iterable[Text]) -> Text:
    """Texts one after the other."""
    data = bytearray()
    starts: list[int] = []
    origins: list[int] = []
    for text in texts:
        if text.data:
            starts += [len(data) + start for start in text.starts]
            origins += text.origins
            data += text.data
    return Text(bytes(data), tuple(starts) or (0,), tuple(origins) or (0,))


def without_tabs(text: Text) -> Text:
    """Lines without their leading tabs, as ``<<-`` reads them."""
    return join(text.slice(*line.span(1)) for line in _AFTER_TABS.finditer(text.data))


_AFTER_TABS = regex(rb"^\t*([^\n]*\n?)", re.MULTILINE)


def unescaped(source: Source, escape: re.Pattern[bytes]) -> Source:
    """A script without the backslashes that whoever reads it first removes; ``escape`` also removes what has none after it."""
    text = source.text
    data = text.data
    if b"\\" not in data:
        return source
    kept: list[tuple[int, int]] = []
    escapes = dict(source.escapes)
    position = 0
    while found := escape.search(data, position):
        kept.append((position, found.start()))
        position = found.end()
        if found[0] == b"\\":
            first = text.offset(found.start())
            escapes[text.offset(position)] = escapes.get(first, first)
            kept.append((position, position + 1))
            position += 1
    kept.append((position, len(data)))
    return Source(join(text.slice(start, end) for start, end in kept), escapes)


_IN_BACKQUOTES = regex(rb"\\(?=[$`\\])")
_IN_QUOTED_BACKQUOTES = regex(rb"\\(?=[$`\\\"])")


def backquoted(source: Source, start: int, end: int, *, quoted: bool) -> Source:
    """What stands between backquotes at ``data[start:end]``, inside double quotes or not, as the script that runs."""
    inner = Source(source.text.slice(start, end), source.escapes)
    return unescaped(inner, _IN_QUOTED_BACKQUOTES if quoted else _IN_BACKQUOTES)


# --- quote removal -----------------------------------------------------------------------------------

_PLAIN, _QUOTED, _ESCAPED, _EXPANSION, _ANSI = range(5)
_Part = tuple[int, int, int]

_NAME = rb"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]|\{[A-Za-z_][A-Za-z0-9_]*\})"
_OUTSIDE = regex(
    rb"(?P<gone>\\\n)|\\(?P<escaped>.)|'(?P<single>[^']*)'|\$'(?P<ansi>(?:[^'\\]|\\.)*)'"
    rb'|(?P<open>\$?")|(?P<name>%s)|(?P<plain>[^\\\'"$]+|\$|\\\Z)' % _NAME,
    re.DOTALL,
)
_INSIDE = regex(
    rb'(?P<gone>\\\n)|\\(?P<escaped>["$`\\])|(?P<close>")|(?P<name>%s)|(?P<plain>[^\\"$]+|\$|\\)' % _NAME,
    re.DOTALL,
)
_KINDS = {"escaped": _ESCAPED, "single": _QUOTED, "ansi": _ANSI, "name": _EXPANSION, "plain": _PLAIN}


def _parts(data: bytes, start: int, end: int, holes: Sequence[Hole]) -> list[_Part] | None:
    """The pieces of a word that quote removal keeps; None where a quote is never closed."""
    parts: list[_Part] = []
    waiting = [*holes, (end, end)]
    position, quoted = start, False
    while position < end:
        hole = waiting[0]
        if position >= hole[0]:
            parts.append((hole[0], hole[1], _EXPANSION))
            position = max(position, hole[1])
            waiting.pop(0)
            continue
        found = (_INSIDE if quoted else _OUTSIDE).match(data, position, hole[0])
        if found is None or found.lastgroup is None:
            return None
        position = found.end()
        name = found.lastgroup
        if name in ("open", "close"):
            quoted = not quoted
        elif name != "gone":
            kind = _QUOTED if quoted and name == "plain" else _KINDS[name]
            parts.append((*found.span(name), kind))
    return None if quoted else parts


_SAFE = regex(rb"[A-Za-z0-9_@%+=:,./^#-]+")
# what most words with more than letters are: quoted whole, or not at all; with names in them, or patterns
_USUAL = regex(
    rb"\"(?:[^\"\\$`]++|%(name)s)*+\"|'[^']*+'|(?:[A-Za-z0-9_@%%+=:,./^#*?-]++|%(name)s)++"
    % {b"name": rb"\$(?:[A-Za-z_][A-Za-z0-9_]*+|\{[A-Za-z_][A-Za-z0-9_]*+\})"}
)
_PATTERN = regex(rb"[*?`]|\{(?:[^{},.]|\.(?!\.))*+(?:,|\.\.)[^{}]*+\}|(?:\A|=)~")
_SET = regex(rb"\[[^\]]+\]")


def word(source: Source, start: int, end: int, holes: tuple[Hole, ...] = ()) -> Word | None:
    """The word at ``data[start:end]``; None where a quote is never closed."""
    raw = source.data[start:end]
    if _SAFE.fullmatch(raw):
        return safe(source, start, end, raw.decode())
    return quoted(source, start, end, holes)


def quoted(source: Source, start: int, end: int, holes: tuple[Hole, ...] = ()) -> Word | None:
    """A word with quotes, escapes, expansions or patterns in it; None where a quote is never closed."""
    raw = source.data[start:end]
    found = reading(raw, [(a - start, b - start) for a, b in holes])
    if found is None:
        return None
    text, shown, literal, expands = found
    arg = _new_arg((text, shown, *source.span(start, end), literal, expands))
    return _new_word((arg, source, start, end, holes))


Reading = tuple[str, str, bool, bool]
"""A word's text, the word as written, whether that is literal and whether something in it expands: see :class:`Arg`."""


def reading(raw: bytes, holes: Sequence[Hole] = ()) -> Reading | None:
    """How a word is read, with the holes in it; None where a quote is never closed."""
    return _known(raw) if len(raw) <= _SHORT and not holes else _reading(raw, holes)


def _reading(raw: bytes, holes: Sequence[Hole] = ()) -> Reading | None:
    if not holes and _USUAL.fullmatch(raw) and raw.isascii():
        text = raw.decode()
        expands = "$" in text and text[0] != "'"
        if text[0] in "'\"":
            return text[1:-1], text, not expands, expands
        return text, text, not expands and "*" not in text and "?" not in text, expands
    parts = _parts(raw, 0, len(raw), holes)
    if parts is None:
        return None
    kinds = {kind for *_, kind in parts}
    text = decode(b"".join([raw[a:b] for a, b, _ in parts]))
    bare = b"".join([raw[a:b] if kind == _PLAIN else b"." for a, b, kind in parts])
    literal = kinds.isdisjoint((_EXPANSION, _ANSI)) and not _is_pattern(bare) and "�" not in text
    return text, decode(raw), literal, _EXPANSION in kinds


def _is_pattern(bare: bytes) -> bool:
    """Whether a word may stand for other words; ``bare`` has no letter of what is quoted."""
    # behind the last bracket that closes a set, none is looked for from each that opens one
    last = bare.rfind(b"]") + 1
    return _PATTERN.search(bare) is not None or (last > 0 and _SET.search(bare, 0, last) is not None)


# `"$HOME"`, `*.deb` and their like stand in file after file
_SHORT = 100
_known = lru_cache(maxsize=4096)(_reading)


def safe(source: Source, start: int, end: int, text: str) -> Word:
    """A word of letters, digits and signs that mean nothing to a shell."""
    arg = _new_arg((text, text, *source.span(start, end), True, False))
    return _new_word((arg, source, start, end, ()))


# --- here-documents ----------------------------------------------------------------------------------


class HereDocument(NamedTuple):
    """A here-document of a script, in offsets of its data. ``marker`` covers descriptor, operator
    and delimiter, ``end`` is where the closing line ends.
    """

    marker: tuple[int, int]
    operator: str
    fd: str | None
    delimiter: tuple[int, int]
    expand: bool
    body: tuple[int, int]
    end: int


_COMMANDS = regex(
    rb"\\.|'[^']*'|\$'(?:\\.|[^'\\])*'|(?<![^\s;&|()])#[^\n]*"
    rb'|(?P<string>")|(?P<sum>\$?\(\()|(?P<list>\$?\()|(?P<close>\))|(?P<brace>\$\{)|(?P<tick>`)'
    rb"|(?P<here><<<)|(?P<fd>\d*)(?P<document><<-?)|(?P<line>\n)",
    re.DOTALL,
)
_STRING = regex(rb'\\.|(?P<close>")|(?P<sum>\$\(\()|(?P<list>\$\()|(?P<brace>\$\{)|(?P<tick>`)', re.DOTALL)
_BRACE = regex(
    rb"\\.|'[^']*'|(?P<close>\})|(?P<string>\")|(?P<sum>\$\(\()|(?P<list>\$\()|(?P<brace>\$\{)|(?P<tick>`)",
    re.DOTALL,
)
_SUM = regex(rb"\\.|(?P<close>\)\)?)|(?P<nested>\()|(?P<list>\$\()|(?P<brace>\$\{)|(?P<tick>`)", re.DOTALL)
_NESTED = regex(rb"\\.|(?P<close>\))|(?P<nested>\()|(?P<list>\$\()|(?P<brace>\$\{)|(?P<tick>`)", re.DOTALL)
_MODES = {
    "list": _COMMANDS,
    "tick": _COMMANDS,
    "string": _STRING,
    "brace": _BRACE,
    "sum": _SUM,
    "nested": _NESTED,
}
DELIMITER = regex(rb"[ \t]*((?:\\.|'[^'\n]*'|\"(?:\\.|[^\"\\\n])*\"|[^\s'\"\\;&|<>()])+)", re.DOTALL)


Marker = tuple[re.Match[bytes], re.Match[bytes]]
"""What announces a here-document: descriptor (group ``fd``) and operator (``document``), and the delimiter."""


def blank_documents(data: bytes) -> tuple[bytes, list[HereDocument]]:
    """A script with every here-document overwritten by blanks, and those documents.

    tree-sitter-bash lets a here-document swallow what follows its marker on the line; without them the
    script has the same commands at the same places. A here-string keeps its word behind a plain ``<``.
    """
    out = bytearray(data)
    documents: list[HereDocument] = []
    waiting: list[Marker] = []
    modes = ["list"]
    position = 0
    while found := _MODES[modes[-1]].search(data, position):
        position = found.end()
        name = found.lastgroup or ""
        if name == "here":
            out[found.start() + 1 : found.end()] = b"  "
        elif name == "document":
            if delimiter := DELIMITER.match(data, position):
                waiting.append((found, delimiter))
                position = delimiter.end()
        elif name == "line":
            position = read_bodies(data, position, waiting, documents)
        else:
            position = _switch(modes, name, found)
    read_bodies(data, len(data), waiting, documents)
    for document in documents:
        for start, end in (document.marker, (document.body[0], document.end)):
            out[start:end] = b"\n".join(b" " * len(line) for line in data[start:end].split(b"\n"))
    return bytes(out), documents


def _switch(modes: list[str], name: str, found: re.Match[bytes]) -> int:
    """Enter or leave a construct with rules of its own; where to read on."""
    if name == "close" and found[0] == b")" and modes[-1] == "sum":
        # `((` began two subshells
        modes[-1] = "list"
        return found.end() - 1
    if name == "close" or (name == "tick" and modes[-1] == "tick"):
        del modes[max(1, len(modes) - 1) :]
    elif name in _MODES:
        modes.append(name)
    return found.end()


def read_bodies(
    data: bytes,
    position: int,
    waiting: list[Marker],
    documents: list[HereDocument],
) -> int:
    """Read the bodies of the documents announced on the line before, which begin at ``position``; where they end."""
    for marker, delimiter in waiting:
        raw = delimiter[1]
        expand = not any(mark in raw for mark in b"\\'\"")
        name = raw if expand else re.sub(rb"\\(.)|['\"]", rb"\1", raw)
        body = position
        while True:
            end = data.find(b"\n", position)
            end = len(data) if end < 0 else end
            line = data[position:end]
            if name == (line.lstrip(b"\t") if marker["document"] == b"<<-" else line) or end == len(data):
                break
            position = end + 1
        # without its closing line a document goes on to the end
        stop = position if name == line.lstrip(b"\t") else end
        documents.append(
            HereDocument(
                (marker.start(), delimiter.end()),
                decode(marker["document"]),
                decode(marker["fd"]) or None,
                delimiter.span(1),
                expand,
                (body, stop),
                end,
            )
        )
        position = min(end + 1, len(data))
    waiting.clear()
    return position
