"""Relative WORKDIR.

## What it does
Reports a WORKDIR that is not absolute, after its variables are replaced where they are known.

## Why is this bad
Where it leads depends on the WORKDIR above it and, for the first, on the base image: moving or removing one line, or
another base, moves all that follows.

## Bad
```dockerfile
FROM debian:bookworm-slim
WORKDIR /srv
WORKDIR app
```

## Good
```dockerfile
FROM debian:bookworm-slim
WORKDIR /srv/app
```

## Fix safety
Safe: the path is written out where a WORKDIR above it in the same stage says what it is relative to, so the image is the
same. Where only the base image says that, there is no fix.
"""

from __future__ import annotations

import posixpath
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
    Word,
)

META = RuleMeta(
    "DL3000",
    "relative-workdir",
    severity=Severity.ERROR,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("workdir",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    before = False
    for instruction, state in zip(stage.instructions, facts.states(stage), strict=False):
        node = instruction.inner or instruction
        if node.keyword != "WORKDIR" or node.problem:
            continue
        word = node.words[0]
        path = facts.expand(instruction, word.text)
        # what a variable begins may be absolute
        known = word.text.strip("\"'") if path is None else path
        if known and not absolute(known):
            fix = _fix(word, state.workdir) if before and node is instruction and path else None
            message = f"{known} is relative to the working directory above; write an absolute path"
            yield META.finding(word.span, message, fix=fix)
        before = before or node is instruction


def absolute(path: str) -> bool:
    """On Linux or Windows; what begins with a variable may be."""
    return path[0] in "/$\\" or (path[1:2] == ":" and path[0].isalpha())


def _fix(word: Word, folder: str | None) -> Fix | None:
    plain = word.text.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum()
    if folder is None or not plain or not word.text.isascii():
        return None
    path = posixpath.normpath(posixpath.join(folder, word.text))
    return Fix(f"Write {path}", (Edit(word.span.start, word.span.end, path),), Applicability.SAFE)
