"""Relative target without WORKDIR.

## What it does
Reports a COPY or ADD to a relative path where neither the stage, nor a stage it is FROM, nor a base image that imgtool knows
has set WORKDIR.

## Why is this bad
The files land where the base image's WORKDIR is, which is not in the file and may change: mostly in `/`.

## Bad
```dockerfile
FROM debian:bookworm-slim
COPY serve.sh bin/
```

## Good
```dockerfile
FROM debian:bookworm-slim
WORKDIR /srv/app
COPY serve.sh bin/
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, Stage

from .dl3000_relative_workdir import absolute

META = RuleMeta(
    "DL3045", "relative-copy-target", severity=Severity.WARNING, since="0.2.0", needs=("copy", "add")
)

_ROOT = (None, "", "/")


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    settled: set[Stage] = set()
    for stage in facts.stages:
        if stage.parent in settled:
            settled.add(stage)
        else:
            yield from _unsettled(stage, facts)
        if any(i.keyword == "WORKDIR" for i in stage.instructions):
            settled.add(stage)


def _unsettled(stage: Stage, facts: Facts) -> Iterator[Finding]:
    """What is copied before the stage's first WORKDIR."""
    for node, state in zip(stage.instructions, facts.states(stage), strict=False):
        if node.keyword == "WORKDIR" or state.workdir not in _ROOT:
            return
        if node.keyword in ("COPY", "ADD") and not node.problem:
            word = node.words[-1]
            target = facts.expand(node, word.text) or word.text.strip("\"'")
            if target and not absolute(target):
                yield META.finding(
                    word.span, f"{target} is relative, and no WORKDIR is set; set one before it"
                )
