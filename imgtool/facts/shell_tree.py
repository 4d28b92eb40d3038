"""tree-sitter-bash's tree to tokens, for scripts with an error and the few shapes that :mod:`imgtool.facts.shell_whole` leaves.

The tree is trusted for words, redirections and compound commands, not for how lists, pipelines and
redirections nest (``a && b > f`` redirects the whole list there): those are flattened into tokens, and
:mod:`imgtool.facts.shell_walk` applies the shell's own precedence. Whatever the tree leaves out, and every
kind of node that is not known here, becomes an opaque token.
"""

from __future__ import annotations

# threading under the name that costs no further module
from _thread import _local
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from time import thread_time
from typing import TYPE_CHECKING, Any, Literal

from imgtool.regex import regex
from imgtool.values import NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

from imgtool.facts.shell_words import Hole

MAX_SCRIPT = 16 * 1024
"""Bytes of a script that is read at all. The longest of 6,116 RUNs in the open corpus has 7,469."""

# The grammar's error recovery is quadratic, and what it does after that cannot be stopped. What is longer than any script
# that is known, and has an error, is not worth it.
_MAX_PARSED = 8 * 1024
_MAX_SECONDS = 0.5
# a script of 4 KiB without errors takes half of them
_FREE_STEPS = 64
_MAX_UNCLOSED = 200

Kind = Literal["simple", "word", "operator", "bang", "redirect", "compound", "document", "opaque"]


class Redirection(NamedTuple):
    """Descriptor and operator of a redirection, in offsets; its target is the next word, where it takes one."""

    fd: tuple[int, int] | None
    operator: tuple[int, int]
    takes_target: bool


class Token(NamedTuple):
    """A piece of a command list. ``value`` depends on ``kind``.

    simple: a ``Draft``, or a command's ``Parts``; word: the nodes inside it that expand; operator: its text; redirect: a :class:`Redirection`;
    compound: the node; document: a here-document; opaque: the reason.
    """

    kind: Kind
    start: int
    end: int
    value: object = None


class TooHardError(ValueError):
    """The script is refused before or while it is parsed; the text is the reason."""


# a parser lets other threads run while it works, and crashes where one of them uses it
_own = _local()


def _parser() -> Parser:
    """That of the thread."""
    try:
        found: Parser = _own.parser
    except AttributeError:
        import tree_sitter  # noqa: PLC0415  start-up: only a file with a RUN needs it

        found = _own.parser = tree_sitter.Parser(_language())
    return found


@cache
def _language() -> Language:
    import tree_sitter  # noqa: PLC0415 - likewise

    return tree_sitter.Language(_grammar().language())


def _grammar() -> Any:
    """tree-sitter-bash without its package, which loads 15 ms of importlib.resources for queries that nobody asks for."""
    from importlib.machinery import PathFinder  # noqa: PLC0415 - likewise
    from importlib.util import module_from_spec  # noqa: PLC0415

    package = PathFinder.find_spec("tree_sitter_bash")
    folders = package and package.submodule_search_locations
    spec = PathFinder.find_spec("tree_sitter_bash._binding", folders) if folders else None
    if spec is None or spec.loader is None:
        import tree_sitter_bash  # noqa: PLC0415

        return tree_sitter_bash
    binding = module_from_spec(spec)
    spec.loader.exec_module(binding)
    return binding


CONTROL = regex(rb"[\x00-\x08\x0b-\x1f\x7f]")
# tree-sitter-bash asks C's isdigit() of these characters, which reads beyond its table from U+0100 on, and may crash
_ASKED_FOR_DIGITS = regex(rb"(\{\d*(?:\.\.\d*)?)([\xc4-\xf4][\x80-\xbf]{1,3})")
_LETTERS = {2: "ª".encode(), 3: "ªx".encode(), 4: "ªª".encode()}


