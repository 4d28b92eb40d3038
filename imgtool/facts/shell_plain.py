"""Scripts of simple commands, tests and the usual compound commands, by a few expressions: most RUNs are.

What :mod:`imgtool.facts.shell_whole` makes of them takes longer, the grammar five times as long. Tests hold all of them to the
same commands; whatever they could read in different ways (here-documents, functions, ``&``, sums, rare words) is left to the first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from imgtool.edits import Span
from imgtool.facts.commands import Arg, Assignment, Redirect
from imgtool.facts.shell_place import PIPES, RESERVED, Construct, Expanding, Part, Parts
from imgtool.facts.shell_tree import MAX_SCRIPT, Token
from imgtool.facts.shell_words import Hole, Source, Word, reading
from imgtool.regex import regex
from imgtool.values import maker

_NAME = r"\$(?:[A-Za-z_]\w*+|\{[A-Za-z_]\w*+(?:(?:##?|%%?|:?[-+]|//?)[A-Za-z0-9_.*:/-]*+)?\})"
_RAW = r"'[\t -&(-~]*+'"
# runs of characters are one step of the repetition around them; nothing else in it begins with one of them
_STRING = r""""(?:[ !#%%-\[\]^_a-~]++|%s|\\[ -~])*+\""""
_INNER = rf"""[^()'"`\\$#\x00-\x1f\x7f-\xff]++|{_NAME}|{_RAW}|{_STRING % _NAME}|\\[!-~]"""
# a case has parentheses of its own
_SUBSTITUTION = rf"\$\((?![ (]|case )(?:{_INNER})++\)"
_EXPANSION = rf"{_NAME}|{_SUBSTITUTION}"
_QUOTED = rf"{_RAW}|{_STRING % _EXPANSION}"
# a set is one table to look into where no class such as \w is in it, and one step where it has no alternative
_LETTERS = "A-Za-z0-9_"
_ENDS = r"(?![^ \t\n;|&)<>])"
_SAFE = rf"(?:[A-Za-z_@+:,./^-]|[0-9]++(?![#<>]))[{_LETTERS}@%+=:,./^#-]*+{_ENDS}"
_WORD = (
    rf"(?![0-9]++[#<>])(?:[{_LETTERS}@+:,./^*?~-]|{_QUOTED}|{_EXPANSION}|\\[!-~])"
    rf"(?:[{_LETTERS}@%+=:,./^*?\[\]~#!-]++|{_QUOTED}|{_EXPANSION}|\\[!-~])*+{_ENDS}"
)
# what no shell gets to see is left to the grammar
_COMMENTED = r"[^\n\x00-\x08\x0b-\x1f\x7f]*+"
_EMPTY_LINES = rf"(?:[ \t\n]|#{_COMMENTED}(?:\n|\Z))*+"
_BETWEEN = rf"(&&|\|\|?+|;|\n{_EMPTY_LINES})(?![;&|])"
_PIECE = regex(
    r"[ \t]*+(?:"
    rf"({_SAFE}(?:[ \t]++{_SAFE})*+)(?:[ \t]*+{_BETWEEN})?"
    rf"|{_BETWEEN}"
    rf"|({_WORD})"
    rf"|(([0-9]?)(>>|>&|[<>])(?![<>&|(])[ \t]*+(=?{_SAFE}|{_WORD}))"
    # a comment has no number, nor has the end of a line that goes on, where it ends no word
    rf"|(?<=[ \t])#{_COMMENTED}"
    r"|\\\n(?<=[ \t]\\\n)(?![ \t]*+\n)|(.))",
    re.DOTALL | re.ASCII,
)
_LEADING = regex(_EMPTY_LINES)
_LEADS = "# \t\n"
_WORDS, _BEHIND, _OPERATOR, _OTHER, _REDIRECT, _FD, _DIRECTION, _TARGET, _SIGN = range(1, 10)
# the grammar fails at others
_PROGRAM = regex(
    r"\[\[?|(?:~/|[A-Za-z_./])[\w./+-]*+|(?:[A-Za-z_./][\w./-]*+)?(?:\$\w++|\$\{\w++\})[\w./-]*+"
    r'|"(?:[\w./-]|\$\w++|\$\{\w++\})++"',
    re.ASCII,
)
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
_BRACE = r"\$\{\w++[^\w}][^}]*+\}"
_OUTSIDE = regex(rf"""[^'"\\$]++|{_RAW}|\\.|(")|({_SUBSTITUTION}|{_BRACE})|\$""", re.ASCII)
_INSIDE = regex(rf"""[^"\\$]++|\\.|(")|({_SUBSTITUTION}|{_BRACE})|\$""", re.ASCII)
_HAS_HOLES = regex(r"\$\(|\$\{\w++[^\w}]", re.ASCII)
_QUOTE, _HOLE = 1, 2
_ASSIGNMENT = regex(r"([A-Za-z_]\w*+)(\[[^\]]*\])?\+?=", re.ASCII)
_new_span = maker(Span)
_new_arg = maker(Arg)
_new_word = maker(Word)
_new_token = maker(Token)


