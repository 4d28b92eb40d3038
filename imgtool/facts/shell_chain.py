"""Plain scripts that are one list of programs joined by ``&&``, which most are: what is known of them without a walk."""

from __future__ import annotations

from collections.abc import Sequence

from imgtool.edits import Span
from imgtool.facts.argv import basename
from imgtool.facts.commands import Arg, Command
from imgtool.facts.shell_place import PIPES
from imgtool.facts.shell_plain import Draft
from imgtool.facts.wrappers import SEEN_THROUGH, unwrap
from imgtool.values import maker

_new_command = maker(Command)
_new_span = maker(Span)

BUILTINS = frozenset(["true", ":", "false", "exit", "break", "continue", "return", "set", "trap"])
"""What cannot fail, ends a script or changes how it goes on."""
SPECIAL = BUILTINS | SEEN_THROUGH
"""What is more than a program: the shell's own, and what starts another program."""
_GOES_ON = frozenset(["", "&&"])


def chain(drafts: Sequence[Draft], wrappers: tuple[str, ...], *, pipefail: bool) -> list[Command] | None:
    """The commands of a script that is one list joined by ``&&`` of programs and pipes of them; None of any other.

    Where it succeeds all of them have run, and none has failed but in front of a pipe or in a substitution: no more is
    to be worked out.
    """
    statement = _span(drafts[0], drafts[-1])
    chained = _Chain(wrappers, statement, pipefail)
    item: Span | None = None
    connector = ""
    for index, draft in enumerate(drafts):
        ended_by = draft.ended_by
        if draft.construct or draft.bang:
            return None
        piped = ended_by in PIPES
        if piped:
            if item is None:
                item = _span(draft, next(d for d in drafts[index:] if d.ended_by not in PIPES))
        elif ended_by not in _GOES_ON and not (ended_by == ";" and index == len(drafts) - 1):
            return None
        span = draft.span if len(drafts) > 1 else statement
        if draft.inner and ((piped and not draft.words) or not chained.substitutions(draft, item or span)):
            return None
        checked = pipefail or not piped or not draft.words
        if not chained.add(draft, span, item or span, connector, (), checked=checked):
            return None
        connector = ended_by
        if not piped:
            item = None
    return chained.commands


class _Chain:
    """The commands of a chain up to here."""

    __slots__ = ("commands", "pipefail", "statement", "wrappers")

    def __init__(self, wrappers: tuple[str, ...], statement: Span, pipefail: bool) -> None:
        self.commands: list[Command] = []
        self.wrappers = wrappers
        self.statement = statement
        self.pipefail = pipefail

    def substitutions(self, draft: Draft, item: Span) -> bool:
        """Add the commands of a command's substitutions; False where one is more than a pipe of programs.

        How one ends is nothing to the command that holds it; an assignment alone ends as its last one does.
        """
        for number, (_, drafts, sure) in enumerate(draft.inner):
            if not sure:
                return False
            decides = not draft.words and number == len(draft.inner) - 1
            connector = ""
            for inner in drafts:
                ended = inner is drafts[-1] and not inner.ended_by
                if (
                    inner.inner
                    or inner.construct
                    or inner.bang
                    or not inner.words
                    or not (ended or inner.ended_by in PIPES)
                ):
                    return False
                checked = decides and (ended or self.pipefail)
                if not self.add(inner, inner.span, item, connector, _SUBSTITUTED, checked=checked):
                    return False
                connector = inner.ended_by
        return True

    def add(
        self,
        draft: Draft,
        span: Span,
        item: Span,
        connector: str,
        context: tuple[str, ...],
        *,
        checked: bool,
    ) -> bool:
        """Add a command; False where how it ends or what it starts is to be worked out."""
        words = tuple(draft.words)
        name = basename(words[0]) if words else ""
        if name in SPECIAL and not _is_alone(name, words):
            return False
        command = (
            name,
            words,
            span,
            draft.assignments,
            draft.redirects,
            self.wrappers,
            (),
            connector,
            context,
            (),
            self.statement,
            item,
            True,
            checked,
        )
        self.commands.append(_new_command(command))
        return True


_SUBSTITUTED = ("substitution",)


def _is_alone(name: str, words: tuple[Arg, ...]) -> bool:
    """Whether a command is what its first word says, and goes on to the next one where it ends."""
    unwrapped = unwrap(words)
    started = unwrapped.names or unwrapped.script is not None or unwrapped.hidden
    return name not in BUILTINS and not started


def _span(first: Draft, last: Draft) -> Span:
    return _new_span((first.begin, last.stop))
