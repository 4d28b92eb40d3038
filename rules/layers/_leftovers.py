"""Source trees that are left behind by what was built from them."""

from __future__ import annotations

import re

from imgtool.rule import Command, Facts, NamedTuple, Run, located, per_part, regex

from ._uses import named_later


class Installed(NamedTuple):
    """A command that installs what was built in a folder."""

    command: Command
    where: str


@per_part
def installations(facts: Facts, run: Run) -> tuple[Installed, ...]:
    """The commands of a RUN that install what was built where they work."""
    return tuple(
        Installed(command, where)
        for command, where in located(facts, run)
        if where is not None and _installs(command)
    )


_MAKES = frozenset({"make", "gmake", "ninja", "checkinstall"})
_INSTALLERS = _MAKES | {"cmake"}


def _installs(command: Command) -> bool:
    if command.name not in _INSTALLERS:
        return False
    words = [word.text for word in command.args]
    if command.name in _MAKES:
        return command.name == "checkinstall" or any(
            w == "install" or w.startswith("install/") for w in words
        )
    return "--install" in words or ("--build" in words and "install" in words)


def may_be_left(facts: Facts) -> bool:
    """Whether anything in the file installs what was built."""
    return not _INSTALLERS.isdisjoint(facts.programs)


def leftover(facts: Facts, run: Run, folder: str | None) -> Installed | None:
    """The command after which a folder that a RUN made is of no more use; None where something may use it."""
    if folder is None or not may_be_left(facts) or not run.script.understood:
        return None
    inside = [i for i in installations(facts, run) if f"{i.where}/".startswith(f"{folder}/")]
    if not inside or _installs_inside(run, folder) or named_later(facts, folder, inside[-1].command.span.end):
        return None
    return None if _in_environment(facts, run, folder) else inside[-1]


# where a build installs to
_PREFIX = regex(r"(?:prefix|destdir|install_dir|python_root)[\w:]*[= ](\S*)", re.IGNORECASE)


def _installs_inside(run: Run, folder: str) -> bool:
    """Whether what is installed goes into the folder, or to a place that is not known."""
    text = str(run.script.text)
    targets = (found[1].strip("\"'") for found in _PREFIX.finditer(text))
    return any(not t.startswith("/") or f"{t}/".startswith(f"{folder}/") for t in targets)


def _in_environment(facts: Facts, run: Run, folder: str) -> bool:
    values = facts.state(run.instruction).env.values()
    return any(value and folder in value for value in values)
