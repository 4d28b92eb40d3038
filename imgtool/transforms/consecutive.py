"""RUN instructions in a row that do one job, and could be one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from imgtool.edits import Edit
from imgtool.facts.caches import history
from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.layers import deletions
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.stages import Stage
from imgtool.families.needs import python_need
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.merge import merge_runs, obstacle

# quick, from what is there already, and of no size
_SETUP = frozenset(
    "mkdir rmdir rm ln touch chmod chown chgrp echo printf tee sed useradd groupadd usermod groupmod userdel groupdel adduser"
    " addgroup passwd chpasswd update-alternatives ldconfig locale-gen update-locale dpkg-reconfigure test [ [[ true :"
    " getent id whoami cd umask".split()
)
_CONFIGURES = frozenset({"git", "pip", "npm", "yarn", "conda", "mamba", "poetry", "go"})
_DELETES = frozenset({"rm", "rmdir"})
_SETS_UP = "set up folders, links, users or small files"
_SINGLE = "install single Python packages"
# a package or two in RUNs of their own may be the slow ones
_LEAST = {_SINGLE: 3}
_PACKAGE_WORK = frozenset(
    {
        Operation.INSTALL,
        Operation.REFRESH,
        Operation.UPGRADE,
        Operation.REMOVE,
        Operation.CLEAN,
        Operation.OTHER,
    }
)


# RUNs that one fix makes one
_MOST = 50


def groups(facts: Facts, stage: Stage) -> Iterator[tuple[str, list[Run]]]:
    """RUNs that follow one another and do the same kind of quick work, as many as make it worth a word, with the kind.

    Not where each that sets something up has a comment of its own.
    """
    for kind, group in _groups(facts, stage):
        if kind != _SETS_UP or not all(_is_commented(run) for run in group):
            yield kind, group


def _is_commented(run: Run) -> bool:
    """Whether a comment stands right above it: a step that somebody thought about."""
    node = run.instruction
    return any(comment.line == node.start_line - 1 for comment in node.comments)


def _groups(facts: Facts, stage: Stage) -> Iterator[tuple[str, list[Run]]]:
    """Runs of RUNs of one kind, as many as make it worth a word."""
    beside = _beside(stage.instructions)
    if not beside:
        return
    group: list[Run] = []
    kind = ""
    runs = facts.runs(stage)
    kinds = ["", *(_kind(run) if id(run.instruction) in beside else "" for run in runs), ""]
    for run, before, own, after in zip(runs, kinds, kinds[1:], kinds[2:], strict=False):
        # one that stands alone makes no group, and what it undoes is the longer question
        if own not in (before, after) or (own and _is_undoing(facts, run)):
            own = ""  # noqa: PLW2901 - it is of no kind
        if group and own == kind and _follows(stage, group[-1], run):
            group.append(run)
            continue
        if len(group) >= _LEAST.get(kind, 2):
            yield kind, group
        group, kind = ([run], own) if own else ([], "")
    if len(group) >= _LEAST.get(kind, 2):
        yield kind, group


def _beside(body: Sequence[Instruction]) -> set[int]:
    """The RUNs that stand beside another, by their places in memory."""
    found: set[int] = set()
    before: Instruction | None = None
    for instruction in body:
        if instruction.keyword != "RUN":
            before = None
            continue
        if before is not None:
            found |= {id(before), id(instruction)}
        before = instruction
    return found


def _follows(stage: Stage, first: Run, second: Run) -> bool:
    return stage.next(first.instruction) is second.instruction and [
        f.raw for f in first.instruction.flags
    ] == [f.raw for f in second.instruction.flags]


def _is_undoing(facts: Facts, run: Run) -> bool:
    """Whether IMG202 speaks of it: it belongs to the RUN whose files it deletes."""
    deletes = any(d.run is run for d in deletions(facts)) or any(c.run is run for c in history(facts).cleaned)
    return deletes or all(c.name in _DELETES for c in run.script.commands)


def _kind(run: Run) -> str:
    """What a RUN does, if it is one kind of quick work; else nothing."""
    node = run.instruction
    if run.onbuild or node.json or node.heredocs or not run.script.understood or not run.script.commands:
        return ""
    operations = {id(o.command): o for o in run.operations} if run.operations else {}
    if operations and node.flags and node.flag("mount"):
        # who mounts a cache has thought about his layers
        return ""
    kinds = set()
    for command in run.script.commands:
        kind = _kind_of(command, operations.get(id(command)) if operations else None)
        if not kind:
            return ""
        kinds.add(kind)
    if len(kinds) > 1:
        kinds.discard(_SETS_UP)
    return kinds.pop() if len(kinds) == 1 else ""


def _kind_of(command: Command, operation: PackageOperation | None) -> str:
    if command.name in _CONFIGURES and [arg.text for arg in command.args[:1]] == ["config"]:
        return _SETS_UP
    if operation is not None:
        return _package_kind(operation)
    return _SETS_UP if command.name in _SETUP and not _is_recursive(command) else ""


def _is_recursive(command: Command) -> bool:
    for word in command.args:
        text = word.text
        if "R" in text and text.startswith("-"):
            return True
    return False


def _package_kind(operation: PackageOperation) -> str:
    if operation.operation not in _PACKAGE_WORK:
        return ""
    if operation.ecosystem in ("deb", "apk", "rpm"):
        if operation.manager in ("dpkg", "rpm") or [p for p in operation.packages if p.source != "index"]:
            return ""
        return f"work on packages with {_family(operation)}"
    if operation.manager == "pip" and operation.operation is Operation.INSTALL:
        return _SINGLE if _is_light(operation) else ""
    return ""


def _family(operation: PackageOperation) -> str:
    return {"deb": "apt", "apk": "apk"}.get(operation.ecosystem, operation.manager)


def _is_light(operation: PackageOperation) -> bool:
    """Whether it installs some packages by name, none of them for an accelerator."""
    other = (
        operation.requirement_files
        or operation.editable
        or operation.index_url
        or operation.extra_index_urls
        or operation.find_links
        or operation.targets
        or not operation.complete
    )
    if other:
        return False
    return not [p for p in operation.packages if p.source != "index" or _is_heavy(p.name)]


@lru_cache(maxsize=4096)
def _is_heavy(name: str) -> bool:
    """Whether it belongs to an accelerator: ``torch`` does, and so may ``torch-scatter``."""
    parts = (name, *name.split("-")) if "-" in name else (name,)
    return any(python_need(part, ()) for part in parts)


def made_one(facts: Facts, group: Sequence[Run]) -> tuple[Edit, ...] | None:
    """The first of them that can be one, made one."""
    pairs = range(len(group) - 1)
    start = next((at for at in pairs if not obstacle(facts, group[at : at + 2])), len(group))
    # what is left is merged in a later pass
    for end in range(min(len(group), start + _MOST), start + 1, -1):
        edits = merge_runs(facts, group[start:end])
        if edits:
            return edits
    return None