def root(data: bytes) -> Node:
    """The tree of a script.

    Raises:
        TooHardError: too long, nested without end, or with bytes that no shell gets to see.
    """
    if len(data) > MAX_SCRIPT:
        raise TooHardError("the script is too long")
    if CONTROL.search(data):
        raise TooHardError("control characters")
    if data.count(b"(") > data.count(b")") + _MAX_UNCLOSED:
        raise TooHardError("parentheses are not closed")
    if len(data) > _MAX_PARSED:
        raise TooHardError("the script is too hard to parse")
    if not data.isascii():
        data = _ASKED_FOR_DIGITS.sub(lambda found: found[1] + _LETTERS[len(found[2])], data)
    enough = _clock()
    parser = _parser()
    try:
        tree = parser.parse(lambda offset, _: data[offset:], progress_callback=lambda *_: enough())
        node = tree.root_node
    except ValueError:
        parser.reset()
        raise TooHardError("the script is too hard to parse") from None
    # the shell needs no separator between `fi` and the next closing word, the grammar does
    if node.has_error and (parted := _CLOSED_TWICE.sub(b";", data)) != data:
        again = root(parted)
        return node if again.has_error else again
    return node


def _clock() -> Callable[[], bool]:
    """Says when the parser has worked long enough. Asking the time takes longer than most scripts do."""
    steps = 0
    deadline = 0.0

    def enough() -> bool:
        nonlocal steps, deadline
        steps += 1
        if steps == _FREE_STEPS:
            deadline = thread_time() + _MAX_SECONDS
        return steps > _FREE_STEPS and thread_time() > deadline

    return enough


_CLOSED_TWICE = regex(
    rb"(?:(?<=\bfi)|(?<=\bdone)|(?<=\besac)|(?<=[})]))[ \t](?=[ \t]*(?:fi|done|esac|else|elif|then|do)\b)"
)

_TRANSPARENT = frozenset(
    "list pipeline redirected_statement negated_command command command_name declaration_command "
    "unset_command variable_assignments".split()
)
_WORDS = frozenset(
    "word string raw_string ansi_c_string translated_string concatenation simple_expansion expansion "
    "command_substitution process_substitution arithmetic_expansion brace_expression number variable_name "
    "special_variable_name variable_assignment subscript array test_operator regex extglob_pattern "
    "$ = == =~ export declare typeset readonly local unset unsetenv".split()
)
_COMPOUNDS = frozenset(
    "compound_statement subshell if_statement while_statement for_statement c_style_for_statement "
    "case_statement function_definition".split()
)
OPERATORS = frozenset(["&&", "||", "|", "|&", ";", "&", "\n"])
_REDIRECTS = frozenset(["file_redirect", "herestring_redirect"])
_SUBSTITUTIONS = frozenset(["command_substitution", "process_substitution"])
_HOLES = _SUBSTITUTIONS | {"expansion", "arithmetic_expansion"}
_LEAVES = frozenset(["word", "number", "raw_string", "variable_name", "test_operator", "string_content"])


Command = Callable[[int, int], Token | None]
"""Reads a command by its place without its node; None where it cannot."""


def tokens(
    nodes: Sequence[Node], data: bytes, start: int, end: int, command: Command | None = None
) -> list[Token]:
    """The tokens of a list of commands that takes up ``data[start:end]``."""
    found: list[Token] = []
    at = start
    for node in nodes:
        first = True
        for token in _flatten(node, command):
            begin = token.start
            if begin - at != 1 or data[at] != _BLANK:
                _between(found, token, data, at, first=first)
            first = False
            if found and _touches(found[-1], token, data):
                if token.kind != "word" or found[-1].kind != "word":
                    return tokens(nodes, data, start, end)
                found.append(_glued(found.pop(), token))
            elif token.end > begin or token.kind == "opaque":
                found.append(token)
            at = max(at, token.end)
    if _unread(data[at:end]):
        found.append(Token("opaque", at, end, "bytes between words"))
    return found


def _between(found: list[Token], token: Token, data: bytes, at: int, *, first: bool) -> None:
    """What a gap before a token adds: the newline that separates statements, bytes that the tree left out."""
    gap = data[at : token.start]
    line = gap.find(b"\n") if first else -1
    if line >= 0 and found and found[-1].kind != "operator" and token.kind != "operator":
        found.append(Token("operator", at + line, at + line + 1, "\n"))
    if _unread(gap):
        found.append(Token("opaque", at, token.start, "bytes between words"))


_BLANK = ord(" ")
_CONTINUED = regex(rb"(?:\\\n)+")
_COMMENT = regex(rb"(?:\A|(?<=\s))#[^\n]*")


def _unread(gap: bytes) -> bool:
    """Whether bytes that no token covers are more than blanks, continuations and comments."""
    return bool(gap.strip(b" \t\n")) and bool(_COMMENT.sub(b"", _CONTINUED.sub(b"", gap)).strip(b" \t\n"))


