"""A script's tokens to its commands, with what each one's success and failure mean for the script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from imgtool.edits import Span
from imgtool.facts import shell_flow as flow
from imgtool.facts.argv import basename
from imgtool.facts.commands import Arg, Assignment, Command, Opaque, Redirect
from imgtool.facts.shell_flow import Outcome
from imgtool.facts.shell_tree import NOTHING_INSIDE, Redirection, Token, TooHardError, inside, root, tokens
from imgtool.facts.shell_words import HereDocument, Source, Word, blank_documents, join, word
from imgtool.facts.wrappers import POSIX_SHELLS, SHELLS, ShellOptions, Unwrapped, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_DEPTH = 40
_MAX_DOCUMENTS = 100
_AND_OR = frozenset(["&&", "||"])
_PIPES = frozenset(["|", "|&"])
_RESERVED = frozenset(
    "if then elif else fi while until for do done case esac in { } function select coproc !".split()
) - {"in"}
_ASSIGNMENT = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?\+?=")
_READS_PROGRAM = re.compile(r"(?:python|pypy)[\d.]*|perl|ruby|node|php|Rscript|R|lua|julia|osascript")
_ENDS_SHELL = re.compile(r"\b(?:exit|exec|return|set)\b")


@dataclass(slots=True)
class Shell:
    """The options and functions of a running shell. ``errexit`` is None where it may be on; ``pipefail`` is then off."""

    errexit: bool | None = False
    pipefail: bool = False
    functions: dict[str, Outcome] = field(default_factory=dict)

    def copy(self) -> Shell:
        return Shell(self.errexit, self.pipefail, dict(self.functions))


class Place(NamedTuple):
    """Where a list of commands stands. ``clean`` is the script without its here-documents.

    ``exempt``: a failure here does not end the shell, whatever ``set -e`` says. ``spliced``: an outer shell
    puts values into the script before it is read.
    """

    source: Source
    clean: bytes = b""
    documents: tuple[HereDocument, ...] = ()
    context: tuple[str, ...] = ()
    outer_redirects: tuple[Redirect, ...] = ()
    wrappers: tuple[str, ...] = ()
    prefix: tuple[Arg, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    statement: Span | None = None
    item: Span | None = None
    connector: str = ""
    depth: int = 0
    exempt: bool = False
    spliced: bool = False
    posix: bool = False

    def span(self, items: Sequence[Token]) -> Span:
        return self.source.span(items[0].start, items[-1].end)

    def within(self, name: str, redirects: tuple[Redirect, ...] = ()) -> Place:
        """Inside a construct that stands here."""
        return self._replace(
            context=(*self.context, name),
            outer_redirects=(*self.outer_redirects, *redirects),
            depth=self.depth + 1,
            connector="",
        )


class Simple(NamedTuple):
    """A simple command's parts."""

    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    span: Span
    document: HereDocument | None = None


Expanding = tuple["Node", bool, int | None]
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
        name = None if self.words else _ASSIGNMENT.match(place.source.data, item.start, item.end)
        if name is None:
            made = self.word(item, place, len(self.words))
            if made:
                self.words.append(made)
            return made is not None
        made = self.word(item, place, start=name.end()) if name.end() < item.end else None
        span = place.source.span(item.start, item.end)
        self.assignments.append(Assignment(name[1].decode(), made.arg if made else None, span))
        return made is not None or name.end() == item.end

    def simple(self, items: Sequence[Token], place: Place) -> Simple:
        """The command that the parts make."""
        assignments = (*place.assignments, *self.assignments)
        return Simple(tuple(self.words), assignments, tuple(self.redirects), place.span(items), self.document)