Inner = tuple["int | None", "list[Draft]", bool]
"""The index of the word that holds a substitution, its commands, and whether they surely run."""


class Draft:
    """A command up to here. ``starts`` are where its words begin in the script, ``ended_by`` is the operator behind it.

    ``begin`` and ``stop`` are where it stands in the file, ``inner`` the commands of the substitutions in it.
    """

    __slots__ = (
        "assignments",
        "bang",
        "begin",
        "construct",
        "end",
        "ended_by",
        "holes",
        "inner",
        "redirects",
        "start",
        "starts",
        "stop",
        "words",
    )

    def __init__(self) -> None:
        self.words: list[Arg] = []
        self.starts: list[int] = []
        # most commands have none of these
        self.assignments: tuple[Assignment, ...] = ()
        self.redirects: tuple[Redirect, ...] = ()
        self.inner: tuple[Inner, ...] = ()
        self.holes: dict[int, list[Hole]] | None = None
        self.bang: Token | None = None
        self.construct: Token | None = None
        self.start = self.end = -1
        self.begin = self.stop = 0
        self.ended_by = ""

    @property
    def is_group(self) -> bool:
        """Whether it is ``{ …; }``."""
        value = self.construct and self.construct.value
        return isinstance(value, Construct) and value.type == "compound_statement"

    @property
    def span(self) -> Span:
        """Where it stands in the file."""
        return _new_span((self.begin, self.stop))

    def reach(self, start: int, end: int, begin: int, stop: int) -> None:
        """Take up what stands at ``start`` to ``end``, and in the file at ``begin`` to ``stop``."""
        if self.start < 0:
            self.start = start
            self.begin = begin
        self.end = end
        self.stop = stop