_OF_WORDS = frozenset(["word", "simple"])


def _touches(before: Token, token: Token, data: bytes) -> bool:
    """Whether two words are one: nothing stands between them but a continued line."""
    if before.kind not in _OF_WORDS or token.kind not in _OF_WORDS:
        return False
    return before.end == token.start or bool(_CONTINUED.fullmatch(data, before.end, token.start))


def _glued(before: Token, token: Token) -> Token:
    return Token("word", before.start, token.end, (*_nodes(before), *_nodes(token)))


def _nodes(token: Token) -> tuple[Node, ...]:
    return token.value if isinstance(token.value, tuple) else ()


def _flatten(node: Node, command: Command | None) -> Iterator[Token]:
    """A statement's tokens in the order in which they stand."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        kind = node.type
        if kind == "command" and command and (read := command(node.start_byte, node.end_byte)):
            yield read
        elif kind in _TRANSPARENT:
            waiting += reversed(node.children)
        elif kind == "word":
            yield Token("word", node.start_byte, node.end_byte, ())
        elif kind in _REDIRECTS:
            yield _redirect(node, waiting)
        else:
            yield from _token(node, kind)


def _token(node: Node, kind: str) -> Iterator[Token]:
    start, end = node.start_byte, node.end_byte
    if node.is_missing or kind == "ERROR":
        yield Token("opaque", start, end, "syntax error")
    elif kind in _WORDS:
        yield Token("word", start, end, (node,))
    elif kind in OPERATORS:
        yield Token("operator", start, end, kind)
    elif kind == "!":
        yield Token("bang", start, end)
    elif kind in _COMPOUNDS:
        yield Token("compound", start, end, node)
    elif kind == "test_command":
        yield from _test(node)
    elif kind != "comment":
        yield Token("opaque", start, end, f"unexpected {kind}")


def _redirect(node: Node, waiting: list[Node]) -> Token:
    """A redirection's own token. Its words wait: all after the first are words of the command."""
    fd: tuple[int, int] | None = None
    operator = (node.start_byte, node.start_byte)
    children = node.children
    for child in children:
        if child.type == "file_descriptor":
            fd = (child.start_byte, child.end_byte)
        elif not child.is_named:
            operator = (child.start_byte, child.end_byte)
            break
    words = [child for child in children if child.start_byte >= operator[1]]
    waiting += reversed(words)
    start = fd[0] if fd else operator[0]
    return Token("redirect", start, operator[1], Redirection(fd, operator, bool(words)))


def _test(node: Node) -> Iterator[Token]:
    """The words of ``[ … ]`` and ``[[ … ]]``, which the grammar reads as an expression."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        kind = node.type
        if node.is_missing or kind == "ERROR":
            yield Token("opaque", node.start_byte, node.end_byte, "syntax error")
        elif node.child_count and kind not in _WORDS:
            waiting += reversed(node.children)
        elif kind != "comment":
            yield Token("word", node.start_byte, node.end_byte, (node,))


class Inside(NamedTuple):
    """What stands inside a word: the parts with rules of their own, and the substitutions.

    A substitution inside ``${…}`` may never run: ``sure`` says which do.
    """

    holes: tuple[Hole, ...]
    substitutions: tuple[tuple[Node, bool], ...]


NOTHING_INSIDE = Inside((), ())


def inside(token: Token, data: bytes) -> Inside:
    """The expansions in a word."""
    if not token.value:
        return NOTHING_INSIDE
    holes: list[Hole] = []
    substitutions: list[tuple[Node, bool]] = []
    waiting = [(node, True, True) for node in reversed(_nodes(token))]
    while waiting:
        node, outer, sure = waiting.pop()
        kind = node.type
        if kind in _LEAVES or not node.child_count:
            continue
        if outer and kind in _HOLES:
            holes.append((_skip_blanks(data, node.start_byte), node.end_byte))
            outer = False
        if kind in _SUBSTITUTIONS:
            substitutions.append((node, sure and kind == "command_substitution"))
        else:
            sure = sure and kind != "expansion"
            waiting += [(child, outer, sure) for child in reversed(node.children)]
    return Inside(tuple(holes), tuple(substitutions))


def _skip_blanks(data: bytes, start: int) -> int:
    """The grammar counts blanks before ``${`` in a string to the expansion."""
    while data[start : start + 1] in (b" ", b"\t", b"\n"):
        start += 1
    return start
