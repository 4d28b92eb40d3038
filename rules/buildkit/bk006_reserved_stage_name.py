"""Stage with a reserved name.

## What it does
Reports a stage called `scratch` or `context`, in any case. BuildKit's check ReservedStageName.

## Why is this bad
`FROM scratch` means the empty image and never the stage, and `context` is the build context's own name.

## Bad
```dockerfile
FROM debian:bookworm AS scratch
RUN make -C /src
```

## Good
```dockerfile
FROM debian:bookworm AS build
RUN make -C /src
```

## References
<https://docs.docker.com/reference/build-checks/reserved-stage-name/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage

from ._stages import alias

META = RuleMeta(
    "BK006",
    "reserved-stage-name",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("ReservedStageName", "DL3063"),
    needs=("scratch", "context"),
)


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    word = alias(stage)
    if word is not None and stage.name in ("scratch", "context"):
        yield META.finding(word.span, f"{stage.name} is a reserved name; call the stage something else")
