"""Where the commands of a script stand, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Union

from imgtool.edits import Span
from imgtool.facts.commands import Arg, Assignment, Redirect
from imgtool.facts.shell_flow import Outcome
from imgtool.facts.shell_tree import NOTHING_INSIDE, Token, inside
from imgtool.facts.shell_words import HereDocument, Source, Word, word
from imgtool.regex import regex
from imgtool.values import NamedTuple, dataclass, field, maker

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 40
"""Commands within commands, of one script and of those that it starts."""

MAX_DOCUMENTS = 100
"""Here-documents of a script."""

AND_OR = frozenset(["&&", "||"])
PIPES = frozenset(["|", "|&"])
ASSIGNMENT = regex(rb"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?\+?=")
RESERVED = frozenset(
    "if then elif else fi while until for do done case esac in { } function select coproc !".split()
) - {"in"}


@dataclass(slots=True)
class Shell:
    """The options and functions of a running shell. ``errexit`` is None where it may be on; ``pipefail`` is then off."""

    errexit: bool | None = False
    pipefail: bool = False
    functions: dict[str, Outcome] = field(default_factory=dict)

    def copy(self) -> Shell:
        return Shell(self.errexit, self.pipefail, dict(self.functions))


class Place(NamedTuple):
    """Where a list of commands stands. ``clean`` is the script without its here-documents, ``characters`` the same with a
    character for each byte, where the grammar found no error in it.

    ``exempt``: a failure here does not end the shell, whatever ``set -e`` says. ``spliced``: an outer shell
    puts values into the script before it is read.
    """

    source: Source
    clean: bytes = b""
    characters: str = ""
    documents: tuple[HereDocument, ...] = ()
    context: tuple[str, ...] = ()
    outer_redirects: tuple[Redirect, ...] = ()
    wrappers: tuple[str, ...] = ()
    prefix: tuple[Arg, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    statement: Span | None = None
    depth: int = 0
    spliced: bool = False
    posix: bool = False
    item: Span | None = None
    connector: str = ""
    exempt: bool = False

    def span(self, items: Sequence[Token]) -> Span:
        return self.source.span(items[0].start, items[-1].end)

    def at(self, item: Span | None, connector: str, *, exempt: bool) -> Place:
        """The place of one command here: every command has one."""
        return _new_place((*self[:-3], item, connector, exempt))

    def exempted(self) -> Place:
        """Here, where a failure does not end the shell."""
        return self if self.exempt else _new_place((*self[:-1], True))

    def within(self, name: str, redirects: tuple[Redirect, ...] = ()) -> Place:
        """Inside a construct that stands here."""
        return self._replace(
            context=(*self.context, name),
            outer_redirects=(*self.outer_redirects, *redirects),
            depth=self.depth + 1,
            connector="",
        )


_new_place = maker(Place)


class Simple(NamedTuple):
    """A simple command's parts."""

    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    span: Span
    document: HereDocument | None = None


class Nodes(NamedTuple):
    """A list of commands in the tree, that takes up ``data[start:end]``."""

    nodes: Sequence[Node]
    start: int
    end: int


Part = Nodes | Sequence[Token]
"""A list of commands inside another command, in the tree or as tokens."""


class Construct(NamedTuple):
    """A compound command that was read without the grammar, by the name that it has there.

    ``parts`` are its lists of commands with the keyword before each one; those of a case begin with its word.
    """

    type: str
    parts: list[tuple[str, Part]]


Expansion = Union["Node", Source, list[Token]]
"""A substitution: in the tree, as the script that stands in backquotes, or as its tokens."""
Expanding = tuple[Expansion, bool, int | None]
"""A substitution, whether it surely runs, and the index of the word that holds it."""


@dataclass(slots=True)
class Parts:
    """A simple command's parts as they are found."""

    words: list[Word] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    expansions: list[Expanding] = field(default_factory=list)
    document: HereDocument | None = None

    def word(
        self, item: Token, place: Place, index: int | None = None, start: int | None = None
    ) -> Word | None:
        """The word of a token, from ``start`` on; None where a quote is not closed."""
        found = inside(item, place.clean) if item.value else NOTHING_INSIDE
        self.expansions += [(node, sure, index) for node, sure in found.substitutions]
        return word(place.source, item.start if start is None else start, item.end, found.holes)

    def add(self, item: Token, place: Place) -> bool:
        """A word or, before the first word, an assignment; False where a quote is not closed."""
        name = None if self.words else ASSIGNMENT.match(place.source.data, item.start, item.end)
        if name is None:
            made = self.word(item, place, len(self.words))
            if made:
                self.words.append(made)
            return made is not None
        made = self.word(item, place, start=name.end()) if name.end() < item.end else None
        span = place.source.span(item.start, item.end)
        self.assignments.append(Assignment(name[1].decode(), made.arg if made else None, span))
        return made is not None or name.end() == item.end

    def take(self, other: Parts) -> None:
        """The parts of more of the command."""
        known = len(self.words)
        for part, sure, index in other.expansions:
            self.expansions.append((part, sure, index if index is None else index + known))
        self.words += other.words
        self.assignments += other.assignments
        self.redirects += other.redirects

    def simple(self, items: Sequence[Token], place: Place) -> Simple:
        """The command that the parts make."""
        assignments = (*place.assignments, *self.assignments)
        return Simple(tuple(self.words), assignments, tuple(self.redirects), place.span(items), self.document)


def document_redirect(document: HereDocument, source: Source) -> Redirect:
    """A here-document as a redirection."""
    delimiter = word(source, *document.delimiter)
    return Redirect(
        document.operator,
        document.fd,
        delimiter.arg if delimiter else None,
        source.span(*document.marker),
        source.text.slice(*document.body),
        document.expand,
    )


Stage = tuple[Sequence[Token], str]
"""A command of a pipeline and the operator behind it."""

Pipeline = tuple[list[Stage], str]
"""A pipeline of an and-or list and the operator behind it."""

Statement = tuple[list[Pipeline], str]
"""An and-or list and what ends it."""


def extent(pipelines: list[Pipeline], place: Place) -> Span:
    """Where an and-or list stands in the file."""
    first, last = pipelines[0][0][0][0], pipelines[-1][0][-1][0]
    if first and last:
        return place.source.span(first[0].start, last[-1].end)
    items = [item for stages, _ in pipelines for items, _ in stages for item in items]
    return place.span(items) if items else place.source.span(0, 0)


def statements(items: Sequence[Token]) -> Iterator[Statement]:
    """Tokens by the precedence of the operators between them."""
    start = 0
    stages: list[Stage] = []
    pipelines: list[Pipeline] = []
    for index, item in enumerate(items):
        if item.kind != "operator":
            continue
        operator = str(item.value)
        if index == start and operator == "\n" and not stages and not pipelines:
            start = index + 1
            continue
        stages.append((items[start:index], operator))
        start = index + 1
        if operator not in PIPES:
            pipelines.append((stages, operator))
            stages = []
            if operator not in AND_OR:
                yield pipelines, operator
                pipelines = []
    if start < len(items) or stages or pipelines:
        pipelines.append(([*stages, (items[start:], "")], ""))
        yield pipelines, ""
