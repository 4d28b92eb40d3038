"""ONBUILD of what cannot be triggered.

## What it does
Reports ONBUILD of ONBUILD, FROM or MAINTAINER.

## Why is this bad
BuildKit refuses it: a trigger can neither set triggers nor begin a stage.

## Bad
```dockerfile
FROM debian:bookworm-slim
ONBUILD ONBUILD RUN ["make"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
ONBUILD RUN ["make"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

META = RuleMeta(
    "DL3043", "refused-trigger", severity=Severity.ERROR, since="0.2.0", needs=("onbuild",), on=("ONBUILD",)
)

_REFUSED = frozenset(("ONBUILD", "FROM", "MAINTAINER"))


def check(instruction: Instruction, _facts: Facts) -> Iterator[Finding]:
    inner = instruction.inner
    if inner and inner.keyword in _REFUSED:
        yield META.finding(inner.word.span, f"{inner.keyword} cannot be triggered by ONBUILD; remove it")
