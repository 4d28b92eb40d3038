"""Git clone that names no revision.

## What it does
Reports a `git clone`, in any stage that is built, that takes whatever the repository's default branch holds: without
`--branch`, or with one that is a branch by its name (`main`, `master`, `develop`, …), and with no command afterwards that
puts a commit or tag in place.

A variable as the branch is taken for a revision, and so is any name that may be a tag.

## Why is this bad
The same file gives another image tomorrow, and the build cache keeps yesterday's: the step is only repeated when
something before it changes. Whoever can push to that branch decides what is built.

## Bad
```dockerfile
FROM debian:bookworm AS build
RUN git clone --depth 1 https://github.com/example/engine.git /src
FROM debian:bookworm
COPY --from=build /src/engine.sh /usr/bin/
```

## Good
```dockerfile
FROM debian:bookworm AS build
RUN git clone --depth 1 --branch v1.2.0 https://github.com/example/engine.git /src
FROM debian:bookworm
COPY --from=build /src/engine.sh /usr/bin/
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage

from ._clones import Clone, clones, is_branch
from ._uses import last

META = RuleMeta("IMG208", "git-clone-unpinned", severity=Severity.WARNING, since="0.2.0", needs=("clone",))


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.built:
        for clone in clones(facts, stage):
            if not _is_pinned(clone):
                yield _finding(clone)


def _is_pinned(clone: Clone) -> bool:
    operation = clone.operation
    if operation.has("--revision", "--no-checkout") or not operation.complete or "@" in last(clone.url.text):
        return True
    named = operation.branch is not None and not is_branch(operation.branch.text)
    return named or clone.moves


def _finding(clone: Clone) -> Finding:
    name = last(clone.url.text).removesuffix(".git")
    branch = clone.operation.branch
    what = f"branch {branch.text}" if branch else "its default branch"
    span = branch.span if branch else clone.url.span
    return META.finding(
        span,
        f"{name} is cloned from {what}, whatever that holds at the time; name a tag or check out a commit",
    )
