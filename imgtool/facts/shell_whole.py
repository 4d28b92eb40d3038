"""Scripts as bash itself reads them: by a reader that knows what each character begins where it stands.

It takes what :mod:`imgtool.facts.shell_plain` leaves, and has the same tokens. The grammar, which fails at much that is
valid, is for scripts with an error in them: it says what around the error can be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from imgtool.facts.commands import Assignment, Redirect
from imgtool.facts.shell_place import (
    AND_OR,
    ASSIGNMENT,
    MAX_DEPTH,
    MAX_DOCUMENTS,
    PIPES,
    Construct,
    Part,
    Parts,
    document_redirect,
)
from imgtool.facts.shell_plain import CLOSERS, CONSTRUCTS
from imgtool.facts.shell_tree import CONTROL, MAX_SCRIPT, Token
from imgtool.facts.shell_words import (
    DELIMITER,
    HereDocument,
    Hole,
    Marker,
    Source,
    backquoted,
    read_bodies,
    word,
)
from imgtool.regex import regex

_JOINING = AND_OR | PIPES
_DECLARING = frozenset("alias declare eval export let local readonly typeset".split())

_BLANKS = regex(r"(?:[ \t]|\\\n)*+")
_OPERATOR = regex(r"&&|\|\|?|;(?!;)(?!&)|&(?!>)")
_ENDS = r"(?=[ \t\n;&|()<>]|\\\n|\Z)"
_CLOSER = regex(rf"\)|;;&?|;&|(?:then|elif|else|fi|do|done|esac|\}}){_ENDS}")
_BANG = regex(rf"!{_ENDS}")
_NOTHING = regex(r"[\n#]|;(?![;&])|\Z")
_KEYWORD = regex(rf"(?:if|while|until|for|case|select|coproc|\{{){_ENDS}|\[\[(?=[ \t\n])|\(")
# as the word that it is, it can only go before a simple command
_TIMED = regex(rf"time[ \t]+(?:-p[ \t]+)?(?=(?:if|while|until|for|case|\{{){_ENDS}|\()")
_NAME_OF_FUNCTION = r"""([^ \t\n;&|()<>'"`$\\=]++)"""
_FUNCTION = regex(
    rf"function[ \t]++{_NAME_OF_FUNCTION}(?:[ \t]*+\([ \t]*+\))?|{_NAME_OF_FUNCTION}[ \t]*+\([ \t]*+\)"
)
_HERE = regex(rb"(?P<fd>\d*)(?P<document><<-?)(?!<)")
_REDIRECT = regex(r"([0-9]*|\{[A-Za-z_][A-Za-z0-9_]*\})(<<<|>>|[<>]&-|[<>]&|>\||<>|[<>](?!\())|(&>>?)")
_IN = regex(rf"in{_ENDS}")
_DO = regex(rf"do{_ENDS}|\{{{_ENDS}")
_ESAC = regex(rf"esac{_ENDS}")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]*+")
_ENDS_TEST = regex(rf"\]\]{_ENDS}")
_SIGN_IN_TEST = regex(r"&&|\|\||[()]|[<>](?!\()")

_PLAIN = regex(r"""[^ \t\n;&|()<>'"`$\\]+""")
_IN_PATTERN = regex(r"""[^ \t\n;&()'"`$\\]+""")
_IN_STRING = regex(r'(?:[^"\\$`]++|\\.)*+', re.DOTALL)
_IN_SUM = regex(r'(?:[^()"`$\\]++|\\.)*+', re.DOTALL)
_IN_BRACES = regex(r"""(?:[^}'"`$\\]++|\\.)*+""", re.DOTALL)
_RAW = regex(r"'[^']*'")
_LETTERS = regex(r"(?:[^'$`\\]++|\\(?:[^']|(?=')))*+", re.DOTALL)
_ANSI = regex(r"\$'(?:[^'\\]++|\\.)*+'", re.DOTALL)
_BACKQUOTES = regex(r"`((?:[^`\\]++|\\.)*+)`", re.DOTALL)
_NAME = regex(r"\$(?:[A-Za-z_][A-Za-z0-9_]*+|[0-9@*#?$!-]|\{[A-Za-z_][A-Za-z0-9_]*+\})")
# what begins with a blank or with `|` is a command in newer shells
_BRACED = regex(r"\$\{(?![ \t\n|(])[!#]?(?:[A-Za-z0-9_]++|[@*])?(?:\[[^]'\"`$]*\])?([#%/^,])?")

_TOP = frozenset([""])
_ENDS_ITEM = frozenset([";;", ";&", ";;&", "esac"])


class _UnreadError(ValueError):
    """The script is not understood."""


def read(source: Source, *, posix: bool = False) -> list[Token] | None:
    """The script's tokens; None where the grammar is to read it.

    ``posix``: the shell is dash, or bash in its POSIX mode. Where the two differ, it is read as bash does what dash refuses
    (the build has bash then), and not at all what both take.
    """
    if len(source.data) > MAX_SCRIPT or CONTROL.search(source.data):
        return None
    try:
        return _Reader(source, posix=posix).commands(_TOP)
    except _UnreadError:
        return None


def _is_closed(token: Token) -> bool:
    """Whether a closing word needs nothing between this and itself: a construct has just ended."""
    if token.kind == "simple" and isinstance(token.value, Parts):
        words = token.value.words
        return len(words) > 1 and words[0].arg.raw == "[[" and not token.value.redirects
    return token.kind == "compound"


class _Reader:
    """Goes through a script up to ``at``. The script has a character for each byte of the source."""

    __slots__ = (
        "at",
        "closer",
        "depth",
        "documents",
        "end",
        "holes",
        "inner",
        "no_sums",
        "posix",
        "script",
        "source",
        "waiting",
    )

    def __init__(self, source: Source, *, posix: bool) -> None:
        self.source = source
        self.posix = posix
        self.script = source.data.decode("latin-1")
        self.end = len(self.script)
        self.at = 0
        self.closer = ""
        self.depth = 0
        # of the word that is being read
        self.holes: list[Hole] = []
        self.inner: list[tuple[Source | list[Token], bool]] = []
        # where `((` is known to begin two subshells
        self.no_sums: set[int] = set()
        # here-documents whose bodies begin on the next line, and how many there were before
        self.waiting: list[tuple[Marker, Parts, int]] = []
        self.documents = 0

    # --- blanks and lines ----------------------------------------------------------------------------

    def sign(self) -> str:
        return self.script[self.at : self.at + 1]

    def take(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """Go on behind what matches here."""
        found = expression.match(self.script, self.at, self.end)
        if found:
            self.at = found.end()
        return found

    def need(self, expression: re.Pattern[str]) -> re.Match[str]:
        found = self.take(expression)
        if found is None:
            raise _UnreadError
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _UnreadError

    def lines(self) -> int:
        """Go over blanks, comments and ends of lines; where the first of these is, or -1."""
        first = -1
        while True:
            self.take(_BLANKS)
            if self.sign() == "#":
                stop = self.script.find("\n", self.at)
                self.at = self.end if stop < 0 else stop
            if self.sign() != "\n":
                return first
            first = self.at if first < 0 else first
            self.at += 1
            self.bodies()

    def bodies(self) -> None:
        """Read the here-documents announced on the line before."""
        if not self.waiting:
            return
        found: list[HereDocument] = []
        self.at = read_bodies(self.source.data, self.at, [marker for marker, *_ in self.waiting], found)
        for document, (_, parts, index) in zip(found, self.waiting, strict=True):
            parts.document = document
            parts.redirects[index] = document_redirect(document, self.source)
        self.waiting = []

    # --- lists ---------------------------------------------------------------------------------------

    def commands(self, closers: frozenset[str]) -> list[Token]:
        """The commands up to one of the words and signs that close them, which is then ``closer``."""
        self.deeper()
        found: list[Token] = []
        joined = ""
        while True:
            line = self.lines()
            if not joined and self.closed(closers):
                break
            if line >= 0 and found and found[-1].kind != "operator":
                found.append(Token("operator", line, line + 1, "\n"))
            self.command(found, piped=joined in PIPES)
            joined = self.operator(found, closers)
        self.depth -= 1
        return found

    def some(self, closers: frozenset[str]) -> list[Token]:
        """A list that may not be empty."""
        found = self.commands(closers)
        if not found:
            raise _UnreadError
        return found

    def closed(self, closers: frozenset[str]) -> bool:
        if self.at >= self.end:
            self.bodies()
            self.closer = ""
        elif found := self.take(_CLOSER):
            self.closer = found[0]
        else:
            return False
        if self.closer not in closers:
            raise _UnreadError
        return True

    def operator(self, found: list[Token], closers: frozenset[str]) -> str:
        """Take the operator behind a command; its text where a command has to follow it."""
        self.take(_BLANKS)
        start = self.at
        if operator := self.take(_OPERATOR):
            text = operator[0]
            if text == "|" and self.sign() == "&":
                self.at += 1
                text = "|&"
            found.append(Token("operator", start, self.at, text))
            return text if text in _JOINING else ""
        if self.at < self.end and self.sign() not in "\n#);":
            closer = _CLOSER.match(self.script, start, self.end)
            if not _is_closed(found[-1]) or not closer or closer[0] not in closers:
                raise _UnreadError
        return ""

    # --- commands ------------------------------------------------------------------------------------

    def command(self, found: list[Token], *, piped: bool) -> None:
        """One command, with the negations before it."""
        while bang := self.take(_BANG):
            if piped:
                raise _UnreadError
            found.append(Token("bang", *bang.span()))
            self.take(_BLANKS)
        start = self.at
        if found and found[-1].kind == "bang" and _NOTHING.match(self.script, start, self.end):
            # nothing, which succeeds
            found.append(Token("simple", start, start, Parts()))
            return
        self.take(_TIMED)
        keyword = self.take(_KEYWORD)
        if keyword and keyword[0] == "[[":
            found.append(self.test(start))
        elif keyword:
            self.compound(found, start, keyword[0])
        elif named := self.take(_FUNCTION):
            self.function(found, start, named[1] or named[2])
        elif _CLOSER.match(self.script, start, self.end):
            raise _UnreadError
        else:
            found.append(self.simple())

    def compound(self, found: list[Token], start: int, keyword: str) -> None:
        kind = CONSTRUCTS.get(keyword)
        if kind is None:
            raise _UnreadError
        parts: list[tuple[str, Part]] = []
        first = self.at - 1
        if keyword == "(" and self.sign() == "(" and self.sum(first):
            kind, parts = "((", [("((", [self.whole(first)])]
        elif keyword == "case":
            parts = self.case()
        elif keyword == "for":
            kind, parts = self.loop()
        else:
            while closers := CLOSERS.get(keyword):
                parts.append((keyword, self.some(closers)))
                keyword = self.closer
        found.append(Token("compound", start, self.at, Construct(kind, parts)))
        self.redirected(found)

    def redirected(self, found: list[Token]) -> None:
        """The redirections behind a construct."""
        parts = Parts()
        self.take(_BLANKS)
        start = self.at
        stop = self.redirects(parts)
        if parts.redirects:
            found.append(Token("simple", start, stop, parts))

    def redirects(self, parts: Parts) -> int:
        """Take the redirections that stand here; where the last of them ends."""
        stop = self.at
        self.take(_BLANKS)
        while self.redirect(parts):
            stop = self.at
            self.take(_BLANKS)
        return stop

    def function(self, found: list[Token], start: int, name: str) -> None:
        self.deeper()
        self.lines()
        body: list[Token] = []
        self.command(body, piped=True)
        self.depth -= 1
        if body[0].kind != "compound":
            raise _UnreadError
        name = name.encode("latin-1").decode("utf-8", "replace")
        construct = Construct("function_definition", [(name, body[:1])])
        found += (Token("compound", start, body[0].end, construct), *body[1:])

    def case(self) -> list[tuple[str, Part]]:
        given = Parts()
        self.take(_BLANKS)
        start = self.at
        self.argument(given)
        parts: list[tuple[str, Part]] = [("case", [Token("simple", start, self.at, given)])]
        self.lines()
        self.need(_IN)
        self.lines()
        while not self.take(_ESAC):
            whole = self.patterns(given)
            parts.append(("*" if whole else "", self.commands(_ENDS_ITEM)))
            if self.closer.endswith("&"):
                parts.append((";&", ()))
            if self.closer == "esac":
                break
            self.lines()
        return parts

    def patterns(self, given: Parts) -> bool:
        """The patterns of an item; whether one of them is that for anything."""
        whole = False
        if self.sign() == "(":
            self.at += 1
        sign = "|"
        while sign == "|":
            self.take(_BLANKS)
            start = self.at
            _, inner = self.word(start)
            whole |= self.script[start : self.at] == "*"
            given.expansions += [(part, False, None) for part, _ in inner]
            self.take(_BLANKS)
            sign = self.sign()
            self.at += 1
        if sign != ")":
            raise _UnreadError
        return whole

    def loop(self) -> tuple[str, list[tuple[str, Part]]]:
        """What follows ``for``."""
        self.take(_BLANKS)
        start = self.at
        parts: list[tuple[str, Part]] = []
        kind = "for_statement"
        if self.script.startswith("((", start):
            if not self.sum(start):
                raise _UnreadError
            kind, parts = "c_style_for_statement", [("in", [self.whole(start)])]
            self.take(_BLANKS)
        else:
            self.need(_VARIABLE)
            self.lines()
            if self.take(_IN):
                parts = [("in", [self.listed()])]
        if self.sign() == ";":
            self.at += 1
        self.lines()
        keyword = self.need(_DO)[0]
        closers = CLOSERS["do" if keyword == "do" else "{"]
        return kind, [*parts, ("do", self.some(closers))]

    def listed(self) -> Token:
        """The words of a loop."""
        parts = Parts()
        start = stop = self.at
        self.take(_BLANKS)
        while self.sign() not in "\n;#":
            self.argument(parts)
            stop = self.at
            self.take(_BLANKS)
        return Token("simple", start, stop, parts)

    def simple(self) -> Token:
        parts = Parts()
        start = stop = self.at
        while True:
            if not self.redirect(parts):
                if self.at >= self.end or self.sign() in "\n;&|)#":
                    break
                self.assignment(parts)
            stop = self.at
            self.take(_BLANKS)
        if stop == start:
            raise _UnreadError
        return Token("simple", start, stop, parts)

    def test(self, start: int) -> Token:
        """``[[ … ]]``, each part of which is a word."""
        parts = Parts()
        self.add(parts, start, [])
        pattern = False
        while True:
            self.lines()
            first = self.at
            if self.take(_ENDS_TEST):
                break
            if pattern:
                holes, inner = self.word(first, pattern=True)
                parts.expansions += [(part, sure, len(parts.words)) for part, sure in inner]
                self.add(parts, first, holes)
                pattern = False
            elif self.take(_SIGN_IN_TEST):
                self.add(parts, first, [])
            else:
                self.argument(parts)
                pattern = parts.words[-1].arg.raw in ("=", "==", "!=", "=~")
        self.add(parts, first, [])
        return Token("simple", start, self.redirects(parts), parts)

    # --- parts of commands ---------------------------------------------------------------------------

    def add(self, parts: Parts, start: int, holes: Sequence[Hole]) -> None:
        """Add what stands between ``start`` and here as a word."""
        made = word(self.source, start, self.at, tuple(holes))
        if made is None:
            raise _UnreadError
        parts.words.append(made)

    def argument(self, parts: Parts) -> None:
        start = self.at
        declares = parts.words and parts.words[0].arg.raw in _DECLARING
        name = ASSIGNMENT.match(self.source.data, start, self.end) if declares else None
        holes, inner = self.word(start, array=name.end() if name else -1)
        parts.expansions += [(part, sure, len(parts.words)) for part, sure in inner]
        self.add(parts, start, holes)

    def assignment(self, parts: Parts) -> None:
        """A word or, before the first word, an assignment."""
        start = self.at
        name = None if parts.words else ASSIGNMENT.match(self.source.data, start, self.end)
        if name is None:
            self.argument(parts)
            return
        value = name.end()
        holes, inner = self.word(start, array=value)
        if self.at < value:
            # an index of several words
            raise _UnreadError
        parts.expansions += [(part, sure, None) for part, sure in inner]
        made = None
        if self.at > value:
            made = word(self.source, value, self.at, tuple(hole for hole in holes if hole[0] >= value))
            if made is None:
                raise _UnreadError
        span = self.source.span(start, self.at)
        parts.assignments.append(Assignment(name[1].decode(), made and made.arg, span))

    def redirect(self, parts: Parts) -> bool:
        """A redirection, if one stands here."""
        start = self.at
        here = _HERE.match(self.source.data, start, self.end)
        if here:
            return self.document(parts, here)
        found = self.take(_REDIRECT)
        if found is None:
            return False
        if self.posix and found[1] and found[1][0] == "{":
            # a word of its own in dash
            raise _UnreadError
        operator = found[2] or found[3]
        target = None
        stop = self.at
        if operator[-1] != "-":
            self.take(_BLANKS)
            first = self.at
            if _REDIRECT.match(self.script, first, self.end):
                raise _UnreadError
            holes, inner = self.word(first)
            parts.expansions += [(part, sure, None) for part, sure in inner]
            target = word(self.source, first, self.at, tuple(holes))
            stop = self.at
            if target is None:
                raise _UnreadError
        span = self.source.span(start, stop)
        parts.redirects.append(Redirect(operator, found[1] or None, target and target.arg, span))
        return True

    def document(self, parts: Parts, here: re.Match[bytes]) -> bool:
        delimiter = DELIMITER.match(self.source.data, here.end(), self.end)
        self.documents += 1
        if delimiter is None or self.documents > MAX_DOCUMENTS:
            raise _UnreadError
        self.at = delimiter.end()
        self.waiting.append(((here, delimiter), parts, len(parts.redirects)))
        # its body is not known yet
        parts.redirects.append(Redirect("<<", None, None, self.source.span(here.start(), self.at)))
        return True

    def whole(self, start: int) -> Token:
        """What stands between ``start`` and here as one word that expands."""
        parts = Parts()
        self.add(parts, start, [(start, self.at)])
        parts.expansions += [(part, sure, 0) for part, sure in self.inner]
        self.inner = []
        return Token("simple", start, self.at, parts)

    # --- words ---------------------------------------------------------------------------------------

    def word(
        self, start: int, *, array: int = -1, pattern: bool = False
    ) -> tuple[list[Hole], list[tuple[Source | list[Token], bool]]]:
        """Go to the end of a word: the holes in it, and its substitutions with whether they surely run.

        ``array`` is where a list of values may begin, a ``pattern`` has parentheses of its own.
        """
        if self.sign() == "#":
            raise _UnreadError
        kept = self.holes, self.inner
        self.holes, self.inner = [], []
        stop = start
        while self.at < self.end:
            if self.take(_IN_PATTERN if pattern else _PLAIN):
                stop = self.at
                continue
            sign = self.sign()
            if sign == "\\" and self.script.startswith("\n", self.at + 1):
                self.at += 2
                continue
            if sign == "(" and (pattern or self.at == array):
                self.group(values=not pattern)
            elif sign in "<>" and self.script.startswith("(", self.at + 1):
                self.process()
            elif sign in "\\'\"$`":
                self.piece(sign)
            else:
                break
            stop = self.at
        if stop == start:
            raise _UnreadError
        self.at = stop
        found = self.holes, self.inner
        self.holes, self.inner = kept
        return found

    def piece(self, sign: str) -> None:
        """What is quoted or expands outside of double quotes."""
        if sign == "\\":
            self.at = min(self.at + 2, self.end)
        elif sign == "'":
            self.need(_RAW)
        elif sign == '"':
            self.string(sure=True, outer=True)
        else:
            self.expansion(sure=True, outer=True, quoted=False)

    def group(self, *, values: bool) -> None:
        """The values of an array, or parentheses in a pattern."""
        self.at += 1
        depth = 1
        while depth:
            if values:
                self.lines()
            sign = self.sign()
            if sign and sign in "\\'\"$`":
                self.piece(sign)
            elif sign in "<>" and self.script.startswith("(", self.at + 1):
                self.process()
            elif not sign or (values and sign in ";&|<>("):
                raise _UnreadError
            elif not self.take(_PLAIN):
                depth += (sign == "(") - (sign == ")")
                self.at += 1

    def string(self, *, sure: bool, outer: bool) -> None:
        """What stands in double quotes."""
        self.at += 1
        while True:
            self.take(_IN_STRING)
            sign = self.sign()
            if sign == '"':
                self.at += 1
                return
            if sign not in ("$", "`"):
                raise _UnreadError
            self.expansion(sure=sure, outer=outer, quoted=True)

    def expansion(self, *, sure: bool, outer: bool, quoted: bool) -> None:
        """What a ``$`` or a backquote begins."""
        first = self.at
        if found := self.take(_BACKQUOTES):
            self.inner.append((backquoted(self.source, *found.span(1), quoted=quoted), sure))
        elif self.take(_NAME) or (not quoted and self.take(_ANSI)):
            return
        elif self.script.startswith("$(", first):
            if not self.script.startswith("((", first + 1) or not self.sum(first + 1, sure=sure):
                self.at = first + 2
                self.substitution(sure=sure)
        elif self.script.startswith("${", first):
            self.braces(quoted=quoted)
        elif self.sign() == "`" or self.script.startswith("$[", first):
            raise _UnreadError
        else:
            self.at += 1
            return
        if outer:
            self.holes.append((first, self.at))

    def substitution(self, *, sure: bool) -> None:
        kept = self.holes, self.inner
        self.holes, self.inner = [], []
        found = self.commands(CLOSERS["("])
        self.holes, self.inner = kept
        if found:
            self.inner.append((found, sure))

    def process(self) -> None:
        """``<(…)`` or ``>(…)``."""
        first = self.at
        self.at += 2
        self.substitution(sure=False)
        self.holes.append((first, self.at))

    def braces(self, *, quoted: bool) -> None:
        """``${…}`` with more than a name in it."""
        self.deeper()
        head = self.need(_BRACED)
        # in double quotes a quote is a letter but in patterns; bash wants two of them
        letters = quoted and not head[1]
        while True:
            self.take(_IN_BRACES)
            sign = self.sign()
            if sign == "}":
                self.at += 1
                self.depth -= 1
                return
            if sign == "'" and letters and self.posix:
                self.at += 1
            elif sign == "'" and letters:
                self.letters()
            elif sign == "'":
                self.need(_RAW)
            elif sign == '"':
                self.string(sure=False, outer=False)
            elif sign in ("$", "`"):
                self.expansion(sure=False, outer=False, quoted=quoted)
            else:
                raise _UnreadError

    def letters(self) -> None:
        """What stands between quotes that hide the end of braces, but no expansion."""
        start = self.at
        stop = self.need(_RAW).end()
        self.at = start + 1
        self.take(_LETTERS)
        while self.sign() in ("$", "`"):
            self.expansion(sure=False, outer=False, quoted=True)
            self.take(_LETTERS)
        self.at += 1
        if self.at != stop:
            raise _UnreadError

    def sum(self, start: int, *, sure: bool = True) -> bool:
        """Go over ``((…))`` at ``start``; False, and nothing is changed, where that begins two subshells."""
        if start in self.no_sums:
            return False
        kept = self.at, self.depth, self.holes, self.inner, self.waiting, self.documents
        self.holes, self.inner, self.waiting = [], [], [*self.waiting]
        self.deeper()
        try:
            self.at = start + 2
            self.operands(sure=sure)
        except _UnreadError:
            # what is not closed is no subshell either
            if self.at >= self.end or self.depth > MAX_DEPTH:
                raise
            self.no_sums.add(start)
            self.at, self.depth, self.holes, self.inner, self.waiting, self.documents = kept
            return False
        self.depth -= 1
        self.holes, self.inner = kept[2], [*kept[3], *self.inner]
        return True

    def operands(self, *, sure: bool) -> None:
        depth = 1
        while depth:
            self.take(_IN_SUM)
            sign = self.sign()
            if sign == '"':
                self.string(sure=sure, outer=False)
            elif sign in ("$", "`"):
                self.expansion(sure=sure, outer=False, quoted=True)
            elif sign in ("(", ")"):
                depth += 1 if sign == "(" else -1
                self.at += 1
            else:
                raise _UnreadError
        if self.sign() != ")":
            raise _UnreadError
        self.at += 1
