"""Which shell runs a script, in the words of ShellCheck."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from imgtool.facts.argv import basename
from imgtool.facts.commands import Arg
from imgtool.facts.facts import Facts
from imgtool.facts.wrappers import Unwrapped, unwrap
from imgtool.families.model import ShellName
from imgtool.regex import regex
from imgtool.syntax.nodes import Comment
from imgtool.values import NamedTuple

Dialect = Literal["sh", "bash", "dash", "busybox", "ksh"]

# scl hands its script to bash; ShellCheck knows neither zsh nor fish
_DIALECTS: dict[str, Dialect] = {
    "bash": "bash",
    "rbash": "bash",
    "scl": "bash",
    "busybox": "busybox",
    "dash": "dash",
    "ksh": "ksh",
    "mksh": "ksh",
}


class Shell(NamedTuple):
    """What runs a script. ``errexit``: it was started with ``-e``."""

    dialect: Dialect
    errexit: bool = False


def taking_string(words: Sequence[str], sh: ShellName | None) -> Shell | None:
    """The shell of a SHELL instruction, which gets its script as one more word; None where ShellCheck has no such shell.

    ``sh`` is the program that /bin/sh is, where that is known.
    """
    if [word.rpartition("/")[2] for word in words] == ["_dockerfile_shell.sh"]:
        # mambaorg/micromamba's
        return Shell("bash")
    args = _args([*words, ""])
    unwrapped = unwrap(args)
    return _shell(args, unwrapped, sh) if unwrapped.script == len(words) else None


def taking_file(words: Sequence[str], sh: ShellName | None) -> Shell | None:
    """The shell of ``bash -e``, which reads a script from a file or its input, as :func:`taking_string`."""
    args = _args(words)
    if args and basename(args[0]) == "env":
        # there it splits one word, which has been done
        args = [arg for arg in args if arg.text != "-S"]
    unwrapped = unwrap(args)
    reads = unwrapped.script is None and unwrapped.shell.program is None and unwrapped.shell.known
    return _shell(args, unwrapped, sh) if reads and not unwrapped.hidden else None


def _args(words: Sequence[str]) -> list[Arg]:
    return [Arg(word, word, 0, 0, literal=True) for word in words]


def _shell(args: Sequence[Arg], unwrapped: Unwrapped, sh: ShellName | None) -> Shell | None:
    name = basename(args[unwrapped.start]) if unwrapped.start < len(args) else ""
    dialect = named(name, sh)
    return Shell(dialect, unwrapped.shell.errexit) if dialect else None


def named(name: str, sh: ShellName | None) -> Dialect | None:
    """The dialect of the program ``name``."""
    if name == "sh":
        return sh or "sh"
    if name == "ash":
        return "busybox" if sh == "busybox" else "dash"
    return _DIALECTS.get(name)


# --- what comments say -----------------------------------------------------------------------------------


class Pragma(NamedTuple):
    """``# hadolint shell=/bin/bash -e``: the shell of what follows, up to the next SHELL or stage.

    One above all stages holds for those that set no SHELL.
    """

    words: tuple[str, ...]
    start: int
    above_stages: bool


_PRAGMA = regex(r"hadolint\s+shell\s*=\s*([^#\s][^#]*)")


def pragmas(facts: Facts) -> Iterator[Pragma]:
    """The pragmas of a file, in order. Those inside an instruction are prose."""
    first = facts.stages[0].from_.span.start if facts.stages else 0
    for comment in facts.document.comments:
        found = None if comment.in_continuation else _PRAGMA.match(comment.text)
        if found:
            yield Pragma(tuple(found[1].split()), comment.span.start, comment.span.start < first)


class Directives(NamedTuple):
    """What ``# shellcheck`` comments say: another ``shell``, and codes as ``disable`` takes them."""

    shell: str = ""
    disable: tuple[str, ...] = ()


_DIRECTIVE = regex(r"shellcheck\s+(.*)", re.DOTALL)
_CODES = regex(r"(?:all|(?:SC)?\d{1,5}(?:-(?:SC)?\d{1,5})?)(?:,(?:SC)?\d{1,5}(?:-(?:SC)?\d{1,5})?)*")


def directives(comments: Sequence[Comment]) -> Directives:
    """What the comments above and inside an instruction say. What is no directive of ShellCheck's is prose."""
    shell, disable = "", []
    for comment in comments:
        found = _DIRECTIVE.match(comment.text)
        for word in found[1].partition("#")[0].split() if found else ():
            key, _, value = word.partition("=")
            if key == "shell":
                shell = value
            elif key == "disable" and _CODES.fullmatch(value):
                disable.append(value)
    return Directives(shell, tuple(disable))
