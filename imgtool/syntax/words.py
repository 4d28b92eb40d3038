"""BuildKit's words: quotes, escapes, variables and here-document markers.

Source of every rule: ``frontend/dockerfile/shell/lex.go`` and ``frontend/dockerfile/parser/parser.go`` of
moby/buildkit. Two oddities of theirs are kept because builds show them: a ``${v:-w}`` drops what stands
before it in the same word when a line is split into words (``EXPOSE 80${X:-81}`` exposes 81), and in
``${v//p/r}`` a ``$`` of the replacement is read as a regular expression's group.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping

from imgtool.regex import regex
from imgtool.syntax.golang import SPACES, quote
from imgtool.values import NamedTuple, maker

# how much longer than the word its text may be: what a process can be given in one variable (MAX_ARG_STRLEN).
# A few lines of doubling (ENV A=$A$A) grow past any bound.
MAX_GROWTH = 1 << 17
# states that all pattern matches of one word may visit: 64 characters of pattern on 1 KiB of value
MAX_STATES = 1 << 16
MAX_DEPTH = 100

_SPECIAL = regex(r"[$'\"<\\`]")
_RUN = regex(r"[^$'\"<\\`}/]+")
_QUOTED_RUN = regex(r'[^$"\\`]+')
_MARKER = regex(r"(\d*+)<<(-?)[\t\n\f\r ]*+([^<]*+)", re.ASCII)
_GROUP = regex(r"\$(?:\$|\{(\w+)\}|(\w+))")
_NAME = regex(r"[@*#?\-$!]|[0-9]+|[A-Za-z_][A-Za-z0-9_]*")
# a word without escapes, single quotes and modifiers, and what in it is not its text
_SIMPLE = regex(r"(?:[^$'\"\\`]++|\"|\$(?:[A-Za-z_]|\{[A-Za-z_][A-Za-z0-9_]*+\}))*+")
_REPLACED = regex(r"\"|\$(?:([A-Za-z_][A-Za-z0-9_]*+)|\{([A-Za-z_][A-Za-z0-9_]*+)\})")
_PARAMETERS = frozenset("@*#?-$!")
# what Go's scanner gives at the end of the text, printed
_END = "\ufffd"
_BOM = "\ufeff"


class WordError(ValueError):
    """BuildKit refuses the word; the text is its message."""


class Expansion(NamedTuple):
    """A word after expansion.

    ``text`` is None where it depends on a variable of unknown value, or grows by more than :data:`MAX_GROWTH`.
    ``used`` are the names met that are set, ``unset`` those that are not.
    """

    text: str | None
    used: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()


_made = maker(Expansion)


class Variable(NamedTuple):
    """A ``$NAME`` or ``${NAME…}`` and where it stands in the word; ``modifier`` is what follows the name."""

    name: str
    start: int
    end: int
    modifier: str = ""


class HeredocMark(NamedTuple):
    """A ``<<NAME`` in a line: ``expand`` is false where the name is quoted, ``chomp`` true for ``<<-``."""

    name: str
    fd: int
    expand: bool
    chomp: bool
    start: int = 0
    end: int = 0


class _Unknown(dict[str, str | None]):
    """An environment in which every name may be set."""

    def __missing__(self, _name: str) -> None:
        return None


UNKNOWN: Mapping[str, str | None] = _Unknown()
_NOTHING: Mapping[str, str | None] = {}


def is_plain(word: str) -> bool:
    """Whether expansion leaves the word as it is, whatever the variables."""
    return not _SPECIAL.search(word) and (word.isascii() or word[0] != _BOM)


def expand(word: str, env: Mapping[str, str | None], escape: str = "\\") -> Expansion:
    """Quotes and escapes removed, variables replaced by their values.

    A name is set where ``env[name]`` raises no ``KeyError``; a value of None is set to something unknown.

    Raises:
        WordError: BuildKit refuses the word.
    """
    return Expansion(word) if is_plain(word) else expand_special(word, env, escape)


def expand_special(word: str, env: Mapping[str, str | None], escape: str = "\\") -> Expansion:
    """:func:`expand` for a word that is known not to be plain."""
    return _simple_expansion(word, env) or _expansion(_Lexer(word, env, escape))


def _simple_expansion(word: str, env: Mapping[str, str | None]) -> Expansion | None:
    """The same for what most words are, in a tenth of the time; None where there is more to a word."""
    quote = "'" if "'" in word else '"'
    if word.count(quote) % 2 or not word.isascii():
        return None
    if "$" in word:
        return _filled(word, env) if _SIMPLE.fullmatch(word) else None
    if "\\" in word or "`" in word or (quote == "'" and '"' in word):
        return None
    return Expansion(word.replace(quote, ""))


def _filled(word: str, env: Mapping[str, str | None]) -> Expansion:
    used: set[str] = set()
    unset: set[str] = set()
    # plain text, the two ways to write a name, plain text, ...: a match object for each takes longer
    split = _REPLACED.split(word)
    pieces: list[str] = [split[0]]
    room = len(word) + MAX_GROWTH
    known, grown = True, 0
    for at in range(1, len(split), 3):
        name = split[at] or split[at + 1]
        if name:
            try:
                value = env[name]
            except KeyError:
                unset.add(name)
            else:
                used.add(name)
                grown += 0 if value is None else len(value)
                if value is None or grown > room:
                    known = False
                else:
                    pieces.append(value)
        pieces.append(split[at + 2])
    text = "".join(pieces) if known else None
    if text is not None and len(text) > room:
        text = None
    return _made((text, frozenset(used), frozenset(unset)))


def expand_content(content: str, env: Mapping[str, str | None]) -> Expansion:
    r"""The body of a COPY or ADD here-document: quotes are plain characters, the escape is always ``\``.

    Raises:
        WordError: BuildKit refuses the body.
    """
    return _expansion(_Lexer(content, env, "\\", quotes=False))


def _expansion(lexer: _Lexer) -> Expansion:
    text = lexer.run()
    return Expansion(text, frozenset(lexer.used), frozenset(lexer.unset))


def expand_words(word: str, env: Mapping[str, str | None], escape: str = "\\") -> tuple[str, ...] | None:
    """The word expanded, then split at blanks that are not quoted; None where that depends on an unknown value.

    Raises:
        WordError: BuildKit refuses the word.
    """
    if word and word.isascii() and word.isprintable() and " " not in word and is_plain(word):
        return (word,)
    splitter = _Splitter(word)
    _Lexer(word, env, escape, words=splitter).run()
    splitter.flush()
    return None if splitter.unknown else tuple(text for text, _, _ in splitter.words)


def variables(word: str, escape: str = "\\", *, quotes: bool = True) -> tuple[Variable, ...]:
    """Every variable met, in order, those nested in another after it; up to the first mistake in the word."""
    if "$" not in word:
        return ()
    if word.isascii() and _SIMPLE.fullmatch(word):
        return tuple(
            Variable(v[1] or v[2], v.start(), v.end()) for v in _REPLACED.finditer(word) if v[0] != '"'
        )
    lexer = _Lexer(word, UNKNOWN, escape, quotes=quotes)
    with contextlib.suppress(WordError):
        lexer.run()
    return tuple(lexer.found[index] for index in sorted(lexer.found))


def heredocs(line: str) -> tuple[HeredocMark, ...]:
    """The here-documents that a line announces, in order of appearance, with start and end in the line.

    Raises:
        WordError: a name is quoted in a way that BuildKit refuses.
    """
    if "<<" not in line:
        return ()
    splitter = _Splitter(line)
    try:
        _Lexer(line, _NOTHING, "\\", raw_quotes=True, raw_escapes=True, keep_unset=True, words=splitter).run()
    except WordError:
        # BuildKit drops this error: a line whose quotes do not close has no here-documents
        return ()
    splitter.flush()
    found = ((heredoc(text), start, end) for text, start, end in splitter.words)
    return tuple(
        HeredocMark(mark.name, mark.fd, mark.expand, mark.chomp, start, end)
        for mark, start, end in found
        if mark
    )


def heredoc(word: str) -> HeredocMark | None:
    """The here-document that one word announces, if it does.

    Raises:
        WordError: its name is quoted in a way that BuildKit refuses.
    """
    found = _MARKER.fullmatch(word) if "<<" in word else None
    if not found or not found[3]:
        return None
    plain = _name_words(found[3], raw_quotes=False)
    if len(plain) != 1:
        return None
    raw = _name_words(found[3], raw_quotes=True)
    if len(raw) != 1:
        raise WordError(f"internal lexing of heredoc produced inconsistent results: {found[3]}")
    fd = min(int(found[1][:20] or 0), 2**64 - 1)
    return HeredocMark(plain[0], fd, _quotes(plain[0]) == _quotes(raw[0]), found[2] == "-", 0, len(word))


def _name_words(text: str, *, raw_quotes: bool) -> list[str]:
    splitter = _Splitter(text)
    _Lexer(text, _NOTHING, "\\", raw_quotes=raw_quotes, keep_unset=True, words=splitter).run()
    splitter.flush()
    return [word for word, _, _ in splitter.words]


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')


class _Pieces:
    """Text put together from known and unknown pieces; unknown too where it grows longer than ``room``."""

    __slots__ = ("_parts", "_room")

    def __init__(self, room: int) -> None:
        self._parts: list[str] = []
        self._room = room

    def add(self, text: str | None) -> None:
        self._room = -1 if text is None else self._room - len(text)
        if text and self._room >= 0:
            self._parts.append(text)

    @property
    def text(self) -> str | None:
        return "".join(self._parts) if self._room >= 0 else None


class _Splitter:
    """Collects the words of a line while it is read."""

    __slots__ = ("_end", "_parts", "_room", "_start", "words")

    def __init__(self, line: str) -> None:
        self.words: list[tuple[str, int, int]] = []
        self._parts: list[str] = []
        self._room = len(line) + MAX_GROWTH
        self._start = self._end = 0

    @property
    def unknown(self) -> bool:
        return self._room < 0

    def split(self, text: str | None, start: int, end: int) -> None:
        """Add text in which blanks separate words; ``start`` and ``end`` are its place in the line."""
        literal = text is not None and end - start == len(text)
        for index, char in enumerate(text or ""):
            if char in SPACES:
                self.flush()
            elif literal:
                self.add(char, start + index, start + index + 1)
            else:
                self.add(char, start, end)
        if text is None:
            self.add(None, start, end)

    def add(self, text: str | None, start: int, end: int) -> None:
        """Add text that belongs to the current word whatever it holds."""
        self._room = -1 if text is None else self._room - len(text)
        if text and self._room >= 0:
            if not self._parts:
                self._start = start
            self._parts.append(text)
            self._end = end

    def clear(self) -> None:
        """Forget the current word, as BuildKit does when it reads the inside of a ``${v:-w}``."""
        self._parts.clear()

    def flush(self) -> None:
        if self._parts:
            self.words.append(("".join(self._parts), self._start, self._end))
            self._parts.clear()


class _Lexer:
    """One pass over one word. ``run`` gives the text; ``used``, ``unset`` and ``found`` fill on the way."""

    __slots__ = (
        "_depth", "_env", "_escape", "_keep_unset", "_position", "_quotes", "_raw_escapes", "_raw_quotes",
        "_states", "_word", "_words", "found", "unset", "used",
    )  # fmt: skip

    def __init__(
        self,
        word: str,
        env: Mapping[str, str | None],
        escape: str,
        *,
        quotes: bool = True,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        keep_unset: bool = False,
        words: _Splitter | None = None,
    ) -> None:
        self._word = word
        self._env = env
        self._escape = escape
        self._quotes = quotes
        self._raw_quotes = raw_quotes
        self._raw_escapes = raw_escapes
        self._keep_unset = keep_unset
        self._words = words
        # Go's scanner skips a byte-order mark at the start
        self._position = 1 if word.startswith(_BOM) else 0
        self._depth = 0
        self._states = 0
        self.used: set[str] = set()
        self.unset: set[str] = set()
        # by start: a variable is complete after those nested in it
        self.found: dict[int, Variable] = {}

    def run(self) -> str | None:
        try:
            return self._until("", raw_escapes=self._raw_escapes)
        except WordError as error:
            raise WordError(f"failed to process {quote(self._word)}: {error}") from None

    # --- text ---

    def _until(self, stop: str, *, raw_escapes: bool) -> str | None:
        """Read up to and with ``stop``, or to the end where it is empty. None: the text is not known."""
        word = self._word
        pieces = _Pieces(len(word) + MAX_GROWTH)
        words = None if stop else self._words
        if stop and self._words:
            self._words.clear()
        outer, self._raw_escapes = self._raw_escapes, raw_escapes
        while self._position < len(word):
            start = self._position
            if word[start] == stop:
                self._position += 1
                self._raw_escapes = outer
                return pieces.text
            text, splits = self._piece(word[start])
            pieces.add(text)
            if words:
                (words.split if splits else words.add)(text, start, self._position)
        if stop:
            raise WordError(f"unexpected end of statement while looking for matching {stop}")
        return pieces.text

    def _piece(self, char: str) -> tuple[str | None, bool]:
        """The next piece of text, and whether blanks in it separate words."""
        if plain := _RUN.match(self._word, self._position):
            self._position = plain.end()
            return plain[0], True
        if char == "$":
            return self._dollar(), True
        if char == self._escape:
            return self._escaped(), False
        if char == "<":
            return self._angle(), False
        if self._quotes and char in "'\"":
            return (self._single() if char == "'" else self._double()), False
        self._position += 1
        return char, False

    def _escaped(self) -> str:
        start = self._position
        self._position = min(start + 2, len(self._word))
        return self._word[start if self._raw_escapes else start + 1 : start + 2]

    def _angle(self) -> str:
        start = self._position
        self._position += 1
        if self._peek() != "<":
            return "<"
        self._position += 1
        # blanks between << and a name belong to the word
        while self._peek() in ("\t", "\r", " "):
            self._position += 1
        return self._word[start : self._position]

    def _single(self) -> str:
        start = self._position
        end = self._word.find("'", start + 1)
        if end < 0:
            self._position = len(self._word)
            raise WordError("unexpected end of statement while looking for matching single-quote")
        self._position = end + 1
        return self._word[start : end + 1] if self._raw_quotes else self._word[start + 1 : end]

    def _double(self) -> str | None:
        word = self._word
        pieces = _Pieces(len(word) + MAX_GROWTH)
        mark = '"' if self._raw_quotes else ""
        pieces.add(mark)
        self._position += 1
        while self._position < len(word):
            char = word[self._position]
            if char == '"':
                self._position += 1
                pieces.add(mark)
                return pieces.text
            if char == "$":
                pieces.add(self._dollar())
            elif plain := _QUOTED_RUN.match(word, self._position):
                self._position = plain.end()
                pieces.add(plain[0])
            else:
                pieces.add(self._double_escape(char))
        raise WordError("unexpected end of statement while looking for matching double-quote")

    def _double_escape(self, char: str) -> str:
        # inside double quotes the escape is a plain character but before ", $ and itself
        self._position += 1
        if char != self._escape:
            return char
        after = self._peek()
        kept = char if self._raw_escapes else ""
        if after and after in ('"', "$", self._escape):
            self._position += 1
            return kept + after
        return kept + char

    def _peek(self) -> str:
        return self._word[self._position : self._position + 1]

    # --- variables ---

    def _dollar(self) -> str | None:
        start = self._position
        self._position += 1
        if self._peek() == "{":
            return self._braces(start)
        name = self._name()
        if not name:
            return "$"
        self.found[start] = Variable(name, start, self._position)
        is_set, value = self._get(name)
        return f"${name}" if self._keep_unset and not is_set else value

    def _name(self) -> str:
        """A name of letters, digits and underscores, all the digits that it begins with, or a special parameter."""
        word, start = self._word, self._position
        found = _NAME.match(word, start)
        end = found.end() if found else start
        if not word[end : end + 1].isascii() and word[start : start + 1] not in _PARAMETERS:
            # letters and digits of other scripts, but not all that \w takes
            only_digits = word[start].isdecimal()
            while end < len(word) and (word[end].isdecimal() or (not only_digits and _is_letter(word[end]))):
                end += 1
        self._position = end
        return word[start:end]

    def _get(self, name: str) -> tuple[bool, str | None]:
        """Whether it is set, and to what; None is unknown."""
        try:
            value = self._env[name]
        except KeyError:
            self.unset.add(name)
            return False, ""
        self.used.add(name)
        return True, value

    def _braces(self, start: int) -> str | None:
        self._position += 1
        following = self._peek()
        if not following:
            raise WordError("syntax error: missing '}'")
        if following in "{}:":
            raise WordError("syntax error: bad substitution")
        name = self._name()
        at = self._position
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise WordError(f"substitutions nested more than {MAX_DEPTH} deep")
        value = self._substitution(name)
        self._depth -= 1
        self.found[start] = Variable(name, start, self._position, self._word[at : self._position - 1])
        return value

    def _substitution(self, name: str) -> str | None:
        modifier = self._next()
        if modifier == "}":
            is_set, value = self._get(name)
            return f"${{{name}}}" if self._keep_unset and not is_set else value
        if modifier == "/":
            return self._replace(name)
        if modifier not in ("+", "-", "?", "#", "%", ":"):
            raise WordError(f"unsupported modifier ({modifier}) in substitution")
        return self._modified(name, modifier)

    def _next(self) -> str:
        char = self._peek()
        self._position += len(char)
        return char or _END

    def _modified(self, name: str, shown: str) -> str | None:
        colon = shown == ":"
        modifier = self._next() if colon else shown
        shown = f":{modifier}" if colon else modifier
        trims = modifier in ("#", "%")
        if colon and trims:
            raise WordError(f"unsupported modifier ({shown}) in substitution")
        operand = self._part("}", raw_escapes=trims)
        is_set, value = self._get(name)
        if self._keep_unset and not is_set:
            return f"${{{name}{shown}{operand}}}"
        if trims:
            return self._trimmed(value, operand, suffix=modifier == "%")
        if modifier not in ("+", "-", "?"):
            raise WordError(f"unsupported modifier ({shown}) in substitution")
        if is_set and value is None:
            return None
        empty = not is_set or (colon and value == "")
        if modifier == "+":
            return "" if empty else operand
        if modifier == "-":
            return operand if empty else value
        if empty:
            reason = f"is not allowed to be {'empty' if is_set else 'unset'}"
            raise WordError(f"{name}: {operand or reason}")
        return value

    def _part(self, stop: str, *, raw_escapes: bool) -> str | None:
        try:
            return self._until(stop, raw_escapes=raw_escapes)
        except WordError:
            if self._position < len(self._word):
                raise
            missing = "missing '}'" if stop == "}" else "missing '/' in ${}"
            raise WordError(f"syntax error: {missing}") from None

    # --- patterns ---

    def _trimmed(self, value: str | None, pattern: str | None, *, suffix: bool) -> str | None:
        if pattern is None:
            return None
        greedy = pattern.startswith("%" if suffix else "#")
        pattern = pattern[greedy:]
        # the shortest match at the end is the leftmost one in the reversed text
        tokens = _tokens(_reversed(pattern) if suffix else pattern)
        if value is None:
            return None
        text = value[::-1] if suffix else value
        try:
            end = self._match(tokens, text, 0, set(), greedy=greedy)
        except OverflowError:
            return None
        rest = text[end or 0 :]
        return rest[::-1] if suffix else rest

    def _replace(self, name: str) -> str | None:
        every = self._peek() == "/"
        self._position += every
        pattern = self._part("/", raw_escapes=True)
        replacement = self._part("}", raw_escapes=True)
        is_set, value = self._get(name)
        if self._keep_unset and not is_set:
            return f"${{{name}/{pattern}/{replacement}}}"
        tokens = _tokens(pattern) if pattern is not None else None
        if tokens is None or replacement is None or value is None:
            return None
        try:
            return self._replaced(value, tokens, replacement, every=every)
        except OverflowError:
            return None

    def _replaced(self, value: str, tokens: list[int], replacement: str, *, every: bool) -> str:
        """Go's ``ReplaceAllString``: an empty match right behind another match does not count."""
        out: list[str] = []
        at = last = size = 0
        while at <= len(value):
            found = self._search(tokens, value, at)
            if found is None:
                break
            start, end = found
            out.append(value[last:start])
            if end > last or start == 0:
                out.append(_template(replacement, value[start:end]) if every else replacement)
                size += len(out[-1])
            last = end
            if not every or size > MAX_GROWTH:
                break
            at = max(at + 1, end)
        if size > MAX_GROWTH:
            raise OverflowError
        return "".join(out) + value[last:]

    def _search(self, tokens: list[int], text: str, at: int) -> tuple[int, int] | None:
        literal = tokens[0] if tokens else _STAR
        # what did not match from one start does not from a later one either
        seen: set[tuple[int, int]] = set()
        while at <= len(text):
            if literal >= 0:
                at = text.find(chr(literal), at)
                if at < 0:
                    return None
            end = self._match(tokens, text, at, seen, greedy=True)
            if end is not None:
                return at, end
            at += 1
        return None

    def _match(
        self, tokens: list[int], text: str, at: int, seen: set[tuple[int, int]], *, greedy: bool
    ) -> int | None:
        """Where a match that starts at ``at`` ends, by the leftmost-first rule; no state in ``seen`` is tried again.

        Raises:
            OverflowError: the word's matches visited more than :data:`MAX_STATES` states.
        """
        stack = [(0, at)]
        while stack:
            state = stack.pop()
            if state in seen:
                continue
            seen.add(state)
            self._states += 1
            if self._states > MAX_STATES:
                raise OverflowError
            index, position = state
            if index == len(tokens):
                return position
            token = tokens[index]
            # like Go's dot, a wildcard does not cross a newline
            more = position < len(text) and (
                text[position] != "\n" if token < 0 else ord(text[position]) == token
            )
            if token == _STAR:
                skip, take = (index + 1, position), (index, position + 1)
                stack += ([skip, take] if greedy else [take, skip]) if more else [skip]
            elif more:
                stack.append((index + 1, position + 1))
        return None


_STAR, _ANY = -1, -2


def _is_letter(char: str) -> bool:
    return char.isalpha() or char == "_"


def _tokens(pattern: str) -> list[int]:
    r"""A pattern as code points and wildcards; ``\`` takes ``*``, ``?`` and ``\`` literally."""
    tokens = []
    at = 1 if pattern.startswith(_BOM) else 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\":
            # a brace or slash is escaped to be part of the ${}; the escape is not part of the pattern
            char = pattern[at : at + 1]
            if not char or char not in "*?\\}/":
                raise WordError(
                    f"invalid pattern ({pattern}) in substitution: invalid escape '\\{char or _END}'"
                )
            at += 1
            tokens.append(ord(char))
        else:
            tokens.append(_STAR if char == "*" else _ANY if char == "?" else ord(char))
    return tokens


def _reversed(pattern: str) -> str:
    """A pattern from back to front, escapes staying before what they escape."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join(reversed(pieces))


def _template(replacement: str, match: str) -> str:
    """Go's ``Regexp.Expand`` for a pattern without groups: ``$$``, ``$0``, and every other ``$name`` empty."""
    if "$" not in replacement:
        return replacement

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return "$" if name is None else match if name == "0" else ""

    return _GROUP.sub(group, replacement)
