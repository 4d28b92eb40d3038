"""Physical lines to logical lines, directives and here-documents, as BuildKit's scanner reads them.

Source of every rule: ``frontend/dockerfile/parser`` of moby/buildkit (``parser.go``, ``directives.go``).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

from imgtool.edits import Span
from imgtool.regex import regex
from imgtool.syntax import words
from imgtool.syntax.nodes import Comment, Directive, Heredoc, SyntaxProblem, Text
from imgtool.syntax.source import BOM, Source, decode, line_starts
from imgtool.values import dataclass, field, maker

# bufio.MaxScanTokenSize: a longer physical line ends BuildKit's scan
MAX_LINE = 65535

ASCII_SPACE = b"\t\n\v\f\r "
# Go's unicode.IsSpace in UTF-8
SPACE = rb"(?:[\t\n\v\f\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"
_LEADING = regex(SPACE + rb"*")
_TRAILING = regex(SPACE + rb"+\Z")

_HASH = ord("#")
_RETURN = ord("\r")
_DIRECTIVE = regex(rb"#[\t\n\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.*[^\t\n\f\r ])")
_KNOWN_DIRECTIVES = frozenset({"syntax", "escape", "check"})


def leading_space(data: bytes) -> int:
    """How many bytes of Unicode white space a line begins with."""
    bare = data.lstrip(ASCII_SPACE)
    if bare and bare[0] > 0x7F:
        found = _LEADING.match(data)
        return found.end() if found else 0
    return len(data) - len(bare)


def trimmed_end(data: bytes) -> int:
    """The length of a line without trailing Unicode white space."""
    end = len(data.rstrip(ASCII_SPACE))
    if end and data[end - 1] > 0x7F:
        found = _TRAILING.search(data)
        return found.start() if found else end
    return end


def _continues(line: bytes, escape: int) -> bool:
    """Whether a line without its last blanks goes on in the next one."""
    # one escape goes on; two or more in a row do not (BuildKit's regular expression)
    if not line or line[-1] != escape:
        return False
    return len(line) == 1 or line[-2] != escape


LogicalLine: TypeAlias = tuple[
    bytes, Sequence[bytes], tuple[int, ...], int, int, int, tuple[Comment, ...], bool
]
"""One instruction's text with continuations joined, its pieces and where these begin in the file, its first and last
line, where that ends, the comments directly above it, and whether a continued line is empty. A text in one piece has
none.
"""


def whole(line: LogicalLine) -> Text:
    """All the text of a line."""
    data, pieces, origins, *_ = line
    return _text((data, (0, *accumulate(map(len, pieces[:-1]))), origins))


_comment = maker(Comment)
_span = maker(Span)
_text = maker(Text)


def _ordinary(escape: bytes) -> re.Pattern[bytes]:
    """Lines that go on, are neither empty nor comments, and end in one escape."""
    return regex(rb"(?:[\t ]*+[^\s#%(e)s\x80-\xff].*(?<!%(e)s)%(e)s\n)++" % {b"e": re.escape(escape)})


_ORDINARY = {escape: _ordinary(escape) for escape in (b"\\", b"`")}


@dataclass(slots=True)
class Lexer:
    """Walks a file line by line; :meth:`logical_lines` yields instructions, :meth:`heredoc` reads a body."""

    source: Source
    escape: bytes = b"\\"
    directives: list[Directive] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    problems: list[SyntaxProblem] = field(default_factory=list)
    # without newlines and byte-order mark, and where each begins
    _lines: list[bytes] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _index: int = 0
    _some_too_long: bool = False
    # where each line stands, once here-documents ask, without leading tabs and with them
    _places: dict[bool, dict[bytes, list[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        data = self.source.data
        lines = data.split(b"\n")
        # the same lines: places in the file are asked for later
        starts = self.source.line_starts = line_starts(lines)
        if lines[-1] == b"":
            lines.pop()
        self._some_too_long = len(data) > MAX_LINE and max(map(len, lines)) > MAX_LINE
        if _RETURN in data:
            lines = [line.rstrip(b"\r") for line in lines]
        if data.startswith(BOM):
            lines[0] = lines[0].removeprefix(BOM)
            starts = [len(BOM), *starts[1:]]
        self._lines, self._starts = lines, starts

    def logical_lines(self) -> Iterator[LogicalLine]:
        """Instructions in file order. The caller may read heredocs between two of them."""
        lines, starts = self._lines, self._starts
        count, some_too_long = len(lines), self._some_too_long
        index = self._read_directives()
        escape = self.escape[0]
        above: list[Comment] = []
        while index < count:
            if some_too_long:
                self._check_length(index)
            raw = lines[index]
            index += 1
            if not raw:
                continue
            line = raw.lstrip(ASCII_SPACE)
            if line and line[0] > 0x7F:
                line = raw[leading_space(raw) :]
            if not line:
                continue
            at = starts[index - 1] + len(raw) - len(line)
            if line[0] == _HASH:
                comment = self._comment(line, at, index)
                if comment.text:
                    above.append(comment)
                else:
                    above.clear()
                continue
            comments = tuple(above)
            if above:
                above = []
            bare = line.rstrip(b" \t")
            self._index = index
            if bare[-1] == escape and _continues(bare, escape):
                # nothing but escapes and blank lines to the end of the file: an instruction without a name
                yield self._joined(bare[:-1], at, comments)
            else:
                yield line, (), (at,), index, index, at + len(line), comments, False
            index = self._index
        self._index = index

    def heredoc(self, draft: Heredoc) -> Heredoc | None:
        """The body of a here-document that starts at the next line; None, and nothing read, if it never ends."""
        name = draft.name.encode("utf-8", "surrogateescape")
        starts = self._starts
        first, index = self._index, self._line_of(name, chomp=draft.chomp)
        if index is None:
            return None
        body = Span(starts[first], starts[index])
        content = self.source.data[body.start : body.end]
        self._take_until(index)
        self._index = index + 1
        end = Span(starts[index], starts[index] + len(self._lines[index]))
        return Heredoc(draft.name, draft.fd, draft.expand, draft.chomp, content, draft.marker, body, end)

    def _line_of(self, name: bytes, *, chomp: bool) -> int | None:
        """The next line that is ``name`` and nothing else, but for leading tabs with ``chomp``."""
        places = self._places.get(chomp)
        if places is None:
            # once: thousands of here-documents may never end
            places = self._places[chomp] = {}
            for index, line in enumerate(self._lines):
                places.setdefault(line.lstrip(b"\t") if chomp else line, []).append(index)
        found = places.get(name, ())
        at = bisect_left(found, self._index)
        return found[at] if at < len(found) else None

    @property
    def line(self) -> int:
        """The number of the last line taken."""
        return self._index

    def end_of_line(self) -> int:
        """The offset where the last line taken ends, newline excluded."""
        index = self._index - 1
        return self._starts[index] + len(self._lines[index])

    def _take_until(self, end: int) -> None:
        """Take the lines before that one."""
        if self._some_too_long:
            for index in range(self._index, end):
                self._check_length(index)
        self._index = end

    def _check_length(self, index: int) -> None:
        starts = self.source.line_starts
        end = starts[index + 1] - 1 if index + 1 < len(starts) else len(self.source.data)
        if end - starts[index] > MAX_LINE:
            message = f"dockerfile line greater than max allowed size of {MAX_LINE}"
            self.problems.append(SyntaxProblem(message, Span(starts[index], end), index + 1))

    def _comment(self, line: bytes, at: int, number: int, *, inside: bool = False) -> Comment:
        if line.isascii():
            text = line[1:].strip(ASCII_SPACE).decode()
        else:
            text = decode(line[1 + leading_space(line[1:]) : trimmed_end(line)])
        comment = _comment((text, _span((at, at + len(line))), number, inside))
        self.comments.append(comment)
        return comment

    def _joined(self, first: bytes, at: int, above: tuple[Comment, ...]) -> LogicalLine:
        """An instruction whose first line, the last one taken, goes on."""
        data, lines, starts, escape = self.source.data, self._lines, self._starts, self.escape[0]
        ordinary = _ORDINARY[self.escape].match
        number = index = self._index
        pieces = [first]
        origins = [at]
        empty = False
        while index < len(lines):
            found = ordinary(data, starts[index])
            if found:
                # what nearly all of them are
                block = data[starts[index] : found.end() - 2].split(self.escape + b"\n")
                pieces += block
                origins += starts[index : index + len(block)]
                index += len(block)
                if index == len(lines):
                    break
            raw = lines[index]
            index += 1
            bare = raw.lstrip(ASCII_SPACE)
            if bare and bare[0] > 0x7F:
                bare = raw[leading_space(raw) :]
            if not bare:
                empty = True
            elif bare[0] == _HASH:
                self._comment(bare, starts[index - 1] + len(raw) - len(bare), index, inside=True)
            else:
                origins.append(starts[index - 1])
                bare = raw.rstrip(b" \t")
                if not _continues(bare, escape):
                    pieces.append(raw)
                    break
                pieces.append(bare[:-1])
        self._take_until(index)
        several = pieces if len(pieces) > 1 else ()
        return b"".join(pieces), several, tuple(origins), number, index, self.end_of_line(), above, empty

    def _read_directives(self) -> int:
        """Read the directives at the top; the index of the first line that is none."""
        seen: set[str] = set()
        shebang = bool(self._lines) and self._lines[0].startswith(b"#!")
        first = 1 if shebang else 0
        for index in range(first, len(self._lines)):
            self._index = index
            self._take_until(index + 1)
            line, at = self._lines[index], self._starts[index]
            skip = leading_space(line)
            found = _DIRECTIVE.fullmatch(line[skip : trimmed_end(line)])
            name = found[1].decode().lower() if found else ""
            if not found or name not in _KNOWN_DIRECTIVES:
                # a shebang is no directive: what follows it is seen by syntax and check alone
                return 0 if shebang else index
            span = Span(at + skip, at + len(line))
            self._directive(Directive(name, decode(found[2]), span, index + 1), seen, shebang=shebang)
        return 0 if shebang else len(self._lines)

    def _directive(self, directive: Directive, seen: set[str], *, shebang: bool) -> None:
        if shebang and directive.name == "escape":
            return
        if directive.name in seen:
            self._refuse(f"only one {directive.name} parser directive can be used", directive)
            return
        seen.add(directive.name)
        if directive.name == "escape":
            if directive.value not in ("\\", "`"):
                self._refuse(f"invalid escape token '{directive.value}' does not match ` or \\", directive)
                return
            self.escape = directive.value.encode()
        self.directives.append(directive)

    def _refuse(self, message: str, directive: Directive) -> None:
        self.problems.append(SyntaxProblem(message, directive.span, directive.line))


# --- here-document markers ---------------------------------------------------------------------------


def heredoc_drafts(text: Text) -> list[Heredoc]:
    """The here-documents that a logical line announces, bodies still empty, in order of appearance.

    Raises:
        WordError: BuildKit cannot read a name.
    """
    line = text.data.decode("utf-8", "surrogateescape")
    drafts = []
    for mark in words.heredocs(line):
        name = decode(mark.name.encode("utf-8", "surrogateescape"))
        span = text.span(_bytes(line[: mark.start]), _bytes(line[: mark.end]))
        drafts.append(Heredoc(name, mark.fd, mark.expand, mark.chomp, b"", span, span, span))
    return drafts


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
