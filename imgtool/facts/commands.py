"""What a shell script runs, as values: words, redirections, commands and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imgtool.edits import Span
from imgtool.syntax.nodes import Text
from imgtool.values import NamedTuple, maker

_new_span = maker(Span)


def with_span(value: tuple[Any, ...], names: Sequence[str]) -> str:
    """A named tuple as it is shown, with its ``start`` and ``end`` as the span that they are."""
    fields = dict(zip(names, value, strict=True))
    span = Span(fields["start"], fields.pop("end"))
    shown = [f"span={span!r}" if name == "start" else f"{name}={field!r}" for name, field in fields.items()]
    return f"{value.__class__.__name__}({', '.join(shown)})"


SCRIPT_STRING = "bash -c"
"""Stands in wrappers and contexts for any shell that gets its script as a string (``sh -c``, ``su -c``)."""


class Arg(NamedTuple):
    """One shell word.

    ``text`` has its quotes removed, expansions are left as written (``$X``, ``${X:-y}``, ``$(…)``, globs);
    ``raw`` is the word as written. ``literal``: no expansion, substitution, glob, brace or tilde, so ``text``
    is the value. ``expands``: a variable or a substitution is in it; a word that is neither is a pattern
    (``torch[cuda]``, ``*.deb``, ``~/x``). ``start`` and ``end`` are those of ``span``, which few words are asked for.
    """

    text: str
    raw: str
    start: int
    end: int
    literal: bool
    expands: bool = False

    @property
    def span(self) -> Span:
        """Where it stands in the file."""
        return _new_span((self.start, self.end))

    def __repr__(self) -> str:
        return with_span(self, self._fields)


class Assignment(NamedTuple):
    """``name=value``, alone or before a command. ``value`` is None where nothing follows the ``=``."""

    name: str
    value: Arg | None
    span: Span


class Redirect(NamedTuple):
    """A redirection. ``target`` is the file, the descriptor (``>&2``) or the here-document's delimiter.

    ``body`` holds a here-document's lines, terminator excluded; ``expand`` says that the shell expands them.
    """

    operator: str
    fd: str | None
    target: Arg | None
    span: Span
    body: Text | None = None
    expand: bool = False


class Command(NamedTuple):
    """A simple command, seen through the programs that only start it (``sudo``, ``env``, ``bash -c``, …).

    ``name`` is the last path component of the program, ``""`` where a variable or a pattern hides it, for a
    lone assignment or redirection, too. ``argv[0]`` is the program; ``prefix`` are the words of the wrappers
    before it, ``wrappers`` their names, outermost first. ``span`` covers the simple command with assignments,
    wrappers and redirections; ``item`` the pipeline at the top level that holds it, ``statement`` the list of
    pipelines joined by ``&&`` and ``||`` there.

    ``unconditional``: executed in every run of the script that ends with status 0, and waited for.
    ``checked``: a run in which it is executed and fails cannot end with status 0. Both take the files that
    ``.`` reads for ones that neither exit nor change shell options, and no word to expand to options of
    ``set``. Both are False where the script's structure is in doubt.

    ``connector`` is the operator before it in its list: ``""`` (first), ``&&``, ``||``, ``;``, ``|``, ``|&``,
    ``&`` or a newline. ``context`` are the enclosing constructs, outermost first: ``subshell``, ``group``,
    ``if`` (condition and branch), ``else``, ``for``, ``while`` (``until`` too), ``case``, ``function NAME``,
    ``substitution``, ``bash -c``, ``heredoc``, ``eval``. ``outer_redirects`` are the redirections of those.
    """

    name: str
    argv: tuple[Arg, ...]
    span: Span
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    wrappers: tuple[str, ...]
    prefix: tuple[Arg, ...]
    connector: str
    context: tuple[str, ...]
    outer_redirects: tuple[Redirect, ...]
    statement: Span
    item: Span
    unconditional: bool
    checked: bool

    @property
    def args(self) -> tuple[Arg, ...]:
        """The words after the program."""
        return self.argv[1:]


class Opaque(NamedTuple):
    """A part of a script that was not understood. It may do anything."""

    span: Span
    reason: str


class Script(NamedTuple):
    """A shell script as the commands that it may run, in the order in which it would run them.

    ``operators`` are those at the top level, a newline among them. ``dialect`` is the shell's name.
    """

    text: Text
    dialect: str
    commands: tuple[Command, ...]
    opaque: tuple[Opaque, ...]
    operators: frozenset[str]

    @property
    def understood(self) -> bool:
        """Whether no part is opaque."""
        return not self.opaque
