"""MAINTAINER.

## What it does
Reports MAINTAINER. BuildKit's check MaintainerDeprecated.

## Why is this bad
It is deprecated since 2017. A label says the same, in a form that registries and scanners read.

## Bad
```dockerfile
FROM debian:bookworm
MAINTAINER The team <team@example.com>
```

## Good
```dockerfile
FROM debian:bookworm
LABEL org.opencontainers.image.authors="The team <team@example.com>"
```

## Fix safety
Unsafe: the image's field `author` becomes empty, and it has a label more.

## References
<https://docs.docker.com/reference/build-checks/maintainer-deprecated/>
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
    "BK008",
    "maintainer-deprecated",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("MaintainerDeprecated", "DL4000"),
    needs=("maintainer",),
    on=("MAINTAINER",),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    message = "MAINTAINER is deprecated; use LABEL org.opencontainers.image.authors"
    yield META.finding(instruction.word.span, message, fix=_fix(instruction, facts))


def _fix(node: Instruction, facts: Facts) -> Fix | None:
    edit = author_label(facts.document, node)
    message = "Make it a label (unsafe: the image's author becomes empty)"
    return Fix(message, (edit,), Applicability.UNSAFE) if edit else None
