"""RUN instructions as lists of commands, taken apart and put together again.

Nothing is re-printed: what stays keeps its bytes, what goes takes its connector with it, what is added takes
the layout of its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from imgtool.edits import Edit, Span, cut
from imgtool.facts.commands import SCRIPT_STRING, Command, Script
from imgtool.facts.facts import Run
from imgtool.regex import regex
from imgtool.syntax.nodes import Document
from imgtool.values import NamedTuple

# a command with one of these at the top level changes what the commands after it do
_STATEFUL = frozenset(
    {
        *(
            "cd",
            "pushd",
            "popd",
            "export",
            "unset",
            "declare",
            "typeset",
            "readonly",
            "local",
            "let",
            "read",
            "((",
            "getopts",
        ),
        *(
            "set",
            "shopt",
            "umask",
            "ulimit",
            "trap",
            "alias",
            "unalias",
            "hash",
            "enable",
            "source",
            ".",
            "eval",
        ),
        *("exec", "exit", "return", "nvm", "module", "workon", "deactivate", "mapfile", "readarray"),
    }
)
# shell functions that programs of the same name install
_ACTIVATES = frozenset({"conda", "mamba", "micromamba", "pyenv", "rbenv"})
_ACTIVATE = frozenset({"activate", "deactivate", "shell"})
# what a command in one of these changes, nobody outside sees
_OWN_SHELL = frozenset({"subshell", "substitution", SCRIPT_STRING, "heredoc"})
_ASSIGNS = regex(rb"\$\{\w+:?=|\(\(")


class Segment(NamedTuple):
    """One item of a RUN's top-level list, with the commands in it."""

    span: Span
    commands: tuple[Command, ...]


def segments(script: Script) -> tuple[Segment, ...]:
    """The top-level list items in order."""
    grouped: dict[Span, list[Command]] = {}
    for command in script.commands:
        grouped.setdefault(command.item, []).append(command)
    return tuple([Segment(span, tuple(grouped[span])) for span in sorted(grouped)])


@lru_cache(maxsize=64)
def items(run: Run) -> tuple[Segment, ...]:
    """Those of a RUN: a fix asks for them many times."""
    return segments(run.script)


# between two items: continuations, comments and one && are all that a chain may hold
_GAP = regex(r"(?:[ \t\r\n\\`]|^[ \t]*#[^\n]*\n)*&&(?:[ \t\r\n\\`]|^[ \t]*#[^\n]*\n)*", re.MULTILINE)


def is_chain(data: bytes, run: Run) -> bool:
    """Whether a RUN is understood and its commands are joined by ``&&`` alone, in shell form."""
    node = run.instruction.inner or run.instruction
    if node.json or run.instruction.heredocs or not run.script.understood:
        return False
    own = items(run)
    return (
        bool(own) and run.script.operators <= {"&&"} and all(_GAP.fullmatch(gap) for gap in _gaps(data, run))
    )


def is_list(data: bytes, run: Run) -> bool:
    """Whether a RUN is understood and its :func:`units` are joined by ``&&``, ``;`` and line ends alone.

    In shell form, or a here-document that is the whole script.
    """
    node = run.instruction.inner or run.instruction
    heredocs = run.instruction.heredocs
    if node.json or not run.script.understood or (heredocs and _script_end(run) != heredocs[0].body.end):
        return False
    items = units(data, run)
    gaps = (cut(data, Span(a.span.end, b.span.start)) for a, b in pairwise(items))
    return bool(items) and "&" not in run.script.operators and all(_joins(gap) for gap in gaps)


def _joins(gap: str) -> bool:
    return _COMMENT_LINES.sub("", gap).strip(" \t\r\n\\`") in ("&&", ";", "")


def units(data: bytes, run: Run) -> tuple[Segment, ...]:
    """The top-level list items in order; those joined by ``||`` are one, since they stay or go together."""
    joined: list[Segment] = []
    for item in items(run):
        gap = data[joined[-1].span.end : item.span.start] if joined else b""
        if b"||" in gap or _within(joined, item):
            last = joined.pop()
            span = Span(last.span.start, max(last.span.end, item.span.end))
            item = Segment(span, last.commands + item.commands)  # noqa: PLW2901 - the two become one
        joined.append(item)
    return tuple(joined)


