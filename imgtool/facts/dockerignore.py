"""``.dockerignore``: reading it, and which paths it keeps from the builder.

Reading follows moby/patternmatcher's ``ignorefile.ReadAll``, compiling its ``New``, deciding its
``MatchesUsingParentResults`` with the walk around it in tonistiigi/fsutil's ``filter.go``: what the docker command
does when it sends a build context. ``COPY --exclude`` uses the same matcher, on paths relative to the copied folder.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from imgtool.edits import Span
from imgtool.facts.automaton import Matcher
from imgtool.facts.globs import BadPatternError, compile_ignore
from imgtool.regex import regex
from imgtool.syntax.source import BOM
from imgtool.values import NamedTuple, dataclass, field

MAX_LINE = 0xFFFF
"""Bytes of the longest line that Go's scanner takes; a longer one fails the build."""

MAX_PATTERNS = 10_000
"""More patterns than that are not read: nobody writes them, and each costs time at every path."""

MAX_PATH = 4096
"""Bytes of the longest path that Linux takes; nothing longer is asked about."""

# unicode.IsSpace; str.strip() would take U+001C to U+001F too
_GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: ``text`` is cleaned and without its ``!``, which is ``exclusion`` (the path is let in again).

    ``line`` is 1-based. ``span`` is what stands in the file, without the spaces around it.
    """

    text: str
    exclusion: bool
    line: int
    span: Span
    match: Matcher = field(repr=False)


@dataclass(frozen=True, slots=True)
class IgnoreError:
    """A line that fails the build, with Go's reason."""

    line: int
    span: Span
    message: str


class Verdict(NamedTuple):
    """What the patterns say of one path: whether it is kept out, by which pattern, and which of them hit it."""

    ignored: bool
    by: Pattern | None
    hits: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Ignore:
    """The patterns of a ``.dockerignore`` in their order. Where ``errors`` holds any, no image is built with it."""

    patterns: tuple[Pattern, ...] = ()
    errors: tuple[IgnoreError, ...] = ()

    @staticmethod
    def parse(data: bytes) -> Ignore:
        """The patterns of a file. Never raises."""
        return _parse(data)

    @staticmethod
    def of(patterns: Iterable[str]) -> Ignore:
        """Patterns that come one by one, as with ``COPY --exclude``: no comments, and a leading ``/`` stays."""
        return _compile((text, number, Span(0, 0)) for number, text in enumerate(patterns, 1))

    @property
    def has_exclusions(self) -> bool:
        """Whether any line begins with ``!``; BuildKit's CopyIgnoredFile check is off then."""
        return any(pattern.exclusion for pattern in self.patterns)

    def matches(self, path: str) -> bool:
        """Whether a path, relative to the context and with ``/``, is kept out; the context itself never is."""
        return self._judge(path).ignored

    def explain(self, path: str) -> Pattern | None:
        """The pattern that decides about a path, or None where none speaks of it."""
        return self._judge(path).by

    def enter(self, path: str, above: Verdict | None) -> Verdict:
        """The verdict on a cleaned path, given that on its folder (None at the top)."""
        hits: list[bool] = []
        ignored, by = False, None
        for index, pattern in enumerate(self.patterns):
            # a pattern that hit the folder hits all in it; others are asked only where they would change something
            hit = (above is not None and above.hits[index]) or (
                pattern.exclusion == ignored and pattern.match(path)
            )
            hits.append(hit)
            if hit:
                ignored, by = not pattern.exclusion, pattern
        return Verdict(ignored, by, tuple(hits))

    def descends(self, folder: str) -> bool:
        """Whether an ignored folder is walked all the same, because a ``!`` line may let in something below it.

        As in fsutil, an exclusion whose only wildcard is a last ``/*`` or ``/**`` counts as its path alone: after
        ``a/b``, the line ``!a/*/**`` lets nothing in.
        """
        kept = [_without_last_glob(pattern.text) for pattern in self.patterns if pattern.exclusion]
        if any(char in text for text in kept for char in "*[]?^\\"):
            return True
        return any(f"{text}/".startswith(f"{folder}/") for text in kept)

    def _judge(self, path: str) -> Verdict:
        verdict, folder = Verdict(ignored=False, by=None, hits=()), ""
        for part in _prefixes(path):
            if verdict.ignored and not self.descends(folder):
                break
            verdict = self.enter(part, verdict if folder else None)
            folder = part
        return verdict