class Walk:
    """Collects commands and opaque parts; methods return how the construct that they read can end."""

    def __init__(self) -> None:
        self.drafts: list[partial[Command]] = []
        self.opaque: list[Opaque] = []
        self.operators: set[str] = set()
        self.shell = Shell()
        self.jumps = 0
        self.uncalled: dict[str, int] = {}
        self.returns = False
        # the structure itself is in doubt: nothing can be said of what runs when
        self.doubtful = False

    # --- scripts -------------------------------------------------------------------------------------

    def script(self, source: Source, place: Place, *, top: bool = False) -> Outcome:
        """A whole script, where ``place`` says; ``top``: nothing is around it."""
        data = source.data
        clean, documents = blank_documents(data) if b"<<" in data else (data, [])
        place = place._replace(source=source, clean=clean, documents=tuple(documents))
        if len(documents) > _MAX_DOCUMENTS:
            return self.unread(source.span(0, len(data)), "too many here-documents")
        try:
            node = root(clean)
        except TooHardError as error:
            return self.unread(source.span(0, len(data)), str(error))
        known = len(self.opaque)
        items = self._tokens(node.children, place, 0, len(data))
        if top:
            self.operators = {str(item.value) for item in items if item.kind == "operator"}
        outcome = self.commands(items, place)
        if node.has_error:
            self.doubtful = True
            if len(self.opaque) == known:
                return self.unread(source.span(0, len(data)), "syntax error")
        return outcome

    def unread(self, span: Span, reason: str, *, doubtful: bool = False) -> Outcome:
        """A part that is not understood: anything may happen in it."""
        self.opaque.append(Opaque(span, reason))
        self.doubtful |= doubtful
        self.shell.errexit, self.shell.pipefail = None, False
        return flow.ANYTHING

    def finish(self, outcome: Outcome) -> tuple[Command, ...]:
        """The commands, with what a success of the whole script says of each."""
        ended = flow.either(outcome.ok, outcome.done)
        must, failed = ended or (0, -1)
        for bits in self.uncalled.values():
            failed |= bits
        if self.doubtful:
            must, failed = 0, -1
        return tuple(draft(bool(must >> n & 1), not failed >> n & 1) for n, draft in enumerate(self.drafts))

    def _tokens(self, nodes: Sequence[Node], place: Place, start: int, end: int) -> list[Token]:
        items = tokens(nodes, place.clean, start, end)
        for document in place.documents:
            at = document.marker[0]
            if start <= at < end and not any(item.start <= at < item.end for item in items):
                index = next((n for n, item in enumerate(items) if item.start >= at), len(items))
                items.insert(index, Token("document", *document.marker, document))
        return items

    # --- lists ---------------------------------------------------------------------------------------

    def commands(self, items: Sequence[Token], place: Place) -> Outcome:
        """Statements one after the other."""
        outcome = flow.EMPTY
        before = place.connector
        for statement in _statements(items):
            here = place if place.statement else place._replace(statement=statement.span(place))
            first = len(self.drafts)
            last = self._and_or(statement.pipelines, here, before)
            if statement.ended_by == "&":
                last = flow.background(self._bits(first))
            outcome = last if outcome is flow.EMPTY else flow.sequence(outcome, last)
            before = statement.ended_by
        return outcome

    def _and_or(self, pipelines: list[Pipeline], place: Place, connector: str) -> Outcome:
        if len(pipelines) == 1:
            return self._pipeline(pipelines[0].stages, place, connector)
        outcome = flow.EMPTY
        kept: tuple[bool | None, bool] = False, False
        rest = place if place.exempt else place._replace(exempt=True)
        for index, (stages, ended_by) in enumerate(pipelines):
            here = rest if index < len(pipelines) - 1 else place
            last = self._pipeline(stages, here, connector)
            if connector == "||" and _exits_with_status(stages, place.clean):
                # the status is that of what failed
                last = Outcome(None, None, None, last.dead)
            if not index:
                outcome = last
                kept = self.shell.errexit, self.shell.pipefail
            else:
                outcome = (flow.conjunction if connector == "&&" else flow.disjunction)(outcome, last)
            connector = ended_by
        self._keep(*kept)
        return outcome

    def _keep(self, errexit: bool | None, pipefail: bool) -> None:
        """After something that may not have run: an option is known only where it is what it was before."""
        if self.shell.errexit is not errexit:
            self.shell.errexit = None
        self.shell.pipefail &= pipefail

    def _pipeline(self, stages: list[Stage], place: Place, connector: str) -> Outcome:
        items = stages[0].items
        if place.item is None and (whole := [item for stage in stages for item in stage.items]):
            place = place._replace(item=place.span(whole))
        bangs = 0
        while bangs < len(items) and items[bangs].kind == "bang":
            bangs += 1
        if bangs:
            stages = [Stage(items[bangs:], stages[0].ended_by), *stages[1:]]
            place = place._replace(exempt=True)
        if len(stages) == 1:
            outcome = self._stage(stages[0].items, place._replace(connector=connector))
        else:
            outcome = self._fatal(self._piped(stages, place, connector), place)
        return flow.negation(outcome) if bangs % 2 else outcome

    def _piped(self, stages: list[Stage], place: Place, connector: str) -> Outcome:
        outcomes = []
        shell = self.shell
        for index, (items, ended_by) in enumerate(stages):
            self.shell = shell.copy()
            exempt = place.exempt or index < len(stages) - 1
            outcomes.append(self._stage(items, place._replace(connector=connector, exempt=exempt)))
            connector = ended_by
        self.shell = shell
        return flow.pipeline(outcomes, pipefail=self.shell.pipefail)

    def _stage(self, items: Sequence[Token], place: Place) -> Outcome:
        if not items:
            where = place.statement or place.source.span(0, 0)
            return self.unread(where, "syntax error", doubtful=True)
        for item in items:
            if item.kind in ("opaque", "bang"):
                return self.unread(place.span(items), str(item.value or "syntax error"), doubtful=True)
        if place.depth > _MAX_DEPTH:
            return self.unread(place.span(items), "nested too deeply")
        if any(item.kind == "compound" for item in items):
            return self._compound(items, place)
        return self._simple(items, place)

    # --- simple commands -----------------------------------------------------------------------------

    def _simple(self, items: Sequence[Token], place: Place) -> Outcome:
        parts = self._parts(items, place)
        if parts is None:
            return self.unread(place.span(items), "syntax error", doubtful=True)
        simple = parts.simple(items, place)
        unwrapped = unwrap([w.arg for w in simple.words])
        expanded: Outcome | None = None
        for node, sure, index in parts.expansions:
            if index is None or index != unwrapped.script:
                status = self._substitution(node, place, sure=sure)
                expanded = status if expanded is None else flow.sequence(expanded, status)
        outcome = self.run(simple, unwrapped, place)
        if expanded is not None:
            join_ = flow.sequence if simple.words else self._assigned
            outcome = join_(expanded, outcome)
        return self._fatal(outcome, place)

    def _assigned(self, expanded: Outcome, ran: Outcome) -> Outcome:
        """An assignment that runs commands: it fails where the last of them does."""
        if ran.ok is None:
            return expanded
        bit = ran.ok[0]
        return Outcome(
            flow.then(expanded.ok, (bit, 0)),
            flow.then(expanded.fail, (bit, bit)),
            expanded.done,
            expanded.dead,
        )

    def _fatal(self, outcome: Outcome, place: Place) -> Outcome:
        if self.shell.errexit is False:
            return outcome
        sure = self.shell.errexit and not place.exempt
        return flow.fatal(outcome) if sure else flow.perhaps_fatal(outcome)

    def _parts(self, items: Sequence[Token], place: Place) -> Parts | None:
        """Words, assignments, redirections and what expands in them; None where a quote is not closed."""
        parts = Parts()
        waiting = iter(items)
        for item in waiting:
            if isinstance(item.value, HereDocument):
                parts.document = item.value
                parts.redirects.append(self._document(item.value, place))
            elif isinstance(item.value, Redirection):
                target = next(waiting, None) if item.value.takes_target else None
                made = parts.word(target, place) if target else None
                if target and not made:
                    return None
                parts.redirects.append(_redirect(item, made, place))
            elif not parts.add(item, place):
                return None
        return None if parts.words and parts.words[0].arg.raw in _RESERVED else parts

    def _document(self, document: HereDocument, place: Place) -> Redirect:
        source = place.source
        delimiter = word(source, *document.delimiter)
        return Redirect(
            document.operator,
            document.fd,
            delimiter.arg if delimiter else None,
            source.span(*document.marker),
            source.text.slice(*document.body),
            document.expand,
        )

    def run(self, simple: Simple, unwrapped: Unwrapped, place: Place) -> Outcome:
        """A simple command: what it starts, seen through its wrappers."""
        words = simple.words
        args = tuple(w.arg for w in words)
        start = unwrapped.start if unwrapped.script is None else unwrapped.script
        here = place
        if unwrapped.names:
            given = tuple(_given(args[n]) for n in unwrapped.assignments)
            simple = simple._replace(assignments=(*simple.assignments, *given))
            here = place._replace(
                wrappers=(*place.wrappers, *unwrapped.names),
                prefix=(*place.prefix, *args[:start]),
                assignments=simple.assignments,
            )
        if unwrapped.script is not None:
            here = here._replace(posix=basename(args[unwrapped.start]) in POSIX_SHELLS)
            inner = self._inner(words[unwrapped.script], unwrapped, here, simple)
            if inner is not None:
                return _wrapped(inner, unwrapped)
            # what was to take it is then the command
            start = unwrapped.start
            here = here._replace(
                wrappers=(*place.wrappers, *unwrapped.outside), prefix=(*place.prefix, *args[:start])
            )
            bit = self._add(basename(args[start]), args[start:], simple, here)
            self.opaque.append(Opaque(simple.span, "the script that a shell gets is not known"))
            return _wrapped(flow.command(bit), unwrapped)
        name = basename(args[start]) if start < len(args) else ""
        if simple.document and (inner := self._document_script(name, simple, unwrapped, here)) is not None:
            return _wrapped(inner, unwrapped)
        bit = self._add(name, args[start:], simple, here)
        if unwrapped.hidden:
            return self.unread(simple.span, unwrapped.hidden)
        if place.spliced and args and not name:
            return self.unread(simple.span, "an outer shell puts the command into the script")
        if place.posix and any(r.operator.startswith("&>") for r in simple.redirects):
            # dash reads `a &> f` as `a &` and `> f`
            return Outcome((0, bit), (0, bit))
        outcome = self._builtin(args[start:], name, bit, unwrapped)
        if outcome.fail is None and outcome.ok is not None and simple.redirects:
            outcome = outcome._replace(fail=(bit, bit))
        return _wrapped(outcome, unwrapped)

    def _add(self, name: str, argv: tuple[Arg, ...], simple: Simple, place: Place) -> int:
        self.drafts.append(
            partial(
                Command,
                name,
                argv,
                simple.span,
                simple.assignments,
                simple.redirects,
                place.wrappers,
                place.prefix,
                place.connector,
                place.context,
                place.outer_redirects,
                place.statement or simple.span,
                place.item or simple.span,
            )
        )
        return 1 << (len(self.drafts) - 1)

    def _bits(self, first: int) -> int:
        """The bits of the commands added since there were ``first``."""
        return (1 << len(self.drafts)) - (1 << first)

    def _builtin(self, argv: tuple[Arg, ...], name: str, bit: int, unwrapped: Unwrapped) -> Outcome:
        """How a command ends, with the shell's own commands and functions known."""
        ran, failed = (bit, 0), (bit, bit)
        if not argv:
            return Outcome(ran, None)
        if unwrapped.names[:1] == ("exec",):
            return Outcome(None, None, ran, failed)
        if unwrapped.names:
            return flow.command(bit)
        if name in self.shell.functions and argv[0].literal:
            self.uncalled.pop(name, None)
            ways = zip((ran, failed, ran, failed), self.shell.functions[name], strict=True)
            return Outcome(*(flow.then(call, way) for call, way in ways))
        return self._own(name, argv, bit)

    def _own(self, name: str, argv: tuple[Arg, ...], bit: int) -> Outcome:
        ran = (bit, 0)
        if name in ("true", ":"):
            return Outcome(ran, None)
        if name == "false":
            return Outcome(None, (bit, bit))
        if name == "exit":
            return _exit(argv, bit)
        if name in ("break", "continue"):
            count = argv[1].text if len(argv) > 1 else "1"
            self.jumps = max(self.jumps, int(count) if count.isdigit() and len(count) < 4 else _MAX_DEPTH)
        elif name == "return":
            self.returns = True
        elif name == "set":
            self._set(argv[1:])
            return Outcome(ran, None)
        elif name == "trap" and len(argv) > 2 and argv[1].text not in ("", "-"):
            self.unread(
                argv[1].span, "a trap", doubtful=not argv[1].literal or bool(_ENDS_SHELL.search(argv[1].text))
            )
        return flow.command(bit)

    def _set(self, args: Sequence[Arg]) -> None:
        waiting = iter(args)
        for arg in waiting:
            text = arg.text
            if text[:1] not in ("-", "+") or text in ("-", "--"):
                return
            for letter in text[1:]:
                name = next(waiting).text if letter == "o" and arg is not args[-1] else letter
                if name in ("e", "errexit"):
                    self.shell.errexit = text[0] == "-"
                elif name == "pipefail":
                    self.shell.pipefail = text[0] == "-"

    # --- scripts inside scripts ----------------------------------------------------------------------

    def _inner(self, script: Word, unwrapped: Unwrapped, place: Place, simple: Simple) -> Outcome | None:
        """The script that a shell gets as a string; None where it is not known."""
        source = script.content()
        raw = script.arg.raw
        if source is None or (script.arg.expands and _is_expansion(raw)):
            return None
        name = place.wrappers[-1]
        here = place.within(name, simple.redirects)._replace(
            spliced=place.spliced or script.arg.expands,
            statement=place.statement or simple.span,
            item=place.item or simple.span,
        )
        if name == "eval":
            return self.script(source, here)
        here = here._replace(exempt=False)
        return self._own_shell(unwrapped.shell, lambda: self.script(source, here))

    def _own_shell(self, options: ShellOptions, read: Callable[[], Outcome]) -> Outcome:
        """Read something in a new shell."""
        shell = self.shell
        self.shell = Shell(options.errexit, options.pipefail)
        outcome = read()
        self.shell = shell
        return flow.subshell(outcome)

    def _document_script(
        self, name: str, simple: Simple, unwrapped: Unwrapped, place: Place
    ) -> Outcome | None:
        """The script or program that a command reads from a here-document, if it does."""
        body = next(
            (r for r in reversed(simple.redirects) if r.fd in (None, "0") and "<" in r.operator), None
        )
        if body is None or body.body is None:
            return None
        argv = simple.words[unwrapped.start :]
        if _READS_PROGRAM.fullmatch(name) and all(w.arg.text.startswith("-") for w in argv[1:]):
            self.unread(body.body.span(0, len(body.body.data)), f"a program for {name}")
        if body.expand and _EXPANDS.search(body.body.data):
            self.unread(body.body.span(0, len(body.body.data)), "a substitution in a here-document")
            return None
        options = unwrapped.shell
        if name not in SHELLS or options.program is not None or not options.known:
            return None
        here = place.within("heredoc", tuple(r for r in simple.redirects if r is not body))._replace(
            wrappers=(*place.wrappers, name),
            spliced=place.spliced or (body.expand and b"$" in body.body.data),
            statement=place.statement or simple.span,
            item=place.item or simple.span,
            exempt=False,
        )
        source = _document_source(body)
        return self._own_shell(options, lambda: self.script(source, here))

    # --- compound commands ---------------------------------------------------------------------------

    def _compound(self, items: Sequence[Token], place: Place) -> Outcome:
        parts = self._parts([item for item in items if item.kind != "compound"], place) if items[1:] else None
        node: Node = items[0].value  # type: ignore[assignment]
        wrong = items[0].kind != "compound" or (items[1:] and (parts is None or parts.words))
        if wrong or any(item.kind == "compound" for item in items[1:]):
            return self.unread(place.span(items), "syntax error", doubtful=True)
        redirects = tuple(parts.redirects) if parts else ()
        read = {
            "compound_statement": self._group,
            "subshell": self._subshell,
            "if_statement": self._if,
            "while_statement": self._while,
            "for_statement": self._for,
            "c_style_for_statement": self._for,
            "case_statement": self._case,
            "function_definition": self._function,
        }[node.type]
        outcome = read(node, place, redirects)
        if any(_opens_file(redirect) for redirect in redirects):
            outcome = self._fatal(flow.choice(outcome, Outcome(None, flow.NOTHING)), place)
        for substitution, sure, _ in parts.expansions if parts else ():
            outcome = flow.sequence(self._substitution(substitution, place, sure=sure), outcome)
        return outcome

    def _region(self, nodes: Sequence[Node], place: Place, start: int, end: int) -> Outcome:
        return self.commands(self._tokens(nodes, place, start, end), place)

    def _between(self, node: Node, place: Place) -> Outcome:
        """What stands between a construct's first and last token."""
        children = node.children
        if len(children) < 2 or children[-1].is_missing or children[-1].is_named:
            span = place.source.span(node.start_byte, node.end_byte)
            return self.unread(span, "syntax error", doubtful=True)
        return self._region(children[1:-1], place, children[0].end_byte, children[-1].start_byte)

    def _group(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        if node.children and node.children[0].type == "((":
            if place.posix:
                # arithmetic in bash, two subshells in dash
                return self.unread(place.source.span(node.start_byte, node.end_byte), "double parentheses")
            made = word(place.source, node.start_byte, node.end_byte, ((node.start_byte, node.end_byte),))
            span = place.source.span(node.start_byte, node.end_byte)
            words = (made,) if made else ()
            bit = self._add("((", tuple(w.arg for w in words), Simple(words, (), redirects, span), place)
            return self._fatal(flow.command(bit), place)
        return self._between(node, place.within("group", redirects))

    def _subshell(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        return self._fatal(
            self._forked(lambda: self._between(node, place.within("subshell", redirects))), place
        )

    def _forked(self, read: Callable[[], Outcome]) -> Outcome:
        shell = self.shell
        self.shell = shell.copy()
        outcome = read()
        self.shell = shell
        return flow.subshell(outcome)

    def _substitution(self, node: Node, place: Place, *, sure: bool) -> Outcome:
        first = len(self.drafts)
        here = place.within("substitution")
        if (
            node.children[0].type.strip() == "`"
            and b"\\" in place.source.data[node.start_byte : node.end_byte]
        ):
            # a backslash there is removed before the command is read
            where = place.source.span(node.start_byte, node.end_byte)
            outcome = self.unread(where, "backslashes in backquotes")
        else:
            outcome = self._forked(lambda: self._between(node, here._replace(exempt=True, assignments=())))
        return outcome if sure else flow.choice(flow.EMPTY, flow.unsure(outcome, self._bits(first)))

    def _if(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        yes, no = place.within("if", redirects), place.within("else", redirects)
        kept = self.shell.errexit, self.shell.pipefail
        rounds: list[tuple[Outcome, Outcome]] = []
        condition, otherwise = flow.EMPTY, flow.EMPTY
        for keyword, nodes, start, end in _sections(node):
            here = no if rounds or keyword in ("elif", "else") else yes
            if keyword in ("if", "elif"):
                condition = self._region(nodes, here._replace(exempt=True), start, end)
            elif keyword == "then":
                rounds.append((condition, self._region(nodes, here, start, end)))
            elif keyword == "else":
                otherwise = self._region(nodes, here, start, end)
        self._keep(*kept)
        for condition, body in reversed(rounds):
            otherwise = flow.branch(condition, body, otherwise)
        return otherwise

    def _while(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        return self._loop(node, place.within("while", redirects), at_least_once=False)

    def _for(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        words = flow.EMPTY
        literal = False
        repeats = node.children[0].type == "for"
        for keyword, nodes, start, end in _sections(node):
            if keyword == "in":
                listed = [item for item in self._tokens(nodes, place, start, end) if item.kind == "word"]
                made = [word(place.source, i.start, i.end, inside(i, place.clean).holes) for i in listed]
                literal = repeats and bool(made) and all(w and w.arg.literal for w in made)
                for item in listed:
                    for substitution, sure in inside(item, place.clean).substitutions:
                        words = flow.sequence(words, self._substitution(substitution, place, sure=sure))
        body = self._loop(node, place.within("for", redirects), at_least_once=literal)
        return flow.sequence(words, body)

    def _loop(self, node: Node, place: Place, *, at_least_once: bool) -> Outcome:
        kept = self.shell.errexit, self.shell.pipefail
        before, self.jumps = self.jumps, 0
        first = len(self.drafts)
        condition, body = flow.EMPTY, flow.EMPTY
        for keyword, nodes, start, end in _sections(node):
            if keyword in ("while", "until"):
                condition = self._region(nodes, place._replace(exempt=True), start, end)
            elif keyword == "do":
                body = self._region(nodes, place, start, end)
        self._keep(*kept)
        outcome = flow.loop(condition, body, at_least_once=at_least_once)
        if self.jumps:
            outcome = flow.unsure(
                flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING)), self._bits(first)
            )
        self.jumps = max(before, self.jumps - 1)
        return outcome

    def _case(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        here = place.within("case", redirects)
        kept = self.shell.errexit, self.shell.pipefail
        chosen: Outcome | None = None
        whole = falls = False
        first = len(self.drafts)
        values = flow.EMPTY
        for child in node.children:
            if child.type == "case_item":
                outcome = self._case_item(child, here)
                chosen = outcome if chosen is None else flow.choice(chosen, outcome)
                whole |= _catches_all(child, place.clean)
                falls |= child.children[-1].type in (";&", ";;&")
            elif child.is_missing or child.type == "ERROR":
                span = place.source.span(child.start_byte, child.end_byte)
                return self.unread(span, "syntax error", doubtful=True)
            elif child.is_named and child.type != "comment":
                for substitution, sure in inside(Token("word", 0, 0, (child,)), place.clean).substitutions:
                    values = flow.sequence(values, self._substitution(substitution, place, sure=sure))
        self._keep(*kept)
        outcome = chosen or flow.EMPTY
        if not whole:
            outcome = flow.choice(outcome, flow.EMPTY)
        if falls:
            anyhow = flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING))
            outcome = flow.unsure(anyhow, self._bits(first))
        return flow.sequence(values, outcome)

    def _case_item(self, item: Node, place: Place) -> Outcome:
        children = item.children
        close = next((n for n, child in enumerate(children) if child.type == ")"), None)
        if close is None:
            span = place.source.span(item.start_byte, item.end_byte)
            return self.unread(span, "syntax error", doubtful=True)
        end = len(children)
        if children[-1].type in (";;", ";&", ";;&"):
            end -= 1
        stop = children[end].start_byte if end < len(children) else item.end_byte
        return self._region(children[close + 1 : end], place, children[close].end_byte, stop)

    def _function(self, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
        name_node = next((child for child in node.children if child.type == "word"), None)
        body = [
            child for child in node.children if child.type.endswith(("statement", "subshell", "test_command"))
        ]
        if name_node is None or len(body) != 1:
            span = place.source.span(node.start_byte, node.end_byte)
            return self.unread(span, "syntax error", doubtful=True)
        name = place.source.data[name_node.start_byte : name_node.end_byte].decode("utf-8", "replace")
        shell, self.shell = self.shell, Shell(errexit=None, functions=dict(self.shell.functions))
        jumps, returns, self.jumps, self.returns = self.jumps, self.returns, 0, False
        first = len(self.drafts)
        here = place.within(f"function {name}", redirects)._replace(exempt=True)
        if body[0].type == "compound_statement":
            outcome = self._between(body[0], here)
        else:
            outcome = self._region(body, here, body[0].start_byte, body[0].end_byte)
        bits = self._bits(first)
        if self.returns or self.jumps:
            outcome = flow.unsure(flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING)), bits)
        self.shell, self.jumps, self.returns = shell, jumps, returns
        known = self.shell.functions.get(name)
        if known is not None or place.context or place.connector in _AND_OR:
            # which definition holds at a call is not known
            outcome = flow.unsure(
                flow.choice(known or flow.ANYTHING, outcome), bits | self.uncalled.get(name, 0)
            )
        self.shell.functions[name] = outcome
        self.uncalled[name] = bits | self.uncalled.get(name, 0)
        return flow.EMPTY


_EXPANDS = re.compile(rb"(?<!\\)(?:\\\\)*(?:\$\(|`)")
_UNESCAPED = re.compile(rb"\\(?=[$`\\])|\\\n")


def _document_source(document: Redirect) -> Source:
    """A here-document's lines as the script that its reader gets."""
    text = document.body
    assert text is not None  # noqa: S101  the caller has looked
    data = text.data
    if document.operator == "<<-":
        lines = [(m.end(), m.end(1)) for m in re.finditer(rb"^\t*(?=[^\n]*(\n|\Z))", data, re.MULTILINE)]
        text = join(text.slice(start, max(start, end)) for start, end in lines)
        data = text.data
    if not document.expand or b"\\" not in data:
        return Source(text)
    kept: list[tuple[int, int]] = []
    position = 0
    escapes: dict[int, int] = {}
    while found := _UNESCAPED.search(data, position):
        kept.append((position, found.start()))
        position = found.end()
        if found[0] == b"\\":
            escapes[text.offset(position)] = text.offset(found.start())
            kept.append((position, position + 1))
            position += 1
    kept.append((position, len(data)))
    return Source(join(text.slice(start, end) for start, end in kept), escapes)


class Stage(NamedTuple):
    """A command of a pipeline and the operator behind it."""

    items: Sequence[Token]
    ended_by: str


class Pipeline(NamedTuple):
    """A pipeline of an and-or list and the operator behind it."""

    stages: list[Stage]
    ended_by: str


class Statement(NamedTuple):
    """An and-or list and what ends it."""

    pipelines: list[Pipeline]
    ended_by: str

    def span(self, place: Place) -> Span:
        """The list's extent in the file."""
        items = [item for pipeline in self.pipelines for stage in pipeline.stages for item in stage.items]
        return place.span(items) if items else place.source.span(0, 0)


def _statements(items: Sequence[Token]) -> Iterator[Statement]:
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
        stages.append(Stage(items[start:index], operator))
        start = index + 1
        if operator not in _PIPES:
            pipelines.append(Pipeline(stages, operator))
            stages = []
            if operator not in _AND_OR:
                yield Statement(pipelines, operator)
                pipelines = []
    if start < len(items) or stages or pipelines:
        pipelines.append(Pipeline([*stages, Stage(items[start:], "")], ""))
        yield Statement(pipelines, "")


def _sections(node: Node) -> Iterator[tuple[str, list[Node], int, int]]:
    """A compound command cut at its keywords: each with the nodes up to the next one, and their extent."""
    flat: list[Node] = []
    waiting = list(reversed(node.children))
    while waiting:
        child = waiting.pop()
        if child.type in ("elif_clause", "else_clause", "do_group"):
            waiting += reversed(child.children)
        elif child.type == "compound_statement" and node.type.endswith("for_statement"):
            # for x in a; { …; }
            flat.append(child.children[0])
            flat += child.children[1:]
        else:
            flat.append(child)
    keyword, start = "", node.start_byte
    nodes: list[Node] = []
    for child in flat:
        name = {"{": "do", "}": "done"}.get(child.type, child.type)
        if not child.is_named and name in _KEYWORDS and not child.is_missing:
            yield keyword, nodes, start, child.start_byte
            keyword, nodes, start = name, [], child.end_byte
        else:
            nodes.append(child)
    yield keyword, nodes, start, node.end_byte


_KEYWORDS = frozenset("if then elif else fi while until for select in do done".split())


def _redirect(item: Token, target: Word | None, place: Place) -> Redirect:
    redirection = item.value
    assert isinstance(redirection, Redirection)  # noqa: S101  a token of kind redirect
    data = place.source.data
    start, end = redirection.operator
    # a here-string was read as a plain redirection
    operator = "<<<" if data.startswith(b"<<<", start) else data[start:end].decode("ascii", "replace")
    fd = data[slice(*redirection.fd)].decode("ascii", "replace") if redirection.fd else None
    stop = target.end if target else item.end
    return Redirect(operator.strip(), fd, target.arg if target else None, place.source.span(item.start, stop))


def _opens_file(redirect: Redirect) -> bool:
    """Whether a redirection may fail, and what it stands at then does not run."""
    target = redirect.target
    return redirect.body is None and target is not None and not target.text.isdigit()


def _given(arg: Arg) -> Assignment:
    """A variable that a wrapper sets."""
    name, _, value = arg.text.partition("=")
    rest = arg._replace(text=value, raw=arg.raw.partition("=")[2]) if value else None
    return Assignment(name, rest, arg.span)


def _wrapped(outcome: Outcome, unwrapped: Unwrapped) -> Outcome:
    """What a wrapper makes of its command's end."""
    if unwrapped.background:
        failures = 0
        for way in outcome:
            failures |= way[1] if way else 0
        return flow.background(failures)
    if unwrapped.conditional:
        ways: Iterable[flow.Trace | None] = (way and (0, way[1]) for way in outcome)
        return flow.choice(Outcome(*ways), flow.EMPTY)
    return outcome


def _exit(argv: tuple[Arg, ...], bit: int) -> Outcome:
    status = argv[1].text if len(argv) > 1 else ""
    if status.isdigit() and len(status) < 5:
        return Outcome(None, None, *(((bit, 0), None) if int(status) % 256 == 0 else (None, (bit, 0))))
    return Outcome(None, None, (bit, 0), (bit, 0))


def _exits_with_status(stages: list[Stage], data: bytes) -> bool:
    """Whether this is an ``exit`` with the status of what failed before it."""
    texts = [data[item.start : item.end] for item in stages[0].items]
    return len(stages) == 1 and texts in ([b"exit"], [b"exit", b"$?"])


def _catches_all(item: Node, data: bytes) -> bool:
    for child in item.children:
        if child.type == ")":
            return False
        if data[child.start_byte : child.end_byte] == b"*":
            return True
    return False


_ONE_EXPANSION = re.compile(r"\"?(?:\$[A-Za-z0-9_@*]+|\$\{[^{}]*\}|\$\(.*\)|`.*`)\"?", re.DOTALL)


def _is_expansion(raw: str) -> bool:
    """Whether a word is a variable or a substitution and nothing else."""
    return bool(_ONE_EXPANSION.fullmatch(raw))
