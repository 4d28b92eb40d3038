"""Instruction before the first FROM.

## What it does
Reports anything but ARG before the first FROM.

## Why is this bad
There is no stage that it could be part of, and BuildKit refuses the file.

## Bad
```dockerfile
LABEL version=1.4.0
FROM debian:bookworm-slim
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL version=1.4.0
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

META = RuleMeta("DL3061", "before-the-first-from", severity=Severity.ERROR, since="0.2.0")


def check(document: Document, _facts: Facts) -> Iterator[Finding]:
    for node in takewhile(lambda i: i.keyword != "FROM", document.instructions):
        if node.keyword != "ARG":
            yield META.finding(
                node.word.span,
                f"{node.keyword} stands before the first FROM, where only ARG can; move it below",
            )
