"""What the place of a command in its RUN says: the working folder, the values of words, the home folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache

from imgtool.facts.commands import SCRIPT_STRING, Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import PackageOperation
from imgtool.regex import regex

# what a command in one of these changes, nobody outside sees
OWN_SHELL = frozenset({"subshell", "substitution", SCRIPT_STRING, "heredoc"})
_VARIABLE = regex(r"\$(?:(\w+)|\{(\w+)\})")
# what a shell would do to a word besides variables
_SPECIAL = frozenset("$`*?[]{}()\\'\"")
_PYTHON = regex(r"python[0-9.]*")
_ROOT = frozenset({"root", "0", None})


def operations_of(command: Command, run: Run) -> tuple[PackageOperation, ...]:
    """The package operations of one command of a RUN."""
    return tuple(o for o in run.operations if o.command is command)


def is_setup_install(command: Command) -> bool:
    """Whether it is ``python3 setup.py install`` and nothing else."""
    words = [arg.text for arg in command.argv]
    plain = not command.assignments and not command.redirects
    return plain and bool(_PYTHON.fullmatch(command.name)) and words[1:] == ["setup.py", "install"]


def home(run: Run, facts: Facts) -> str | None:
    """The home folder of the user that a RUN has; None where it is not known."""
    state = facts.state(run.instruction)
    value = state.values.get("HOME")
    if value:
        return value
    return "/root" if state.user in _ROOT else None


def value_of(arg: Arg, run: Run, facts: Facts) -> str | None:
    """A word with the variables that the Dockerfile or the RUN itself sets; None where it is not known."""
    text = arg.text
    if arg.literal:
        return text
    if text == "~" or text.startswith("~/"):
        at = home(run, facts)
        text = f"{at}{text[1:]}" if at else text
    text = _VARIABLE.sub(lambda found: _value(found, run, facts), text)
    return None if _SPECIAL & set(text) or text.startswith("~") else text


def _value(found: re.Match[str], run: Run, facts: Facts) -> str:
    name = found[1] or found[2]
    assigned, values = _assigned(run), facts.state(run.instruction).values
    if name == "HOME" and name not in assigned:
        value = home(run, facts)
    else:
        value = assigned[name] if name in assigned else values.get(name)
    return found[0] if value is None else value


@lru_cache(maxsize=64)
def _assigned(run: Run) -> dict[str, str | None]:
    """Variables that the script sets: the value where it is set once and in plain sight, else None."""
    found: dict[str, str | None] = {}
    for command in run.script.commands:
        exported = command.args if command.name in ("export", "declare", "local", "readonly") else ()
        given = [(a.name, a.value) for a in command.assignments] if not command.argv else []
        given += [
            (arg.text.partition("=")[0], arg._replace(text=arg.text.partition("=")[2])) for arg in exported
        ]
        for name, value in given:
            plain = value is not None and value.literal and name not in found and not command.context
            found[name] = value.text if plain and value else None
    return found


def folder_of(command: Command, run: Run, facts: Facts) -> str | None:
    """The working folder that a command of a RUN has; None where it is not known."""
    current = facts.state(run.instruction).workdir
    for earlier in run.script.commands:
        if earlier is command:
            break
        if earlier.name in ("cd", "pushd", "popd") and _seen_by(earlier, command):
            current = _entered(earlier, command, current, run, facts)
    return current


def _seen_by(earlier: Command, command: Command) -> bool:
    own = OWN_SHELL.intersection(earlier.context)
    return not own or _around(earlier, command)


def _around(earlier: Command, command: Command) -> bool:
    """Whether a command stands in the same construct as an earlier one."""
    return earlier.item == command.item and earlier.context == command.context[: len(earlier.context)]


def _entered(earlier: Command, command: Command, current: str | None, run: Run, facts: Facts) -> str | None:
    operands = [arg for arg in earlier.args if not arg.text.startswith("-")]
    sure = not earlier.context or _around(earlier, command)
    if not sure or earlier.name == "popd" or len(operands) != 1 or "-" in {a.text for a in earlier.args}:
        return home(run, facts) if sure and earlier.name == "cd" and not earlier.args else None
    return joined(current, value_of(operands[0], run, facts))


def joined(folder: str | None, path: str | None) -> str | None:
    """A path seen from a folder; None where either is not known."""
    if path is None or (folder is None and not path.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", path))


def earlier(facts: Facts, run: Run, command: Command | None) -> Iterable[tuple[Run, Command]]:
    """Every command of the stage and of those it is FROM before one, in order; before the RUN for None."""
    for stage in reversed(list(run.stage.lineage())):
        for other in facts.runs(stage):
            if other is run and command is None:
                return
            for one in other.script.commands:
                if other is run and one is command:
                    return
                yield other, one
