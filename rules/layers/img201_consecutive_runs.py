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
RUNs, at its first; it counts them all, and says how many of them the fix makes one where something keeps others apart.

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
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Operation,
    RuleMeta,
    Run,
    Severity,
    Stage,
    groups,
    made_one,
)

META = RuleMeta(
    "IMG201",
    "consecutive-runs",
    severity=Severity.INFO,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("DL3059",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.shipped:
        for kind, group in groups(facts, stage):
            yield _finding(facts, kind, group)


def _finding(facts: Facts, kind: str, group: Sequence[Run]) -> Finding:
    edits = made_one(facts, group)
    fix = Fix("Make them one RUN", edits, Applicability.SAFE) if edits else None
    span, *others = (run.instruction.word.span for run in group)
    related = tuple(others)
    second = group[1].instruction.start_line
    if _only_refreshes(group[0]) and _installs(group[1]):
        message = f"a RUN of its own keeps package lists in the build cache, so line {second} may install from outdated ones; make them one"
        return META.finding(span, message, severity=Severity.WARNING, fix=fix, related=related)
    some = f"{len(edits) + 1} of " if edits and len(edits) + 1 < len(group) else ""
    message = f"{len(group)} RUN instructions in a row {kind}; make {some}them one"
    return META.finding(span, message, fix=fix, related=related)


def _only_refreshes(run: Run) -> bool:
    return any(o.operation is Operation.REFRESH for o in run.operations) and not _installs(run)


def _installs(run: Run) -> bool:
    return any(o.operation in (Operation.INSTALL, Operation.UPGRADE) for o in run.operations)
