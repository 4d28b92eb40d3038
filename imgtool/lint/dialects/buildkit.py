"""BuildKit's: ``# check=skip=A,B;error=true;experimental=C``, at the top of a file or above an instruction.

Source: ``frontend/dockerfile/linter/linter.go`` of moby/buildkit. At the top it is a parser directive and speaks for the
file; in the comments above an instruction, of which the first counts, ``skip`` alone has effect. The value ends at the
first blank. Names are BuildKit's, in their case; what imgtool calls otherwise is silenced where it has such a name as
an alias. Experimental checks cannot be skipped, and six checks cannot be skipped above an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.edits import Span
from imgtool.lint.dialects.model import Code, Suppression
from imgtool.lint.dialects.own import whole_line
from imgtool.regex import regex
from imgtool.syntax.golang import parse_bool
from imgtool.syntax.nodes import Comment, Document, Instruction
from imgtool.values import dataclass

# a check can be skipped above an instruction, too
_ANYWHERE = frozenset(
    "StageNameCasing FromAsCasing JSONArgsRecommended MaintainerDeprecated UndefinedArgInFrom WorkdirRelativePath"
    " UndefinedVar MultipleInstructionsDisallowed LegacyKeyValueFormat RedundantTargetPlatform SecretsUsedInArgOrEnv"
    " FromPlatformFlagConstDisallowed CopyIgnoredFile ExposeProtoCasing ExposeInvalidFormat".split()
)
_IN_THE_FILE = _ANYWHERE | frozenset(
    "NoEmptyContinuation ConsistentInstructionCasing DuplicateStageName ReservedStageName InvalidBaseImagePlatform"
    " InvalidDefaultArgInFrom".split()
)
EXPERIMENTAL = frozenset({"InvalidDefinitionDescription"})
_ALL = "all"
# these see less here than on the engine, which asks a registry and has build arguments and the context
_SEE_LESS = frozenset(
    "UndefinedVar WorkdirRelativePath InvalidBaseImagePlatform InvalidDefaultArgInFrom CopyIgnoredFile".split()
)
_KNOWN = _IN_THE_FILE | EXPERIMENTAL | {_ALL}

_FORM = regex(rb"#[\s\x00]*check\s*=\s*([^\s=]+=[^ \r\n]*)", re.IGNORECASE)
_MAX_OPTIONS = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What a file's directive asks for: findings that are errors, and experimental checks by BuildKit's name."""

    error: bool = False
    experimental: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Option:
    """One ``key=value`` of a comment: the value's items with their places."""

    key: str
    items: tuple[tuple[str, Span], ...]
    span: Span


def options(document: Document) -> Options:
    """The options of the file's directive; what BuildKit refuses has none."""
    found = Options()
    for directive in document.directives:
        for option in _options(document, directive.span) if directive.name == "check" else ():
            names = frozenset(text for text, _ in option.items)
            if option.key == "error":
                found = Options(any(parse_bool(name) for name in names), found.experimental)
            elif option.key == "experimental":
                found = Options(found.error, EXPERIMENTAL if _ALL in names else names & EXPERIMENTAL)
    return found


def read(document: Document) -> Iterator[Suppression]:
    """The suppressions of this dialect, in file order."""
    for directive in document.directives:
        if directive.name == "check":
            comment = Comment(directive.value, directive.span, directive.line)
            yield from _skips(document, comment, Span(0, len(document.data)), _IN_THE_FILE)
    for instruction in document.instructions:
        first = _first(document, instruction)
        if first is not None:
            yield from _skips(document, first, instruction.span, _ANYWHERE)


def _first(document: Document, instruction: Instruction) -> Comment | None:
    return next((c for c in instruction.comments if _FORM.match(document.data, *c.span)), None)


def _skips(
    document: Document, comment: Comment, covers: Span, checks: frozenset[str]
) -> Iterator[Suppression]:
    found = _options(document, comment.span)
    for option in found:
        if option.key == "skip":
            codes = tuple(_code(text, span, checks) for text, span in option.items)
            alone = len(found) == 1
            whole = whole_line(document, comment.line) if alone else _with_separator(found, option)
            yield Suppression(comment, codes, covers, whole, "BuildKit")


def _with_separator(found: list[_Option], option: _Option) -> Span:
    """An option with the semicolon that parts it from the next, or from the one before."""
    at = found.index(option)
    if at + 1 < len(found):
        return Span(option.span.start, found[at + 1].span.start)
    return Span(found[at - 1].span.end, option.span.end)


def _code(text: str, span: Span, checks: frozenset[str]) -> Code:
    silenced = checks if text == _ALL else checks & {text}
    judged = text != _ALL and text not in _SEE_LESS
    return Code(text, span, frozenset(map(str.lower, silenced)), text in _KNOWN, judged)


def _options(document: Document, where: Span) -> list[_Option]:
    """The options of a comment; none where it has not the form."""
    match = _FORM.match(document.data, *where)
    if not match:
        return []
    at = match.start(1)
    found = []
    for text in match[1].split(b";", _MAX_OPTIONS - 1):
        key, _, value = text.partition(b"=")
        start = at + len(key) + 1
        found.append(
            _Option(
                key.decode("utf-8", "replace").strip(), tuple(_items(value, start)), Span(at, at + len(text))
            )
        )
        at += len(text) + 1
    return found


def _items(value: bytes, at: int) -> Iterator[tuple[str, Span]]:
    for item in value.split(b","):
        if item:
            yield item.decode("utf-8", "replace").strip(), Span(at, at + len(item))
        at += len(item) + 1
