"""RUN instructions as lists of commands joined by ``&&``, taken apart and put together again.

Nothing is re-printed: what stays keeps its bytes, what goes takes its connector with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from imgtool.edits import Span, cut
from imgtool.facts.commands import Command, Script
from imgtool.facts.facts import Run

# a command with one of these at the top level changes what the commands after it do
_STATEFUL = frozenset(
    {"cd", "export", "set", "trap", "pushd", "popd", "unset", "shopt", "umask", "exec", "exit"}
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One item of a RUN's top-level list, with the commands in it."""

    span: Span
    commands: tuple[Command, ...]


def segments(script: Script) -> tuple[Segment, ...]:
    """The top-level list items in order."""
    grouped: dict[Span, list[Command]] = {}
    for command in script.commands:
        grouped.setdefault(command.statement, []).append(command)
    return tuple(Segment(span, tuple(commands)) for span, commands in sorted(grouped.items()))


# between two items: continuations, comments and one && are all that a chain may hold
_GAP = re.compile(r"(?:[ \t\r\n\\`]|^[ \t]*#[^\n]*\n)*&&(?:[ \t\r\n\\`]|^[ \t]*#[^\n]*\n)*", re.MULTILINE)


def is_chain(data: bytes, run: Run) -> bool:
    """Whether a RUN is understood and its commands are joined by ``&&`` alone, in shell form."""
    node = run.instruction.inner or run.instruction
    if node.json or run.instruction.heredocs or not run.script.understood:
        return False
    items = segments(run.script)
    gaps = [cut(data, Span(a.span.end, b.span.start)) for a, b in pairwise(items)]
    return bool(items) and run.script.operators <= {"&&"} and all(_GAP.fullmatch(gap) for gap in gaps)


def is_stateful(run: Run) -> bool:
    """Whether a top-level command of it would change commands joined behind it (``cd``, ``export``, …)."""
    return any(c.name in _STATEFUL and not c.context for c in run.script.commands) or any(
        not c.argv and c.assignments and not c.context for c in run.script.commands
    )


def rebuild(data: bytes, run: Run, texts: Mapping[Span, str | None]) -> str | None:
    """The instruction's text with segments replaced (a text) or taken out (None); None where none is left.

    ``texts`` is keyed by segment span; a segment that is not in it keeps its bytes. What stands between two
    kept segments (``&&``, continuation, comments) stays as the author wrote it. Only for :func:`is_chain`.
    """
    items = segments(run.script)
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
    return head + "".join(out) + (tail if kept[-1][1] is not None else "")
