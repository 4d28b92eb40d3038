"""Stage called scratch or context.

## What it does
Reports a stage whose name, in any case, is `scratch` or `context`.

## Why is this bad
`FROM scratch` is the empty image and never that stage; `context` is the build context.

## Bad
```dockerfile
FROM debian:bookworm-slim AS context
CMD ["sleep", "1"]
```

## Good
```dockerfile
FROM debian:bookworm-slim AS app
CMD ["sleep", "1"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage

META = RuleMeta(
    "DL3063", "reserved-stage", severity=Severity.WARNING, since="0.2.0", needs=("scratch", "context")
)


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    if stage.name in ("scratch", "context"):
        yield META.finding(
            stage.from_.words[2].span, f"{stage.name} is a reserved name; call the stage something else"
        )
