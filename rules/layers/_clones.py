"""Clones of git repositories in RUN, and what is done with their history afterwards."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from imgtool.rule import (
    Arg,
    Command,
    Facts,
    NamedTuple,
    Operation,
    PackageOperation,
    Run,
    Stage,
    located,
    path,
    per_part,
    regex,
)

from ._uses import last

_CLONE = Operation.CLONE
# what needs commits, tags or other branches
_READS_HISTORY = frozenset(
    "log describe merge rebase cherry-pick blame bisect shortlog rev-list revert format-patch am worktree notes".split()
)
# what puts the tree at a revision
_MOVES = frozenset("checkout reset switch fetch pull restore read-tree".split())
_BRANCHES = frozenset(
    "main master dev devel develop development nightly trunk head latest stable origin/main origin/master origin/head".split()
)


class Clone(NamedTuple):
    """A ``git clone``: its repository, its folder where that is known, and the git commands that may work on it later."""

    run: Run
    operation: PackageOperation
    url: Arg
    path: str | None
    later: tuple[Command, ...]

    @property
    def shallow(self) -> bool:
        """Whether it takes less than the whole history."""
        return self.operation.depth is not None or self.operation.has("--shallow-since", "--shallow-exclude")

    @property
    def reads_history(self) -> bool:
        return any(verb(command) in _READS_HISTORY for command in self.later)

    @property
    def moves(self) -> bool:
        """Whether a later command may put another revision in place."""
        return any(_moves(command) for command in self.later)


# how many git commands behind a clone are looked at
_FOLLOWED = 100


class _Git(NamedTuple):
    """A git command, and the folder that it works in, where that is known."""

    command: Command
    where: str | None


@per_part
def clones(facts: Facts, stage: Stage) -> tuple[Clone, ...]:
    """The clones of a stage, from somewhere else, in RUNs that are understood."""
    found: list[tuple[int, Clone]] = []
    git: list[_Git] = []
    for run in facts.runs(stage):
        operations = {id(o.command): o for o in run.operations if o.operation is _CLONE}
        # what git does before the first clone is nothing to it
        if not operations and (not found or not any(c.name == "git" for c in run.script.commands)):
            continue
        for command, where in located(facts, run) if not run.onbuild else ():
            operation = operations.get(id(command))
            if operation is not None and operation.verb == "clone":
                if run.script.understood and operation.urls and is_remote(operation.urls[0].text):
                    place = _folder(facts, run, operation, where)
                    found.append((len(git), Clone(run, operation, operation.urls[0], place, ())))
            elif command.name == "git":
                git.append(_Git(command, None if _elsewhere(command) else where))
    return tuple(clone._replace(later=_later(clone, git[at : at + _FOLLOWED])) for at, clone in found)


def _folder(facts: Facts, run: Run, operation: PackageOperation, where: str | None) -> str | None:
    if operation.output is not None:
        return path(facts, run, operation.output, where)
    name = last(operation.urls[0].text).removesuffix(".git")
    return posixpath.join(where, name) if where is not None and "$" not in name else None


def _elsewhere(command: Command) -> bool:
    return any(word.text in ("-C", "--git-dir", "--work-tree") for word in command.args)


def _later(clone: Clone, git: Sequence[_Git]) -> tuple[Command, ...]:
    folder = clone.path
    return tuple(
        each.command
        for each in git
        if folder is None or each.where is None or f"{each.where}/".startswith(f"{folder}/")
    )


_REMOTE = regex(r"(?:https?|git|ssh)://|[\w.-]+@[\w.-]+:|\$")


def is_remote(url: str) -> bool:
    return _REMOTE.match(url) is not None


def verb(command: Command) -> str:
    """The sub-command of a ``git`` command, behind its own options."""
    words = iter(command.args)
    for word in words:
        if word.text in ("-C", "-c", "--git-dir", "--work-tree"):
            next(words, None)
        elif not word.text.startswith("-"):
            return word.text
    return ""


def is_branch(revision: str) -> bool:
    """Whether a revision is a branch by its name."""
    return revision.lower() in _BRANCHES


def _moves(command: Command) -> bool:
    name = verb(command)
    if name not in _MOVES:
        return False
    # git checkout main, git pull, git fetch --tags bring nothing that is pinned
    operands = [word.text for word in command.args if not word.text.startswith("-")]
    revision = operands[-1] if operands else ""
    return name not in ("pull", "fetch") and revision != name and not is_branch(revision)
