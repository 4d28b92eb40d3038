"""Two stages of one name.

## What it does
Reports a stage that has the name of an earlier one; case does not matter.

## Why is this bad
What is FROM the name, or copies from it, gets the later stage, and the earlier one can no longer be reached.

## Bad
```dockerfile
FROM debian:bookworm-slim AS base
RUN ["useradd", "app"]

FROM debian:bookworm-slim AS base
CMD ["sleep", "1"]
```

## Good
```dockerfile
FROM debian:bookworm-slim AS base
RUN ["useradd", "app"]

FROM base AS app
CMD ["sleep", "1"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, Stage

META = RuleMeta("DL3024", "repeated-stage-name", severity=Severity.ERROR, since="0.2.0", needs=("from",))


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    first: dict[str, Stage] = {}
    for stage in facts.stages:
        earlier = first.setdefault(stage.name, stage) if stage.name else stage
        if earlier is not stage:
            message = f"line {earlier.from_.start_line} already has a stage called {stage.name}; rename one"
            yield META.finding(stage.from_.words[2].span, message, related=(earlier.from_.words[2].span,))
