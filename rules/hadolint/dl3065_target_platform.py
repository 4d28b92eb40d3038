"""FROM with the platform that it has anyway.

## What it does
Reports `FROM --platform=$TARGETPLATFORM`.

## Why is this bad
It is the default: the option says nothing, and readers look for a reason.

## Bad
```dockerfile
FROM --platform=$TARGETPLATFORM debian:bookworm-slim
CMD ["sleep", "1"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
CMD ["sleep", "1"]
```

## Fix safety
Safe: the option is removed, and the stage is built for the same platform.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
    Stage,
    remove_flag,
)

META = RuleMeta(
    "DL3065",
    "target-platform",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    needs=("targetplatform",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    flag = stage.from_.flag("platform")
    if flag is not None and flag.value in ("$TARGETPLATFORM", "${TARGETPLATFORM}"):
        fix = Fix("Remove it", (remove_flag(facts.document, flag),), Applicability.SAFE)
        yield META.finding(flag.span, "the target's platform is what FROM takes anyway; remove it", fix=fix)
