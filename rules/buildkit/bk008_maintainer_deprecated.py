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
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    cut,
)

META = RuleMeta(
    "BK008",
    "maintainer-deprecated",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("MaintainerDeprecated", "DL4000"),
    needs=("maintainer",),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    if instruction.keyword == "MAINTAINER":
        message = "MAINTAINER is deprecated; use LABEL org.opencontainers.image.authors"
        yield META.finding(instruction.word.span, message, fix=_fix(instruction, facts))


def _fix(node: Instruction, facts: Facts) -> Fix | None:
    # comments between the lines would be lost
    if node.problem or len(node.rest.starts) > 1:
        return None
    place = node.rest.span(0, len(node.rest.data))
    name = cut(facts.document.data, place)
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    escape = facts.document.escape
    quoted = "".join(escape + char if char in ('"', "$", escape) else char for char in name)
    keyword = "LABEL" if node.word.text.isupper() else "label"
    edit = Edit(node.span.start, place.end, f'{keyword} org.opencontainers.image.authors="{quoted}"')
    return Fix("Make it a label: the image's author becomes empty", (edit,), Applicability.UNSAFE)
