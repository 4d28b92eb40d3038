"""Two stages of one name.

## What it does
Reports a stage with the name of an earlier one; the builder compares names in lower case. BuildKit's check
DuplicateStageName.

## Why is this bad
From there on the name means the later stage, and the earlier one can be reached by its number alone.

## Bad
```dockerfile
FROM debian:bookworm AS build
RUN make -C /one

FROM debian:bookworm AS build
RUN make -C /two
```

## Good
```dockerfile
FROM debian:bookworm AS build-one
RUN make -C /one

FROM debian:bookworm AS build-two
COPY --from=build-one /one/lib /two/lib
RUN make -C /two
```

## References
<https://docs.docker.com/reference/build-checks/duplicate-stage-name/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, Stage

from ._stages import alias

META = RuleMeta(
    "BK005",
    "duplicate-stage-name",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("DuplicateStageName", "DL3024"),
)


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    seen: dict[str, Stage] = {}
    for stage in facts.stages:
        word = alias(stage)
        if word is None or stage.name is None:
            continue
        first = seen.setdefault(stage.name, stage)
        if first is not stage:
            line = document.source.line_of(first.from_.span.start)
            yield META.finding(word.span, f"the stage of line {line} is called {stage.name}, too; rename one")