class _Spans:
    """The spans of a script's parts, asked for in their order: looks up a piece of the text once for all parts in it.

    ``data[start:end]`` stands ``shift`` bytes further on in the file, as long as ``end`` does not exceed ``limit``.
    """

    __slots__ = ("closer", "depth", "limit", "position", "shift", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.closer = ""
        self.position = 0
        self.depth = 0
        self.shift = 0
        self.limit = -1

    def span(self, start: int, end: int) -> Span:
        return _new_span(self.place(start, end))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Start and end of a span."""
        if end > self.limit:
            (data, starts, origins), escapes = self.source
            if escapes:
                return self.source.span(start, end)
            # go on to the piece that holds the start
            piece = bisect_right(starts, start)
            self.shift = origins[piece - 1] - starts[piece - 1]
            self.limit = starts[piece] if piece < len(starts) else len(data)
            if end > self.limit:
                return self.source.span(start, end)
        shift = self.shift
        return start + shift, end + shift


def read(source: Source) -> list[Draft] | None:
    """The script's commands; None where the grammar is to read it."""
    data = source.data
    if len(data) > MAX_SCRIPT or not data.isascii():
        return None
    # looking into bytes takes five times as long
    script = data.decode()
    end = len(script.rstrip(" \t\n"))
    begin = 0
    if script[:1] in _LEADS and (leading := _LEADING.match(script, 0, end)):
        begin = leading.end()
    return _list(script, begin, end, _Spans(source))


_OPEN: frozenset[str] = frozenset()


def _list(
    script: str, start: int, end: int, spans: _Spans, closers: frozenset[str] = _OPEN
) -> list[Draft] | None:
    """The commands at ``script[start:end]``, or up to one of the words and signs that close them."""
    commands = _List()
    while stopped := commands.read(script, start, end, spans):
        kind, start = stopped
        mark = _MARK.match(script, start, end)
        if mark is None:
            if kind != _SIGN or not _nesting(commands.draft, script, start, end, spans):
                return None
        elif mark[0] in closers:
            spans.closer, spans.position = mark[0], mark.end()
            return commands.closed() if commands.draft.start < 0 or mark[0] in _SIGNS else None
        elif mark[0] == "!" and commands.draft.words:
            if not _argument(commands.draft, start, mark.end(), script, spans):
                return None
            spans.position = mark.end()
        elif not commands.begin(mark, end, spans):
            return None
        start = spans.position
    return None if closers else commands.closed()


_SIGNS = frozenset([")", ";;"])


class _List:
    """The commands of a list up to here, the last of them not ended yet."""

    __slots__ = ("draft", "drafts")

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.draft = Draft()

    def read(self, script: str, start: int, end: int, spans: _Spans) -> tuple[int | None, int] | None:
        """Take pieces up to the first that has no place in a list of simple commands: return its kind and where it is."""
        for found in _PIECE.finditer(script, start, end):
            kind = found.lastindex
            if kind == _BEHIND:
                if not _words(self.draft, found, spans):
                    return kind, found.start(_WORDS)
                if not self.end(found[kind]):
                    return kind, found.start(kind)
            elif kind == _OPERATOR:
                if not self.end(found[kind]):
                    return kind, found.start(kind)
            elif not _take(self.draft, found, spans):
                return kind, found.start(kind or 0)
        return None

    def end(self, operator: str) -> bool:
        """End the command at an operator; False where there is none that could end."""
        draft = self.draft
        if operator[0] == "\n":
            operator = "\n"
            if draft.start < 0:
                return draft.bang is None
            # the grammar takes several assignments and the next line for one command
            if not draft.words and draft.assignments[1:]:
                return False
        draft.ended_by = operator
        self.drafts.append(draft)
        self.draft = Draft()
        return _is_command(draft)

    def begin(self, mark: re.Match[str], end: int, spans: _Spans) -> bool:
        """Read what a word or a sign begins; False where the grammar is to read it."""
        draft = self.draft
        if draft.start >= 0:
            return False
        if mark[0] != "!":
            return _construct(draft, mark, end, spans)
        wrong = draft.bang or (self.drafts and self.drafts[-1].ended_by in PIPES)
        draft.bang = Token("bang", *mark.span())
        spans.position = mark.end()
        return not wrong

    def closed(self) -> list[Draft] | None:
        """The commands of the list, which ends here; None where there is one missing."""
        drafts, draft = self.drafts, self.draft
        if draft.start >= 0:
            drafts.append(draft)
            return drafts if _is_command(draft) else None
        if drafts and drafts[-1].ended_by == "\n":
            drafts[-1].ended_by = ""
        elif drafts and drafts[-1].ended_by != ";":
            return None
        return None if draft.bang else drafts


_MARK = regex(
    r"\((?!\()|\)|;;(?!&)|(?:if|then|elif|else|for|while|until|do|case|\{|!|\[\[?)(?=[ \t\n])"
    r"|(?:fi|done|\})(?![^ \t\n;|&)])|esac(?![^ \t\n;)])"
)
CONSTRUCTS = {
    "if": "if_statement",
    "while": "while_statement",
    "until": "while_statement",
    "for": "for_statement",
    "case": "case_statement",
    "{": "compound_statement",
    "(": "subshell",
}
CLOSERS = {
    "if": frozenset(["then"]),
    "elif": frozenset(["then"]),
    "then": frozenset(["elif", "else", "fi"]),
    "else": frozenset(["fi"]),
    "while": frozenset(["do"]),
    "until": frozenset(["do"]),
    "do": frozenset(["done"]),
    "{": frozenset(["}"]),
    "(": frozenset([")"]),
}
_MAX_DEPTH = 30


def _construct(draft: Draft, mark: re.Match[str], end: int, spans: _Spans) -> bool:
    """Read what a word or a sign begins; False where the grammar is to read it."""
    keyword = mark[0]
    if keyword in ("[", "[["):
        return _test(draft, mark, end, spans)
    kind = CONSTRUCTS.get(keyword)
    if kind is None or spans.depth > _MAX_DEPTH:
        return False
    spans.depth += 1
    spans.position = mark.end()
    if keyword == "case":
        parts = _case(mark.string, end, spans)
    elif keyword == "for":
        parts = _for(mark.string, end, spans)
    else:
        parts = _parts(mark.string, keyword, end, spans)
    spans.depth -= 1
    if parts is None:
        return False
    place = mark.start(), spans.position
    draft.construct = Token("compound", *place, Construct(kind, parts))
    draft.reach(*place, *spans.source.span(*place))
    return True


_ConstructParts = list[tuple[str, Part]]


def _parts(script: str, keyword: str, end: int, spans: _Spans) -> _ConstructParts | None:
    """The lists of commands behind a keyword and those that go with it, up to the closing one."""
    parts: _ConstructParts = []
    while closers := CLOSERS.get(keyword):
        drafts = _list(script, spans.position, end, spans, closers)
        if not drafts:
            return None
        parts.append((keyword, tokens(drafts)))
        keyword = spans.closer
    return parts


_FOR = regex(r"[ \t]++[A-Za-z_]\w*+[ \t]++in(?=[ \t])", re.ASCII)
_DO = regex(r"[ \t\n]*+do(?=[ \t\n])")


def _for(script: str, end: int, spans: _Spans) -> _ConstructParts | None:
    head = _FOR.match(script, spans.position, end)
    draft = Draft()
    listed = head and _arguments(draft, script, head.end(), end, spans)
    do = (
        listed
        and (listed[_BEHIND] or listed[_OPERATOR] or " ")[0] in ";\n"
        and _DO.match(script, listed.end(), end)
    )
    if not do or not draft.words or draft.assignments:
        return None
    drafts = _list(script, do.end(), end, spans, CLOSERS["do"])
    if not drafts or _has_lone_group(drafts):
        return None
    return [("in", [_token(draft)]), ("do", tokens(drafts))]


def _has_lone_group(drafts: Sequence[Draft]) -> bool:
    """Whether a group is a statement of its own: in a loop the grammar's tree is read as if it were the loop's own."""
    joined = False
    for draft in drafts:
        joins = draft.ended_by not in _ENDS_STATEMENT
        if draft.is_group and not joined and not joins and not draft.redirects and not draft.bang:
            return True
        joined = joins
    return False


_ENDS_STATEMENT = frozenset(["", ";", "\n"])
_IN = regex(r"[ \t]++in[ \t\n]++")
# a `*` alone is the catch-all; the grammar reads what is quoted in parts in ways of its own
_NAMED = rf"(?:(?!\*[ \t|)])[\w./*?-]++(?=[ \t|)])|(?:{_RAW}|{_STRING % _NAME})\*?)"
_ITEM = regex(
    rf"[ \t\n]*+(?!esac[ \t]*+[)|])(?:(\*)|{_NAMED}(?:[ \t]*+\|[ \t]*+{_NAMED})*+)[ \t]*+\)", re.ASCII
)
_ESAC = regex(r"[ \t\n]*+esac(?![^ \t\n;)])")
_ENDED = frozenset([";;", "esac"])


def _case(script: str, end: int, spans: _Spans) -> _ConstructParts | None:
    draft = Draft()
    given = _PIECE.match(script, spans.position, end)
    if not given or not given[_OTHER] or not _argument(draft, *given.span(_OTHER), script, spans):
        return None
    head = _IN.match(script, given.end(), end)
    if head is None:
        return None
    parts: _ConstructParts = [("case", [_token(draft)])]
    spans.position = head.end()
    while item := _ITEM.match(script, spans.position, end):
        drafts = _list(script, item.end(), end, spans, _ENDED)
        if drafts is None:
            return None
        parts.append((item[1] or "", tokens(drafts)))
        closed = _ESAC.match(script, spans.position, end)
        if spans.closer == "esac" or closed:
            spans.position = closed.end() if closed else spans.position
            return parts
    return None


_TEST_SIGN = regex(r"(?:\]\]?|!=?|==?|&&|\|\|)(?=[ \t\n;|&)]|\Z)")
_TEST_END = regex(r"[ \t]*+(?:[;|&\n)]|\Z)")
# the grammar reads what is made up of several in ways of its own
_OPERAND = regex(
    r"""(?:\$\w++|\$\{\w++\})[\w./-]++|[\w./][\w%+:,./^-]*+|'[^']*+'|"[^"]*+"|\$\w++|\$\{\w++\}|\$\([^()]*+\)""",
    re.ASCII,
)
_BINARY = frozenset("= == != -eq -ne -lt -le -gt -ge -nt -ot -ef".split())
_JOINING = {"[": frozenset(["-a", "-o"]), "[[": frozenset(["&&", "||"])}
_TEST_SHAPE = regex(r"q|!?(?:u[wq]|[wq]b[wq])(?:j!?(?:u[wq]|[wq]b[wq]))*+")


def _test(draft: Draft, mark: re.Match[str], end: int, spans: _Spans) -> bool:
    """A test, each part of which is a word."""
    script, sign = mark.string, mark
    while _argument(draft, *sign.span(), script, spans):
        if sign[0][0] == "]":
            spans.position = sign.end()
            return _is_test(draft.words) and _TEST_END.match(script, sign.end(), end) is not None
        found = _arguments(draft, script, sign.end(), end, spans)
        after = found and found.lastindex and _TEST_SIGN.match(script, found.start(found.lastindex), end)
        if not after:
            return False
        sign = after
    return False


def _is_test(words: Sequence[Arg]) -> bool:
    """Whether a test is made up as the grammar knows them."""
    joining = _JOINING[words[0].raw]
    shape = ""
    for word in words[1:-1]:
        raw = word.raw
        if raw in joining:
            shape += "j"
        elif raw in _BINARY:
            shape += "b"
        elif raw == "!":
            shape += "!"
        elif raw[0] == "-" and len(raw) == 2 and raw[1].isalpha():
            shape += "u"
        elif raw not in RESERVED and _OPERAND.fullmatch(raw):
            shape += "q" if raw[0] in '$"' else "w"
        else:
            return False
    return words[-1].raw == words[0].raw.replace("[", "]") and _TEST_SHAPE.fullmatch(shape) is not None


def _arguments(draft: Draft, script: str, start: int, end: int, spans: _Spans) -> re.Match[str] | None:
    """Read words up to the first piece that is none, and return it."""
    while found := _simple_arguments(draft, script, start, end, spans):
        if found.lastindex != _SIGN or not _nesting(draft, script, found.start(_SIGN), end, spans):
            return found
        start = spans.position
    return None


def _simple_arguments(draft: Draft, script: str, start: int, end: int, spans: _Spans) -> re.Match[str] | None:
    for found in _PIECE.finditer(script, start, end):
        kind = found.lastindex
        if kind == _BEHIND:
            return found if _words(draft, found, spans) else None
        if kind == _WORDS:
            if not _words(draft, found, spans):
                return None
        elif kind is None and found[0][-1] == "\n":
            continue
        elif kind != _OTHER:
            return found
        elif not _argument(draft, *found.span(_OTHER), script, spans):
            return None
    return None


def _argument(draft: Draft, start: int, end: int, script: str, spans: _Spans) -> bool:
    """A word, whatever goes before it; False where the grammar is to read it."""
    made = _read_word(draft, script, start, end, spans, len(draft.words))
    if made is not None:
        draft.reach(start, end, made.start, made.end)
        draft.words.append(made)
        draft.starts.append(start)
    return made is not None


def command(source: Source, script: str, start: int, end: int) -> Token | None:
    """The one command at ``script[start:end]`` as a token; None where the grammar is to read it.

    ``script`` has a character for each byte of the source.
    """
    spans = _Spans(source)
    draft = Draft()
    for found in _PIECE.finditer(script, start, _trimmed(script, end)):
        if not _take(draft, found, spans):
            return None
    return _token(draft) if _is_command(draft) else None


def _trimmed(script: str, end: int) -> int:
    """Where the blanks before ``end`` begin: looking for a piece in them takes the square of their number."""
    while script[end - 1] in " \t":
        end -= 1
    return end


def _take(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    """Give a piece its place in a command; False where the grammar is to say which it is."""
    kind = found.lastindex
    if kind is None:
        return draft.start >= 0 or draft.bang is None
    if kind == _WORDS:
        return _words(draft, found, spans)
    if kind == _OTHER:
        return _word(draft, found[_OTHER], found.start(_OTHER), found.string, spans)
    return kind == _REDIRECT and _redirect(draft, found, spans)


def _is_command(draft: Draft) -> bool:
    words = draft.words
    if draft.bang and (draft.construct or draft.assignments):
        return False
    if draft.construct:
        return not words and not draft.assignments
    if not words:
        return bool(draft.assignments)
    first = words[0].raw
    return _is_program(first) or (first in ("export", "unset") and _is_export(draft, first))


def _is_export(draft: Draft, keyword: str) -> bool:
    """Whether an ``export`` or ``unset`` is the sum of its words to the grammar, too."""
    if draft.assignments or draft.redirects:
        return False
    known = _EXPORTED if keyword == "export" else _UNSET
    for index, word in enumerate(draft.words[1:], 1):
        raw = word.raw
        if draft.holes and index in draft.holes:
            # whatever is in a substitution, to what stands around it that is a value
            start = draft.starts[index]
            for first, last in reversed(draft.holes[index]):
                raw = f"{raw[: first - start]}$X{raw[last - start :]}"
        if not known.fullmatch(raw):
            return False
    return True


_UNSET = regex(r"[A-Za-z_]\w*+", re.ASCII)


@lru_cache(maxsize=512)
def _is_program(raw: str) -> bool:
    # to the grammar, `if$X` begins a construct
    return raw.partition("$")[0] not in _NO_PROGRAMS and _PROGRAM.fullmatch(raw) is not None


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
    new_arg, limit, shift = _new_arg, spans.limit, spans.shift
    known = len(words)
    if not known and texts[0] in RESERVED:
        return False
    for text in texts:
        begin = end + 1
        if not text:
            end = begin
            continue
        end = begin + len(text)
        if end > limit:
            place = spans.place(begin, end)
            limit, shift = spans.limit, spans.shift
            words.append(new_arg((text, text, *place, True, False)))
        else:
            words.append(new_arg((text, text, begin + shift, end + shift, True, False)))
        starts.append(begin)
    if draft.start < 0:
        draft.start = start
        draft.begin = words[known].start
    draft.end = end
    draft.stop = words[-1].end
    return True


def _word(draft: Draft, raw: str, start: int, script: str, spans: _Spans) -> bool:
    """A word or, before the first word, an assignment; False where the grammar is to say which it is."""
    end = start + len(raw)
    if not draft.words and (name := _ASSIGNMENT.match(raw)):
        return _assign(draft, name, start, script, spans)
    return _argument(draft, start, end, script, spans)


def _read_word(
    draft: Draft, script: str, start: int, end: int, spans: _Spans, index: int | None
) -> Arg | None:
    """The word at ``script[start:end]``, which is part of a command."""
    raw = script[start:end]
    holes = _holes(raw) if "$" in raw and _HAS_HOLES.search(raw) else ()
    found = reading(raw.encode(), holes)
    if found is None:
        return None
    text, _, literal, expands = found
    made: Arg = _new_arg((text, raw, *spans.place(start, end), literal, expands))
    if holes and index is not None:
        if draft.holes is None:
            draft.holes = {}
        draft.holes[index] = [(start + first, start + last) for first, last in holes]
    for first, last in holes:
        if raw[first + 1] == "{":
            continue
        inner = _list(script, start + first + 2, _trimmed(script, start + last - 1), spans)
        if not inner:
            return None
        draft.inner = (*draft.inner, (index, inner, True))
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
    if (
        name[2]
        or ("#" in raw and "#" in _CUT.sub("", raw))
        or (value == end and script[end : end + 1].strip(" \t\n;"))
    ):
        return False
    span = spans.span(start, end)
    draft.reach(start, end, *span)
    made = _read_word(draft, script, value, end, spans, None) if value < end else None
    draft.assignments = (*draft.assignments, Assignment(name[1], made, span))
    return made is not None or value == end


_CUT = regex(r"\$\{\w++##?[^}#]*+\}")

# --- words whose expansions hold others -------------------------------------------------------------

_PLAIN_NAME = r"\$(?:[A-Za-z_]\w*+|\{[A-Za-z_]\w*+\})"
_TEXT = r"\x00-\x08\x0b-\x1f\x7f-\xff"
_BARE = regex(
    rf"(?:[{_LETTERS}@%+=:,./^*?\[\]~!-]++|'[^'{_TEXT}]*+'|{_PLAIN_NAME}|\\[!-~]|\{{\}})*+", re.ASCII
)
_IN_STRING = regex(rf"(?:[^\"\\$`{_TEXT}]++|{_PLAIN_NAME}|\\[ -~])*+", re.ASCII)
_IN_BRACES = regex(rf"(?:[{_LETTERS}.*:/,=@%+\[\]~-]++|{_PLAIN_NAME}|\\[.])*+", re.ASCII)
_BRACED = regex(r"\$\{[A-Za-z_]\w*+(?:##?|%%?|:?[-+]|/[/%#]?|:(?=[0-9]))", re.ASCII)
_BEGINS = regex(rf"(?![0-9]++[#<>])[{_LETTERS}@+:,./^*?~\"'\\$`{{-]")
_ENDED_WORD = regex(_ENDS)
# a backslash there is removed before the command is read; the grammar is at a loss with comments and with blanks at
# the end, and takes two of these behind each other for one
_IN_BACKQUOTES = regex(r"[^ \t`\\#\n][^`\\#\n]*+(?<![ \t])(?=`(?![\s\\]*+`))")


def _nesting(draft: Draft, script: str, start: int, end: int, spans: _Spans) -> bool:
    """Read a word or an assignment as a shell does, not by one expression; False where the grammar is to read it."""
    name = None if draft.words else _ASSIGNMENT.match(script, start, end)
    scan = _Scan(script, end, spans)
    value = name.end() if name else start
    if (
        (name and name[2])
        or spans.depth > _MAX_DEPTH
        or not _BEGINS.match(script, value, end)
        or not scan.word(value)
    ):
        return False
    stop = scan.position
    raw = script[value:stop]
    found = reading(raw.encode(), [(first - value, last - value) for first, last in scan.holes])
    if found is None:
        return False
    text, _, literal, expands = found
    span = spans.source.span(value, stop)
    made: Arg = _new_arg((text, raw, *span, literal, expands))
    if name:
        span = spans.source.span(start, stop)
        draft.assignments = (*draft.assignments, Assignment(name[1], made, span))
        index = None
    else:
        index = len(draft.words)
        draft.words.append(made)
        draft.starts.append(start)
        if scan.holes:
            draft.holes = {**(draft.holes or {}), index: scan.holes}
    draft.reach(start, stop, *span)
    draft.inner = (*draft.inner, *[(index, drafts, sure) for drafts, sure in scan.inner])
    spans.position = stop
    return True


class _Scan:
    """Goes through a word up to ``position``: the holes in it, and the commands in them with whether they surely run."""

    __slots__ = ("end", "holes", "inner", "position", "script", "spans")

    def __init__(self, script: str, end: int, spans: _Spans) -> None:
        self.script = script
        self.end = end
        self.spans = spans
        self.position = 0
        self.holes: list[Hole] = []
        self.inner: list[tuple[list[Draft], bool]] = []

    def word(self, start: int) -> bool:
        """Go to the end of the word; False where it is not understood."""
        script, end = self.script, self.end
        quoted = False
        self._pass(_BARE, start)
        while self.position < end:
            first = self.position
            sign = script[first]
            if sign == '"':
                quoted = not quoted
                self.position += 1
            elif sign in "$`":
                braced = script.startswith("${", first)
                if not (self._braced() if braced else self._substitution(sure=True)):
                    return False
                self.holes.append((first, self.position))
            else:
                break
            self._pass(_IN_STRING if quoted else _BARE, self.position)
        ended = _ENDED_WORD.match(script, self.position, end)
        return not quoted and ended is not None and self.position > start

    def _pass(self, text: re.Pattern[str], start: int) -> None:
        found = text.match(self.script, start, self.end)
        self.position = found.end() if found else start

    def _substitution(self, *, sure: bool) -> bool:
        """``$(…)`` or one in backquotes."""
        script, first, spans = self.script, self.position, self.spans
        spans.depth += 1
        drafts: list[Draft] | None = None
        if script[first] == "`":
            if found := _IN_BACKQUOTES.match(script, first + 1, self.end):
                drafts = _list(script, *found.span(), spans)
                self.position = found.end() + 1
        elif script.startswith("$(", first) and not script.startswith("(", first + 2):
            drafts = _list(script, first + 2, self.end, spans, CLOSERS["("])
            self.position = spans.position
        spans.depth -= 1
        if drafts:
            self.inner.append((drafts, sure))
        return bool(drafts)

    def _braced(self) -> bool:
        """``${…}`` with more than a name in it."""
        head = _BRACED.match(self.script, self.position, self.end)
        if head is None:
            return False
        self._pass(_IN_BRACES, head.end())
        while self.position < self.end and self.script[self.position] != "}":
            # the grammar loses what stands in backquotes there
            if self.script[self.position] != "$" or not self._substitution(sure=False):
                return False
            self._pass(_IN_BRACES, self.position)
        self.position += 1
        return self.position <= self.end


def _redirect(draft: Draft, found: re.Match[str], spans: _Spans) -> bool:
    fd, direction, target = found.group(_FD, _DIRECTION, _TARGET)
    words = draft.words
    # the grammar is at a loss with `- 2>`, and a command does not begin with one here
    if (
        not (words or draft.construct)
        or (fd and words and words[-1].raw == "-")
        or (direction == ">&" and not target.isdigit())
    ):
        return False
    start, end = found.span(_REDIRECT)
    span = spans.span(start, end)
    draft.reach(start, end, *span)
    made = _read_word(draft, found.string, *found.span(_TARGET), spans, None)
    if made is not None:
        draft.redirects = (*draft.redirects, Redirect(direction, fd or None, made, span))
    return made is not None


def tokens(drafts: Sequence[Draft]) -> list[Token]:
    """The commands and the operators between them, as a tree's tokens are."""
    found: list[Token] = []
    for draft in drafts:
        if draft.bang:
            found.append(draft.bang)
        if draft.construct:
            found.append(draft.construct)
        if not draft.construct or draft.redirects:
            found.append(_token(draft))
        if draft.ended_by:
            found.append(_new_token(("operator", draft.end, draft.end, draft.ended_by)))
    return found


def _token(draft: Draft) -> Token:
    return _new_token(("simple", draft.start, draft.end, draft))


def known(token: Token, source: Source) -> Parts | None:
    """What a command that was read without the grammar is made of; None of anything else."""
    value = token.value
    return (
        _parts_of(value, source) if isinstance(value, Draft) else value if isinstance(value, Parts) else None
    )


def _parts_of(draft: Draft, source: Source) -> Parts:
    """Most are programs, of which nobody asks for it."""
    placed = zip(draft.words, draft.starts, strict=True)
    words = [_new_word((arg, source, start, start + len(arg.raw), ())) for arg, start in placed]
    for index, holes in draft.holes.items() if draft.holes else ():
        words[index] = words[index]._replace(holes=tuple(holes))
    expansions: list[Expanding] = [(tokens(inner), sure, index) for index, inner, sure in draft.inner]
    return Parts(words, [*draft.assignments], [*draft.redirects], expansions)