def clean(path: str) -> str:
    """Go's ``filepath.Clean``: no double slash, no ``.``, and no ``..`` but at the start."""
    cleaned = posixpath.normpath(path)
    # POSIX gives two leading slashes a meaning, Go does not
    return cleaned[1:] if cleaned.startswith("//") else cleaned


# a slash is between names alone, and none of these is a dot or two
_IS_CLEAN = regex(r"(?:[\w*$+@~-][\w*$+@~.-]*/)*[\w*$+@~-][\w*$+@~.-]*", re.ASCII)


def inside(path: str) -> str:
    """A path as the builder takes it, relative to the context: ``..`` ends at its root, which is ``""``."""
    if _IS_CLEAN.fullmatch(path):
        return path
    return clean(f"/{path}")[1:]


def _prefixes(path: str) -> Iterator[str]:
    """``a``, ``a/b``, ``a/b/c``."""
    path = inside(path)
    if not path or len(path) > MAX_PATH:
        return
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path


def _without_last_glob(text: str) -> str:
    return text.removesuffix("/**").removesuffix("/*")


@lru_cache(maxsize=16)
def _parse(data: bytes) -> Ignore:
    # cached: one .dockerignore serves all Dockerfiles of a repository
    entries: list[tuple[str, int, Span]] = []
    start = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > MAX_LINE:
            span = Span(start, start + len(line))
            return Ignore(errors=(IgnoreError(number, span, f"line is longer than {MAX_LINE:,} bytes"),))
        skipped = len(BOM) if number == 1 and line.startswith(BOM) else 0
        entries.extend(_read(line[skipped:], number, start + skipped))
        start += len(line) + 1
    return _compile(entries)


def _read(line: bytes, number: int, start: int) -> Iterator[tuple[str, int, Span]]:
    """A line's pattern, cleaned, with its ``!``; nothing for a comment or an empty line."""
    text = line.decode("utf-8", "surrogateescape")
    stripped = text.strip(_GO_SPACE)
    if text.startswith("#") or not stripped:
        return
    start += _size(text[: text.index(stripped)])
    rest = stripped.removeprefix("!").strip(_GO_SPACE)
    rest = clean(rest) if rest else ""
    if len(rest) > 1:
        rest = rest.removeprefix("/")
    yield "!" * stripped.startswith("!") + rest, number, Span(start, start + _size(stripped))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _compile(entries: Iterable[tuple[str, int, Span]]) -> Ignore:
    patterns: list[Pattern] = []
    errors: list[IgnoreError] = []
    for text, number, span in entries:
        if len(patterns) == MAX_PATTERNS:
            errors.append(IgnoreError(number, span, f"more than {MAX_PATTERNS:,} patterns"))
            break
        # a second cleaning, as in New: "/!a" has become an exclusion by now, and "!/" none at all
        stripped = text.strip(_GO_SPACE)
        if not stripped:
            continue
        cleaned = clean(stripped)
        try:
            patterns.append(_pattern(cleaned, number, span))
        except BadPatternError as error:
            errors.append(IgnoreError(number, span, str(error)))
    return Ignore(tuple(patterns), tuple(errors))


def _pattern(cleaned: str, number: int, span: Span) -> Pattern:
    text = cleaned.removeprefix("!")
    if not text:
        raise BadPatternError('illegal exclusion pattern: "!"')
    return Pattern(text, cleaned.startswith("!"), number, span, compile_ignore(text))
