r"""Consecutive RUN instructions that do one job.

## What it does
Reports RUN instructions that follow one another directly, in a stage that ships, and do the same kind of quick work:

- they work on system packages, with one package manager: refresh its lists, install, remove;
- three or more of them install single Python packages by name;
- they set up folders, links, modes, users and small files; not where each has a comment of its own.

`apt-get update` in a RUN of its own, before the RUN that installs, is a warning: its layer is cached, so a later build
installs from outdated lists, and fails when a version is gone.

Everything else is left alone: a long step that is cached and a short one that changes often belong in two
layers, a builder's layers are never shipped, RUNs with different mounts or options are different, and who mounts a
cache for his packages has thought about his layers. One finding a run of
RUNs, at its first.

## Why is this bad
Each RUN is a layer: a round trip at every pull, and one of the 127 that an image may have. Steps of one kind gain nothing
from a cache of their own, and each repeats what the others did (`apt-get update`).

## Bad
```dockerfile
FROM debian:bookworm
RUN groupadd --gid 1000 app
RUN useradd --uid 1000 --gid app --create-home app
# where models go
RUN mkdir -p /srv/models
RUN chown app:app /srv/models
```

## Good
```dockerfile
FROM debian:bookworm
RUN groupadd --gid 1000 app \
    && useradd --uid 1000 --gid app --create-home app \
    # where models go
    && mkdir -p /srv/models \
    && chown app:app /srv/models
```

## Fix safety
Safe: the RUNs become one, comments included, where each is in shell form, has no here-document, and is a list joined by `&&` that
leaves nothing to the next: no top-level `||`, `;`, `&`, `cd`, `export`, `set`, `trap` or the like. Files and
configuration stay equal. Otherwise there is no fix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import (
    Applicability,
    Command,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Operation,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Stage,
    history,
    layers,
    merge_runs,
    python_need,
)

META = RuleMeta(
    "IMG201",
    "consecutive-runs",
    severity=Severity.INFO,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("DL3059",),
)

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


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    for kind, group in _groups(facts, stage):
        if kind != _SETS_UP or not all(_is_commented(run) for run in group):
            yield _finding(facts, kind, group)


def _is_commented(run: Run) -> bool:
    """Whether a comment stands right above it: a step that somebody thought about."""
    node = run.instruction
    return any(comment.line == node.start_line - 1 for comment in node.comments)


def _groups(facts: Facts, stage: Stage) -> Iterator[tuple[str, list[Run]]]:
    """Runs of RUNs of one kind, as many as make it worth a word."""
    group: list[Run] = []
    kind = ""
    runs = facts.runs(stage)
    kinds = ["", *map(_kind, runs), ""]
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


def _follows(stage: Stage, first: Run, second: Run) -> bool:
    return stage.next(first.instruction) is second.instruction and [
        f.raw for f in first.instruction.flags
    ] == [f.raw for f in second.instruction.flags]


def _is_undoing(facts: Facts, run: Run) -> bool:
    """Whether IMG202 speaks of it: it belongs to the RUN whose files it deletes."""
    deletes = any(d.run is run for d in layers(facts).deletions) or any(
        c.run is run for c in history(facts).cleaned
    )
    return deletes or all(c.name in _DELETES for c in run.script.commands)


def _kind(run: Run) -> str:
    """What a RUN does, if it is one kind of quick work; else nothing."""
    node = run.instruction
    if run.onbuild or node.json or node.heredocs or not run.script.understood or not run.script.commands:
        return ""
    operations = {id(o.command): o for o in run.operations}
    if operations and node.flag("mount"):
        # who mounts a cache has thought about his layers
        return ""
    kinds = {_kind_of(command, operations.get(id(command))) for command in run.script.commands}
    kinds -= {_SETS_UP} if len(kinds) > 1 else set()
    return kinds.pop() if len(kinds) == 1 else ""


def _kind_of(command: Command, operation: PackageOperation | None) -> str:
    words = [arg.text for arg in command.args]
    if command.name in _CONFIGURES and words[:1] == ["config"]:
        return _SETS_UP
    if operation is not None:
        return _package_kind(operation)
    if command.name in _SETUP and not any(w.startswith("-") and "R" in w for w in words):
        return _SETS_UP
    return ""


def _package_kind(operation: PackageOperation) -> str:
    if operation.operation not in _PACKAGE_WORK:
        return ""
    if operation.ecosystem in ("deb", "apk", "rpm"):
        local = any(p.source != "index" for p in operation.packages)
        return (
            ""
            if local or operation.manager in ("dpkg", "rpm")
            else f"work on packages with {_family(operation)}"
        )
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
    return not other and not any(p.source != "index" or _is_heavy(p.name) for p in operation.packages)


def _is_heavy(name: str) -> bool:
    """Whether it belongs to an accelerator: ``torch`` does, and so may ``torch-scatter``."""
    return any(python_need(part, ()) for part in (name, *name.split("-")))


def _finding(facts: Facts, kind: str, group: Sequence[Run]) -> Finding:
    edits = _edits(facts, group)
    fix = Fix("Make them one RUN", edits, Applicability.SAFE) if edits else None
    span, *others = (run.instruction.word.span for run in group)
    related = tuple(others)
    second = group[1].instruction.start_line
    if _only_refreshes(group[0]) and _installs(group[1]):
        message = f"a RUN of its own keeps package lists in the build cache, so line {second} may install from outdated ones; make them one"
        return META.finding(span, message, severity=Severity.WARNING, fix=fix, related=related)
    message = f"{len(group)} RUN instructions in a row {kind}; make them one"
    return META.finding(span, message, fix=fix, related=related)


def _only_refreshes(run: Run) -> bool:
    return any(o.operation is Operation.REFRESH for o in run.operations) and not _installs(run)


def _installs(run: Run) -> bool:
    return any(o.operation in (Operation.INSTALL, Operation.UPGRADE) for o in run.operations)


def _edits(facts: Facts, group: Sequence[Run]) -> tuple[Edit, ...] | None:
    """The first of them that can be one, made one."""
    pairs = range(len(group) - 1)
    start = next((at for at in pairs if merge_runs(facts, group[at : at + 2])), len(group))
    # what is left is merged in a later pass
    for end in range(min(len(group), start + _MOST), start + 1, -1):
        edits = merge_runs(facts, group[start:end])
        if edits:
            return edits
    return None