def _within(joined: Sequence[Segment], item: Segment) -> bool:
    return bool(joined) and item.span.start < joined[-1].span.end


def is_stateful(run: Run) -> bool:
    """Whether a command of it would change commands joined behind it (``cd``, ``export``, ``X=1``, …).

    Loops count: the shell keeps their variable.
    """
    for command in run.script.commands:
        if not (command.context and _OWN_SHELL.intersection(command.context)) and _changes_shell(command):
            return True
    return _ASSIGNS.search(run.script.text.data) is not None


def _changes_shell(command: Command) -> bool:
    if not command.argv:
        return bool(command.assignments)
    if "exec" in command.wrappers:
        return True
    if command.name in _ACTIVATES:
        return any(arg.text in _ACTIVATE for arg in command.args[:1])
    if command.name in _STATEFUL or not command.context:
        return command.name in _STATEFUL
    return any(name in ("for", "while", "eval") or name.startswith("function") for name in command.context)


def rebuild(data: bytes, run: Run, texts: Mapping[Span, str | None]) -> str | None:
    """The instruction's text with units replaced (a text) or taken out (None); None where none is left.

    ``texts`` is keyed by the spans of :func:`units`; one that is not in it keeps its bytes. What stands between two
    kept ones (``&&``, continuation, comments) stays as the author wrote it. Only for :func:`is_list`.
    """
    items = units(data, run)
    kept = [(item, texts.get(item.span, cut(data, item.span))) for item in items]
    out = []
    previous: Segment | None = None
    for position, (item, text) in enumerate(kept):
        if text is None:
            continue
        if previous is not None:
            # the connector that stood before this segment
            out.append(cut(data, Span(items[position - 1].span.end, item.span.start)))
        out.append(text)
        previous = item
    if previous is None:
        return None
    head = cut(data, Span(run.instruction.span.start, items[0].span.start))
    tail = cut(data, Span(items[-1].span.end, run.instruction.span.end))
    return head + "".join(out) + (tail if kept[-1][1] is not None or run.instruction.heredocs else "")


def without_items(run: Run, drop: Collection[Span]) -> tuple[Edit, ...] | None:
    """Take items out of a chain, each with the connector and comments before it; None where none would be left.

    ``drop`` are spans of segments. Only for :func:`is_chain`.
    """
    own = items(run)
    if all(item.span in drop for item in own):
        return None
    return tuple(_cuts(own, drop))


def _cuts(items: Sequence[Segment], drop: Collection[Span]) -> Iterator[Edit]:
    kept_before = False
    for position, item in enumerate(items):
        if item.span not in drop:
            kept_before = True
        elif kept_before:
            yield Edit(items[position - 1].span.end, item.span.end, "")
        else:
            yield Edit(item.span.start, items[position + 1].span.start, "")


# what may follow the last item: blanks, continuations, one `;`, a comment
_END = regex(rb"(?:[ \t\r\n]|[\\`][ \t]*+\r?\n)*+;?(?:[ \t\r\n]|[\\`][ \t]*+\r?\n)*+(?:#.*)?", re.DOTALL)


# blanks that would end up behind the new command
_LINE_END = regex(rb"[ \t]+(?=\r?\n|\Z)")


