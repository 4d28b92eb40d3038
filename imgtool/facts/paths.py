"""Where the commands of a RUN work, and which paths their words name."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from operator import attrgetter

from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.globs import is_wild
from imgtool.facts.remembered import per_part
from imgtool.facts.scope import State, below
from imgtool.facts.stages import Stage
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction

_start_of = attrgetter("span.start")
_VARIABLE = regex(r"\$(?:(\w+)|\{(\w+)\})")
# a cd behind one of these changes where the next command of the list works
_IN_SEQUENCE = frozenset({"", "&&", ";", "\n"})


Located = Sequence[tuple[Command, str | None]]


@per_part
def located(facts: Facts, run: Run) -> Located:
    """The commands of a RUN with the folder that each works in; None where it is not known."""
    commands = run.script.commands
    if _MOVES.isdisjoint([command.name for command in commands]):
        where = workdir(facts, run.instruction)
        return [(command, where) for command in commands]
    return list(_moving(facts, run))


_MOVES = frozenset({"cd", "pushd", "popd"})


def _moving(facts: Facts, run: Run) -> Iterator[tuple[Command, str | None]]:
    where: str | None = workdir(facts, run.instruction)
    before: list[str | None] = []
    inner_unknown = False
    for command in run.script.commands:
        yield command, None if command.context and inner_unknown else where
        if command.name not in _MOVES:
            continue
        if command.context:
            # what a subshell does ends with it, what a group does may not
            inner_unknown = True
            where = where if {"subshell", "substitution"} & set(command.context) else None
        elif command.connector not in _IN_SEQUENCE or command.wrappers:
            where = None
        elif command.name == "popd":
            where = before.pop() if before else None
        else:
            before.append(where)
            where = path(facts, run, command.args[-1], where) if command.args else None


def position(body: Sequence[Instruction], instruction: Instruction) -> int:
    """Where an instruction stands in its stage, or would stand."""
    return bisect_left(body, instruction.span.start, key=_start_of)


def workdir(facts: Facts, instruction: Instruction) -> str:
    """The working directory of an instruction; below a made-up root where the base image's is not known."""
    known = facts.state(instruction).workdir
    if known is not None:
        return known
    stage = facts.graph.stage_of(instruction)
    # POSIX keeps two leading slashes apart from one
    where = "//base"
    for earlier in _workdirs(facts, stage) if stage else ():
        if earlier.span.start < instruction.span.start:
            text = facts.expand(earlier, earlier.args[0])
            where = posixpath.join(where, text) if text is not None else f"//{earlier.span.start}"
    return posixpath.normpath(where)


@per_part
def _workdirs(_facts: Facts, stage: Stage) -> tuple[Instruction, ...]:
    """All of a stage and of those that it is FROM, in order."""
    links = reversed(list(stage.lineage()))
    return tuple([i for link in links for i in link.instructions if i.keyword == "WORKDIR" and i.args])


def path(facts: Facts, run: Run, word: Arg, where: str | None) -> str | None:
    """The absolute path that a word names, wildcards kept; None where it is not known.

    A variable that is set, but not to a value known here, stays in the path: it is the same wherever it stands.
    """
    text = word.text
    if word.expands:
        text = _expanded(word, facts.state(run.instruction).values, run) or ""
    if text[:1] == "~" and text[1:2] in ("", "/"):
        home = home_of(facts.state(run.instruction))
        text = home + text[1:] if home else ""
    if not text or text == "-" or (where is None and text[:1] != "/"):
        return None
    return below(where or "/", text)


def _expanded(word: Arg, values: Mapping[str, str | None], run: Run) -> str | None:
    names = {found[1] or found[2] for found in _VARIABLE.finditer(word.text)}
    # what the script gives a value itself; loops count by being there
    for command in run.script.commands:
        for assignment in command.assignments:
            if assignment.name in names:
                return None
    return filled(word.text, values)


def filled(text: str, values: Mapping[str, str | None]) -> str | None:
    """A word with its variables replaced; one that is set to nothing known here stays. None for other expansions."""
    names = [found[1] or found[2] for found in _VARIABLE.finditer(text)]
    rest = _VARIABLE.sub("", text)
    if "$" in rest or "`" in rest or any(name not in values and name != "HOME" for name in names):
        return None
    return _VARIABLE.sub(lambda found: _value(values, found[1] or found[2]), text)


def _value(values: Mapping[str, str | None], name: str) -> str:
    if name == "HOME" and name not in values:
        return "~"
    value = values.get(name)
    return f"${{{name}}}" if value is None else value


def home_of(state: State) -> str | None:
    """The home folder of the user in effect; None for a number."""
    user = (state.user or "root").partition(":")[0]
    if user in ("root", "0"):
        return "/root"
    return None if user.isdigit() else f"/home/{user}"


def covers(target: str, found: str) -> bool:
    """Whether ``rm -r target`` deletes ``found`` whole; ``target`` may hold wildcards."""
    if is_wild(target):
        return _matches(target, found)
    # rm "" deletes nothing
    return found == target or (target != "" and found.startswith(target.rstrip("/") + "/"))


def fits(name: str, pattern: str) -> bool:
    """As :func:`fnmatch.fnmatchcase`, which makes a regular expression of each pattern: most have one asterisk."""
    head, star, tail = pattern.partition("*")
    if is_wild(tail) or "?" in head or "[" in head:
        return fnmatchcase(name, pattern)
    if not star:
        return name == pattern
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)


@lru_cache(maxsize=4096)
def _matches(target: str, found: str) -> bool:
    parts, pieces = target.split("/"), found.split("/")
    return len(pieces) >= len(parts) and all(
        fits(piece, part) for part, piece in zip(parts, pieces, strict=False)
    )


_BRACES = regex(r"\{([^{}]*,[^{}]*)\}")


def braces(text: str) -> Sequence[str]:
    """A word's brace expansions, a few at most."""
    found = _BRACES.search(text) if "{" in text else None
    if found is None:
        return (text,)
    parts = [text[: found.start()] + part + text[found.end() :] for part in found[1].split(",")[:8]]
    return [each for part in parts[:8] for each in (braces(part) if text.count("{") < 4 else (part,))]
