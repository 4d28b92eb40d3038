"""A script's tokens to its commands, with what each one's success and failure mean for the script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from imgtool.edits import Span
from imgtool.facts import shell_compound, shell_plain, shell_tree
from imgtool.facts import shell_flow as flow
from imgtool.facts.argv import basename
from imgtool.facts.commands import Arg, Assignment, Command, Opaque, Redirect
from imgtool.facts.shell_chain import BUILTINS, SPECIAL
from imgtool.facts.shell_flow import Outcome
from imgtool.facts.shell_place import (
    MAX_DEPTH,
    MAX_DOCUMENTS,
    RESERVED,
    Construct,
    Expansion,
    Nodes,
    Part,
    Parts,
    Pipeline,
    Place,
    Shell,
    Simple,
    Stage,
    document_redirect,
    extent,
    statements,
)
from imgtool.facts.shell_plain import Draft
from imgtool.facts.shell_tree import Redirection, Token, TooHardError, root
from imgtool.facts.shell_words import (
    HereDocument,
    Source,
    Word,
    backquoted,
    blank_documents,
    unescaped,
    without_tabs,
)
from imgtool.facts.wrappers import POSIX_SHELLS, SHELLS, ShellOptions, Unwrapped, unwrap
from imgtool.regex import regex
from imgtool.values import maker

if TYPE_CHECKING:
    from tree_sitter import Node

_READS_PROGRAM = regex(r"(?:python|pypy)[\d.]*|perl|ruby|node|php|Rscript|R|lua|julia|osascript")
_new_command = maker(Command)
_ENDS_SHELL = regex(r"\b(?:exit|exec|return|set)\b")


class Walk:
    """Collects commands and opaque parts; methods return how the construct that they read can end."""

    def __init__(self, shell: Shell | None = None) -> None:
        # all of each command but what finish() says of it
        self.drafts: list[tuple[Any, ...]] = []
        self.opaque: list[Opaque] = []
        self.operators: set[str] = set()
        self.shell = shell or Shell()
        self.jumps = 0
        self.uncalled: dict[str, int] = {}
        self.returns = False
        # the structure itself is in doubt: nothing can be said of what runs when
        self.doubtful = False

    # --- scripts -------------------------------------------------------------------------------------

    def script(self, source: Source, place: Place, *, top: bool = False) -> Outcome:
        """A whole script, where ``place`` says; ``top``: nothing is around it."""
        drafts = shell_plain.read(source)
        if drafts is None:
            return self.parsed(source, place, top=top)
        return self.listed(drafts, source, place, top=top)

    def listed(self, drafts: Sequence[Draft], source: Source, place: Place, *, top: bool) -> Outcome:
        """A script that is plain."""
        place = place._replace(source=source, clean=source.data, documents=())
        return self._list(shell_plain.tokens(drafts), place, top=top)

    def _list(self, items: Sequence[Token], place: Place, *, top: bool) -> Outcome:
        if top:
            self.operators = {str(item.value) for item in items if item.kind == "operator"}
        return self.commands(items, place)

    def parsed(self, source: Source, place: Place, *, top: bool) -> Outcome:
        """A script by the grammar."""
        if (whole := _whole(source, place)) is not None:
            place = place._replace(source=source, clean=source.data, documents=())
            return self._list(whole, place, top=top)
        data = source.data
        clean, documents = blank_documents(data) if b"<<" in data else (data, [])
        place = place._replace(source=source, clean=clean, characters="", documents=tuple(documents))
        if len(documents) > MAX_DOCUMENTS:
            return self.unread(source.span(0, len(data)), "too many here-documents")
        try:
            node = root(clean)
        except TooHardError as error:
            return self.unread(source.span(0, len(data)), str(error))
        # a here-string is a plain `<` in them
        if not node.has_error and b"<<<" not in data:
            place = place._replace(characters=clean.decode("latin-1"))
        known = len(self.opaque)
        outcome = self._list(self.items(Nodes(node.children, 0, len(data)), place), place, top=top)
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
        return tuple(
            [
                _new_command((*draft, bool(must >> n & 1), not failed >> n & 1))
                for n, draft in enumerate(self.drafts)
            ]
        )

    def items(self, part: Part, place: Place) -> Sequence[Token]:
        """The tokens of a list of commands."""
        if not isinstance(part, Nodes):
            return part
        nodes, start, end = part
        read = partial(self._plain, place) if place.characters else None
        items = shell_tree.tokens(nodes, place.clean, start, end, read)
        for document in place.documents:
            at = document.marker[0]
            if start <= at < end and not any(item.start <= at < item.end for item in items):
                index = next((n for n, item in enumerate(items) if item.start >= at), len(items))
                items.insert(index, Token("document", *document.marker, document))
        return items

    @staticmethod
    def _plain(place: Place, start: int, end: int) -> Token | None:
        """A command in the tree, where it needs no looking into."""
        for document in place.documents:
            if start <= document.marker[0] < end:
                return None
        return shell_plain.command(place.source, place.characters, start, end)

    # --- lists ---------------------------------------------------------------------------------------

    def commands(self, items: Sequence[Token], place: Place) -> Outcome:
        """Statements one after the other."""
        outcome = flow.EMPTY
        before = place.connector
        for pipelines, ended_by in statements(items):
            here = place if place.statement else place._replace(statement=extent(pipelines, place))
            first = len(self.drafts)
            last = self._and_or(pipelines, here, before)
            if ended_by == "&":
                last = flow.background(self.bits(first))
            outcome = last if outcome is flow.EMPTY else flow.sequence(outcome, last)
            before = ended_by
        return outcome

    def _and_or(self, pipelines: list[Pipeline], place: Place, connector: str) -> Outcome:
        if len(pipelines) == 1:
            return self._pipeline(pipelines[0][0], place, connector)
        outcome = flow.EMPTY
        kept: tuple[bool | None, bool] = False, False
        rest = place.exempted()
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
        self.keep(*kept)
        return outcome

    def keep(self, errexit: bool | None, pipefail: bool) -> None:
        """After something that may not have run: an option is known only where it is what it was before."""
        if self.shell.errexit is not errexit:
            self.shell.errexit = None
        self.shell.pipefail &= pipefail

    def _pipeline(self, stages: list[Stage], place: Place, connector: str) -> Outcome:
        items, ended_by = stages[0]
        if len(stages) == 1 and items and items[0].kind == "simple":
            return self._command(items, place, connector, exempt=place.exempt)
        if place.item is None and (whole := [item for taken, _ in stages for item in taken]):
            place = place._replace(item=place.span(whole))
        bangs = 0
        while bangs < len(items) and items[bangs].kind == "bang":
            bangs += 1
        if bangs:
            items = items[bangs:]
            stages = [(items, ended_by), *stages[1:]]
            place = place.exempted()
        if len(stages) == 1:
            here = place.at(place.item, connector, exempt=place.exempt)
            outcome = self._stage(items, here)
        else:
            outcome = self.fatal(self._piped(stages, place, connector), exempt=place.exempt)
        return flow.negation(outcome) if bangs % 2 else outcome

    def _piped(self, stages: list[Stage], place: Place, connector: str) -> Outcome:
        outcomes = []
        shell = self.shell
        for index, (items, ended_by) in enumerate(stages):
            self.shell = shell.copy()
            exempt = place.exempt or index < len(stages) - 1
            outcomes.append(self._command(items, place, connector, exempt=exempt))
            connector = ended_by
        self.shell = shell
        return flow.pipeline(outcomes, pipefail=self.shell.pipefail)

    def _command(self, items: Sequence[Token], place: Place, connector: str, *, exempt: bool) -> Outcome:
        if len(items) == 1 and self._program(items[0], place, connector):
            return self.fatal(flow.command(1 << (len(self.drafts) - 1)), exempt=exempt)
        item = place.span(items) if place.item is None and items else place.item
        return self._stage(items, place.at(item, connector, exempt=exempt))

    def _stage(self, items: Sequence[Token], place: Place) -> Outcome:
        if not items:
            where = place.statement or place.source.span(0, 0)
            return self.unread(where, "syntax error", doubtful=True)
        kinds = {item.kind for item in items}
        if "opaque" in kinds or "bang" in kinds:
            wrong = next(item for item in items if item.kind in ("opaque", "bang"))
            return self.unread(place.span(items), str(wrong.value or "syntax error"), doubtful=True)
        if place.depth > MAX_DEPTH:
            return self.unread(place.span(items), "nested too deeply")
        return (self._compound if "compound" in kinds else self._simple)(items, place)

    # --- simple commands -----------------------------------------------------------------------------

    def _program(self, token: Token, place: Place, connector: str) -> bool:
        """Add a command that is a program and no more, as most are: neither the shell's own nor one that starts another."""
        draft = token.value
        if not isinstance(draft, Draft) or draft.inner or not draft.words:
            return False
        name = basename(draft.words[0])
        if name in SPECIAL or name in self.shell.functions or place.spliced or place.depth > MAX_DEPTH:
            return False
        span = draft.span
        self.drafts.append(
            (
                name,
                tuple(draft.words),
                span,
                (*place.assignments, *draft.assignments),
                draft.redirects,
                place.wrappers,
                place.prefix,
                connector,
                place.context,
                place.outer_redirects,
                place.statement or span,
                place.item or span,
            )
        )
        return True

    def _simple(self, items: Sequence[Token], place: Place) -> Outcome:
        parts = shell_plain.known(items[0], place.source) if len(items) == 1 else None
        if parts is None and (parts := self._parts(items, place)) is None:
            return self.unread(place.span(items), "syntax error", doubtful=True)
        simple = parts.simple(items, place)
        args = tuple([word.arg for word in simple.words])
        unwrapped = unwrap(args)
        expanded: Outcome | None = None
        for node, sure, index in parts.expansions:
            if index is None or index != unwrapped.script:
                status = self.substitution(node, place, sure=sure)
                expanded = status if expanded is None else flow.sequence(expanded, status)
        outcome = self.run(simple, args, unwrapped, place)
        if expanded is not None:
            join_ = flow.sequence if simple.words else self._assigned
            outcome = join_(expanded, outcome)
        return self.fatal(outcome, exempt=place.exempt)

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

    def fatal(self, outcome: Outcome, *, exempt: bool) -> Outcome:
        """With what ``set -e`` makes of a failure, but where that is exempt."""
        if self.shell.errexit is False:
            return outcome
        sure = self.shell.errexit and not exempt
        return flow.fatal(outcome) if sure else flow.perhaps_fatal(outcome)

    def _parts(self, items: Sequence[Token], place: Place) -> Parts | None:
        """Words, assignments, redirections and what expands in them; None where a quote is not closed."""
        parts = Parts()
        waiting = iter(items)
        for item in waiting:
            if (known := shell_plain.known(item, place.source)) is not None:
                parts.take(known)
            elif isinstance(item.value, HereDocument):
                parts.document = item.value
                parts.redirects.append(document_redirect(item.value, place.source))
            elif isinstance(item.value, Redirection):
                target = next(waiting, None) if item.value.takes_target else None
                made = parts.word(target, place) if target and target.kind == "word" else None
                if target and not made:
                    return None
                parts.redirects.append(_redirect(item, made, place))
            elif not parts.add(item, place):
                return None
        return None if parts.words and parts.words[0].arg.raw in RESERVED else parts

    def run(self, simple: Simple, args: tuple[Arg, ...], unwrapped: Unwrapped, place: Place) -> Outcome:
        """A simple command of the words ``args``: what it starts, seen through its wrappers."""
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
            inner = self._inner(simple.words[unwrapped.script], unwrapped, here, simple)
            if inner is not None:
                return _wrapped(inner, unwrapped)
            # what was to take it is then the command
            start = unwrapped.start
            here = here._replace(
                wrappers=(*place.wrappers, *unwrapped.outside), prefix=(*place.prefix, *args[:start])
            )
            bit = self.add(basename(args[start]), args[start:], simple, here)
            self.opaque.append(Opaque(simple.span, "the script that a shell gets is not known"))
            return _wrapped(flow.command(bit), unwrapped)
        name = basename(args[start]) if start < len(args) else ""
        if simple.document and (inner := self._document_script(name, simple, unwrapped, here)) is not None:
            return _wrapped(inner, unwrapped)
        bit = self.add(name, args[start:], simple, here)
        if unwrapped.hidden:
            return self.unread(simple.span, unwrapped.hidden)
        if place.spliced and args and not name:
            return self.unread(simple.span, "an outer shell puts the command into the script")
        if place.posix and simple.redirects and any(r.operator.startswith("&>") for r in simple.redirects):
            # dash reads `a &> f` as `a &` and `> f`
            return Outcome((0, bit), (0, bit))
        outcome = self._builtin(args[start:], name, bit, unwrapped)
        if outcome.fail is None and outcome.ok is not None and simple.redirects:
            outcome = outcome._replace(fail=(bit, bit))
        return _wrapped(outcome, unwrapped)

    def add(self, name: str, argv: tuple[Arg, ...], simple: Simple, place: Place) -> int:
        self.drafts.append(
            (
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

    def bits(self, first: int) -> int:
        """The bits of the commands added since there were ``first``."""
        return (1 << len(self.drafts)) - (1 << first)

    def _builtin(self, argv: tuple[Arg, ...], name: str, bit: int, unwrapped: Unwrapped) -> Outcome:
        """How a command ends, with the shell's own commands and functions known."""
        if not argv:
            return Outcome((bit, 0), None)
        if unwrapped.names[:1] == ("exec",):
            return Outcome(None, None, (bit, 0), (bit, bit))
        if unwrapped.names:
            return flow.command(bit)
        if name in self.shell.functions and argv[0].literal:
            self.uncalled.pop(name, None)
            ran, failed = (bit, 0), (bit, bit)
            ways = zip((ran, failed, ran, failed), self.shell.functions[name], strict=True)
            return Outcome(*(flow.then(call, way) for call, way in ways))
        return self._own(name, argv, bit) if name in BUILTINS else flow.command(bit)

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
            self.jumps = max(self.jumps, int(count) if count.isdigit() and len(count) < 4 else MAX_DEPTH)
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
                given = next(waiting, None) if letter == "o" else None
                name = given.text if given else letter
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
        node: Node | Construct = items[0].value  # type: ignore[assignment]
        wrong = items[0].kind != "compound" or (items[1:] and (parts is None or parts.words))
        if wrong or any(item.kind == "compound" for item in items[1:]):
            return self.unread(place.span(items), "syntax error", doubtful=True)
        redirects = tuple(parts.redirects) if parts else ()
        outcome = shell_compound.READERS[node.type](self, node, place, redirects)
        if any(shell_compound.opens_file(redirect) for redirect in redirects):
            outcome = self.fatal(flow.choice(outcome, Outcome(None, flow.NOTHING)), exempt=place.exempt)
        for substitution, sure, _ in parts.expansions if parts else ():
            outcome = flow.sequence(self.substitution(substitution, place, sure=sure), outcome)
        return outcome

    def region(self, part: Part, place: Place) -> Outcome:
        return self.commands(self.items(part, place), place)

    def between(self, node: Node | Construct, place: Place) -> Outcome:
        """What stands between a construct's first and last token."""
        if isinstance(node, Construct):
            return self.region(node.parts[0][1], place)
        children = node.children
        if len(children) < 2 or children[-1].is_missing or children[-1].is_named:
            span = place.source.span(node.start_byte, node.end_byte)
            return self.unread(span, "syntax error", doubtful=True)
        return self.region(Nodes(children[1:-1], children[0].end_byte, children[-1].start_byte), place)

    def forked(self, read: Callable[[], Outcome]) -> Outcome:
        shell = self.shell
        self.shell = shell.copy()
        outcome = read()
        self.shell = shell
        return flow.subshell(outcome)

    def substitution(self, node: Expansion, place: Place, *, sure: bool) -> Outcome:
        first = len(self.drafts)
        here = place.within("substitution")._replace(exempt=True, assignments=())
        outcome = self.forked(lambda: self._substituted(node, here))
        return outcome if sure else flow.choice(flow.EMPTY, flow.unsure(outcome, self.bits(first)))

    def _substituted(self, node: Expansion, place: Place) -> Outcome:
        if isinstance(node, Source):
            return self.script(node, place)
        if isinstance(node, list):
            return self.region(node, place)
        opened, closed = node.children[0], node.children[-1]
        if opened.type.strip() != "`":
            return self.between(node, place)
        quoted = node.parent is not None and node.parent.type == "string"
        inner = backquoted(place.source, opened.end_byte, closed.start_byte, quoted=quoted)
        return self.script(inner, place)


def _whole(source: Source, place: Place) -> Sequence[Token] | None:
    from imgtool.facts import shell_whole  # noqa: PLC0415  start-up: most scripts are plain

    return shell_whole.read(source, posix=place.posix)


_EXPANDS = regex(rb"(?<!\\)(?:\\\\)*(?:\$\(|`)")
_UNESCAPED = regex(rb"\\(?=[$`\\])|\\\n")


def _document_source(document: Redirect) -> Source:
    """A here-document's lines as the script that its reader gets."""
    text = document.body
    assert text is not None  # noqa: S101  the caller has looked
    if document.operator == "<<-":
        text = without_tabs(text)
    return unescaped(Source(text), _UNESCAPED) if document.expand else Source(text)


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
    texts = [text for item in stages[0][0] for text in data[item.start : item.end].split()]
    return len(stages) == 1 and texts in ([b"exit"], [b"exit", b"$?"])


_ONE_EXPANSION = regex(r"\"?(?:\$[A-Za-z0-9_@*]+|\$\{[^{}]*\}|\$\(.*\)|`.*`)\"?", re.DOTALL)


def _is_expansion(raw: str) -> bool:
    """Whether a word is a variable or a substitution and nothing else."""
    return bool(_ONE_EXPANSION.fullmatch(raw))