def append_command(document: Document, run: Run, command: str, behind: Command | None = None) -> Edit | None:
    """Add ``&& command`` behind a RUN's last item; None where that would not run it exactly where the RUN succeeds.

    ``&&`` binds to what stands before it, so this holds behind ``;`` and ``||`` as well. It goes in front of a
    trailing ``;`` or comment, and into a here-document that is the whole script. There it gets a line of its own after
    the list with ``behind``, where others follow and none asks how it ended.
    """
    node = run.instruction.inner or run.instruction
    own = items(run)
    if node.json or not run.script.understood or not own:
        return None
    last = own[-1]
    end = _script_end(run)
    if end is None or last.span.end > end or not _END.fullmatch(document.data, last.span.end, end):
        return None
    if any(map(_leaves, run.script.commands)):
        return None
    line = _own_line(document, run, command, behind) if behind and run.instruction.heredocs else None
    if line is not None:
        return line
    text = connector(document, run) if _is_spread(document.data, run) else " && "
    blanks = _LINE_END.match(document.data, last.span.end)
    return Edit(last.span.end, blanks.end() if blanks else last.span.end, f"{text}{command}")


# what stands between two lists on lines of their own: first what is on the line of the one before
_NEXT_LINE = regex(rb"([ \t]*+;?+[ \t]*+(?:#[^\r\n]*+)?+)\r?\n(?:[ \t\r\n]|#[^\n]*+\n)*+")
_INDENT = regex(rb"[ \t]*+")
_ASKS_HOW_IT_ENDED = regex(rb"\$\{?[?_]|PIPESTATUS")


def _own_line(document: Document, run: Run, command: str, behind: Command) -> Edit | None:
    """Add a line behind the list that holds a command; None behind the last one, whose end is the script's."""
    data = document.data
    if _ASKS_HOW_IT_ENDED.search(run.script.text.data):
        return None
    start: int | None = None
    reached = False
    for one, following in pairwise(units(data, run)):
        start = one.span.start if start is None else start
        reached = reached or one.span.holds(behind.item)
        gap = _NEXT_LINE.fullmatch(data, one.span.end, following.span.start)
        if gap and reached:
            indent = _INDENT.match(data, data.rfind(b"\n", 0, start) + 1)
            text = f"{document.source.newline}{indent[0].decode() if indent else ''}{command}"
            return Edit(gap.end(1), gap.end(1), text)
        start = None if gap else start
    return None


def _leaves(command: Command) -> bool:
    """Whether the script may end there with success; ``exit 1`` and ``… || exit`` end it without."""
    if command.context and _OWN_SHELL.intersection(command.context):
        return False
    if "exec" in command.wrappers:
        return True
    if command.name not in ("exit", "return"):
        return False
    status = command.args[0].text if command.args else "$?"
    fails = int(status[-4:]) % 256 if status.isdigit() else status == "$?" and command.connector == "||"
    return not fails


def _script_end(run: Run) -> int | None:
    """Where the script ends: with the instruction, or with the one here-document that is all of it."""
    heredocs = run.instruction.heredocs
    if not heredocs:
        return run.instruction.span.end
    first = items(run)[0].span
    whole = len(heredocs) == 1 and heredocs[0].body.holds(first)
    return heredocs[0].body.end if whole else None


def _is_spread(data: bytes, run: Run) -> bool:
    """Whether a RUN goes over several lines."""
    return (
        not run.instruction.heredocs and b"\n" in data[run.instruction.span.start : run.instruction.span.end]
    )


_COMMENT_LINES = regex(r"^[ \t]*#[^\n]*\n", re.MULTILINE)
_SEMICOLON = regex(r"[ \t]*;")

# a connector with one continued line and no comment
_SPREAD = regex(r"[ \t]*(?:(?:&&|;)[ \t]*)?[\\`][ \t]*\r?\n[ \t]*(?:&&[ \t]*)?")


def connector(document: Document, *runs: Run) -> str:
    """``&&`` on a continued line, laid out as the last such connector of the first of the RUNs that has one."""
    written = (_COMMENT_LINES.sub("", gap) for run in runs for gap in reversed(_gaps(document.data, run)))
    gaps = (gap for gap in written if _SPREAD.fullmatch(gap))
    default = f" {document.escape}{document.source.newline}    && "
    return next((_SEMICOLON.sub(" &&", gap) for gap in gaps if gap.strip() != document.escape), default)


def _gaps(data: bytes, run: Run) -> list[str]:
    return [cut(data, Span(a.span.end, b.span.start)) for a, b in pairwise(items(run))]
