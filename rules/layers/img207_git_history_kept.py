"""Git history kept in a layer.

## What it does
Reports a `git clone` in a stage that ships whose folder stays in the image with its `.git`: with the whole history
of the repository where no `--depth` is given, with a packed second copy of the tree where one is.

A clone that is deleted, or loses its `.git`, in the same RUN is left alone, and so is one whose history a command
reads (`git describe`, `git log`, `git merge`, …).

## Why is this bad
Nothing reads the history at run time. It often outweighs the tree by far: hundreds of megabytes for the repositories of
frameworks. Whoever gets the image also gets every commit, and what was deleted from the tree long ago.

## Bad
```dockerfile
FROM debian:bookworm
RUN git clone --branch v1.2.0 https://github.com/example/engine.git /opt/engine
```

## Good
```dockerfile
FROM debian:bookworm
RUN git clone --depth 1 --branch v1.2.0 https://github.com/example/engine.git /opt/engine \
    && rm -rf /opt/engine/.git
```
```dockerfile
FROM debian:bookworm
ADD https://github.com/example/engine.git#v1.2.0 /opt/engine
```

## Fix safety
Unsafe: `--depth 1` leaves one commit in `.git`, where a version may be worked out from tags. There is no fix where a
later command puts another revision in place, and for a clone that is shallow already.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
    Stage,
    layers,
)

from ._clones import Clone, clones, verb
from ._leftovers import leftover
from ._uses import last

META = RuleMeta(
    "IMG207",
    "git-history-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("clone",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    cloned = clones(facts, stage)
    left = {id(content.command) for content in layers(facts).left if content.tree} if cloned else ()
    for clone in cloned:
        if id(clone.operation.command) not in left or clone.reads_history or _loses_git(clone):
            continue
        if leftover(facts, clone.run, clone.path) is None:
            yield _finding(clone)


def _loses_git(clone: Clone) -> bool:
    """Whether it is without .git in the end, as far as its RUN tells."""
    if clone.operation.has("--bare", "--mirror", "--separate-git-dir"):
        return True
    return any(
        ".git" in word.text.rpartition("/")[2] or ".git/" in word.text
        for command in clone.run.script.commands
        if command.name in ("rm", "find", "mv", "shred")
        for word in command.args
    )


def _finding(clone: Clone) -> Finding:
    name = last(clone.url.text).removesuffix(".git")
    if clone.shallow or clone.operation.has("--filter"):
        message = f"the .git of {name} stays in the image, a packed second copy of its files; delete it in the same RUN, or use ADD with the repository's address"
        return META.finding(clone.url.span, message, severity=Severity.INFO)
    advice = "fetch that revision alone" if clone.moves else "clone with --depth 1"
    message = f"the whole history of {name} stays in the image; {advice}, and delete .git in the same RUN"
    return META.finding(clone.url.span, message, fix=_fix(clone))


def _fix(clone: Clone) -> Fix | None:
    if any(verb(command) != "submodule" for command in clone.later) or not clone.operation.complete:
        return None
    at = next((word for word in clone.operation.command.args if word.text == "clone"), None)
    if at is None or clone.operation.has("--revision"):
        return None
    edit = Edit(at.span.end, at.span.end, " --depth 1")
    return Fix("Clone with --depth 1 (unsafe: .git then holds one commit)", (edit,), Applicability.UNSAFE)
