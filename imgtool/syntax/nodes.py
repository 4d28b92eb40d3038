"""The lossless tree of a Dockerfile. Every node has a byte span in the file.

``args``, ``flags``, ``json`` and ``heredocs`` hold what BuildKit's parser holds; spans, comments and
words say where in the file it stands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from imgtool.edits import Span
from imgtool.syntax.source import Source, decode
from imgtool.values import NamedTuple, dataclass, field, maker

_span = maker(Span)

PLATFORM_ARGS = (
    "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM", "TARGETOS",
    "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
)  # fmt: skip
"""Usable in FROM without a declaration."""


class Text(NamedTuple):
    """Bytes put together from pieces of a file, with the way back.

    A logical line has no continuation characters, comments or newlines any more; a heredoc body with
    ``<<-`` has no leading tabs. ``starts[i]`` is where piece ``i`` begins in ``data``, ``origins[i]``
    where it begins in the file; pieces are contiguous in ``data``.
    """

    data: bytes
    starts: tuple[int, ...]
    origins: tuple[int, ...]

    def offset(self, index: int) -> int:
        """Byte offset in the file of byte ``index`` of ``data`` (``index`` may be the length)."""
        _, starts, origins = self
        if len(starts) == 1:
            return origins[0] + index
        piece = max(bisect_right(starts, index) - 1, 0)
        return origins[piece] + index - starts[piece]

    def span(self, start: int, end: int) -> Span:
        """The file's bytes from ``data[start]`` up to and with ``data[end - 1]``."""
        _, starts, origins = self
        if len(starts) == 1:
            first = origins[0]
            return _span((first + start, first + end))
        first = self.offset(start)
        return _span((first, self.offset(end - 1) + 1 if end > start else first))

    def words(self, found: Iterable[tuple[str, int, int]]) -> tuple[Word, ...]:
        """Words from their texts and places, which are not empty and stand in order."""
        data, starts, origins = self
        words = []
        shift = origins[0]
        if len(starts) == 1:
            for text, start, end in found:
                words.append(_word((text, _span((start + shift, end + shift)))))
            return tuple(words)
        ends = (*starts[1:], len(data))
        edge, piece = ends[0], 0
        for text, start, end in found:
            while start >= edge:
                piece += 1
                shift, edge = origins[piece] - starts[piece], ends[piece]
            span = _span((start + shift, end + shift)) if end <= edge else self.span(start, end)
            words.append(_word((text, span)))
        return tuple(words)

    def slice(self, start: int, end: int) -> Text:
        """The part ``start`` to ``end`` as a text of its own."""
        data, starts, origins = self
        if len(starts) == 1:
            return _text((data[start:end], starts, (origins[0] + start,)))
        if start < starts[1] and starts[-1] < end:
            # all pieces, as nearly always
            moved = [begin - start for begin in starts[1:]]
            return _text((data[start:end], (0, *moved), (origins[0] + start, *origins[1:])))
        first = max(bisect_right(starts, start) - 1, 0)
        kept_starts = [0]
        kept_origins = [self.offset(start)]
        for begin, origin in zip(starts[first + 1 :], origins[first + 1 :], strict=True):
            if begin >= end:
                break
            kept_starts.append(begin - start)
            kept_origins.append(origin)
        return _text((data[start:end], tuple(kept_starts), tuple(kept_origins)))

    def __str__(self) -> str:
        return decode(self.data)


_text = maker(Text)


class Word(NamedTuple):
    """A word of an instruction as BuildKit keeps it (quotes kept), and where it stands."""

    text: str
    span: Span


_word = maker(Word)


class Flag(NamedTuple):
    """A builder flag, ``--name=value``; ``raw`` is BuildKit's form (quotes removed). ``value`` is None without ``=``."""

    raw: str
    name: str
    value: str | None
    span: Span


class Heredoc(NamedTuple):
    """A here-document. ``content`` is the body as stored, before ``<<-`` strips tabs.

    ``marker`` spans ``<<NAME``, ``body`` the lines of the body, ``terminator`` the closing line.
    """

    name: str
    fd: int
    expand: bool
    chomp: bool
    content: bytes
    marker: Span
    body: Span
    terminator: Span


class Comment(NamedTuple):
    """A comment line, inside a continuation too. ``text`` is without ``#`` and outer blanks; ``span`` from ``#`` to line end."""

    text: str
    span: Span
    line: int
    in_continuation: bool = False


class Directive(NamedTuple):
    """A parser directive, ``# name=value``."""

    name: str
    value: str
    span: Span
    line: int


class SyntaxProblem(NamedTuple):
    """Why BuildKit would refuse the file, in its words, and where."""

    message: str
    span: Span
    line: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction, from its keyword to the end of its last heredoc (newline excluded).

    ``keyword`` is upper case, ``word`` as written. ``rest`` is what follows keyword and flags, continuations
    joined: the script of a RUN in shell form. ``words`` are the operands with their places: list words,
    ENV/LABEL/ARG words (``k=v`` as one word), JSON strings. ``inner`` is the trigger of an ONBUILD.
    ``comments`` are those directly above. ``problem`` says why BuildKit refuses it; ``args`` may then be empty.
    """

    keyword: str
    word: Word
    span: Span
    start_line: int
    end_line: int
    flags: tuple[Flag, ...]
    args: tuple[str, ...]
    words: tuple[Word, ...]
    json: bool
    heredocs: tuple[Heredoc, ...]
    rest: Text
    comments: tuple[Comment, ...] = ()
    empty_continuation: bool = False
    inner: Instruction | None = None
    problem: SyntaxProblem | None = None

    def __hash__(self) -> int:
        # those of one file are told apart by it; hashing every field is slow
        return hash(self.span)

    def flag(self, name: str) -> Flag | None:
        """The last flag of that name."""
        found = None
        for flag in self.flags:
            if flag.name == name:
                found = flag
        return found

    def flag_value(self, name: str) -> str | None:
        """The value of the last flag of that name; None where the flag is absent or bare."""
        found = self.flag(name) if self.flags else None
        return found.value if found else None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed Dockerfile. ``problems`` is empty where BuildKit accepts the file, else in file order."""

    source: Source = field(repr=False)
    escape: str
    directives: tuple[Directive, ...]
    comments: tuple[Comment, ...]
    instructions: tuple[Instruction, ...]
    problems: tuple[SyntaxProblem, ...]

    @property
    def data(self) -> bytes:
        """The file's bytes, unchanged."""
        return self.source.data
