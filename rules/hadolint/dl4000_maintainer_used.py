"""MAINTAINER.

## What it does
Reports MAINTAINER.

## Why is this bad
It is deprecated: a label is what tools read, and `docker inspect` shows.

## Bad
```dockerfile
FROM debian:bookworm-slim
MAINTAINER The Team <team@example.org>
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.opencontainers.image.authors="The Team <team@example.org>"
```

## References
<https://docs.docker.com/reference/dockerfile/#maintainer-deprecated>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

META = RuleMeta("DL4000", "maintainer-used", severity=Severity.ERROR, since="0.2.0", needs=("maintainer",))


def check(instruction: Instruction, _facts: Facts) -> Iterator[Finding]:
    if instruction.keyword == "MAINTAINER":
        message = "MAINTAINER is deprecated; set the label org.opencontainers.image.authors"
        yield META.finding(instruction.word.span, message)
