"""Relative WORKDIR.

## What it does
Reports the first WORKDIR of a stage, and of the stages that it is FROM, where its path is relative. Those after it are
relative to it. BuildKit's check WorkdirRelativePath.

## Why is this bad
It is relative to the working directory of the base image, which may be another one in the next release.

## Bad
```dockerfile
FROM debian:bookworm
WORKDIR app
```

## Good
```dockerfile
FROM debian:bookworm
WORKDIR /app
```

## Fix safety
Unsafe: it writes the folder that the base image of today leads to, where that is known.

## References
<https://docs.docker.com/reference/build-checks/workdir-relative-path/>
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Document,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    Stage,
)

META = RuleMeta(
    "BK010",
    "workdir-relative-path",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("WorkdirRelativePath", "DL3000"),
    needs=("workdir",),
)

_PLAIN = r"[A-Za-z0-9_.-][A-Za-z0-9_./ -]*"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    # whether a stage or one that it is FROM has a WORKDIR
    settled: dict[Stage, bool] = {}
    for stage in facts.stages:
        node = _first(stage)
        before = stage.parent is not None and settled[stage.parent]
        settled[stage] = before or node is not None
        path = facts.expand(node, node.args[0]) if node and not before else None
        if node and path is not None and not _absolute(path, facts.document.escape):
            shown = path or "this path"
            message = f"{shown} is relative to the base image's working directory; write an absolute path"
            yield META.finding(node.words[0].span, message, fix=_fix(node, facts))


def _absolute(path: str, escape: str) -> bool:
    # a drive is absolute on Windows, and means nothing elsewhere
    drive = path[:1].isalpha() and path[1:2] == ":"
    return drive or path.startswith(("/", "\\") if escape == "`" else "/")


def _first(stage: Stage) -> Instruction | None:
    return next((i for i in stage.instructions if i.keyword == "WORKDIR" and not i.problem), None)


def _fix(node: Instruction, facts: Facts) -> Fix | None:
    folder, word = facts.state(node).workdir, node.words[0]
    if folder is None or not re.fullmatch(_PLAIN, word.text) or len(node.rest.starts) > 1:
        return None
    path = f"{folder.rstrip('/')}/{word.text.removeprefix('./')}"
    message = f"Write {path} (unsafe: the base image may lead elsewhere one day)"
    return Fix(message, (Edit(word.span.start, word.span.end, path),), Applicability.UNSAFE)
