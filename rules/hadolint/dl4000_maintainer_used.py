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

## Fix safety
Unsafe: the name moves from the image's author to a label. Written in several lines, it is left alone.

## References
<https://docs.docker.com/reference/dockerfile/#maintainer-deprecated>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    author_label,
)

META = RuleMeta(
    "DL4000",
    "maintainer-used",
    severity=Severity.ERROR,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("maintainer",),
    on=("MAINTAINER",),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    edit = author_label(facts.document, instruction)
    message = "Make it a label (unsafe: the image's author becomes empty)"
    fix = Fix(message, (edit,), Applicability.UNSAFE) if edit else None
    yield META.finding(
        instruction.word.span,
        "MAINTAINER is deprecated; set the label org.opencontainers.image.authors",
        fix=fix,
    )
