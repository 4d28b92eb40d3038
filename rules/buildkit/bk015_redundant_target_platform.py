"""FROM --platform=$TARGETPLATFORM.

## What it does
Reports a FROM with `--platform=$TARGETPLATFORM`. BuildKit's check RedundantTargetPlatform.

## Why is this bad
It is what FROM does without it.

## Bad
```dockerfile
FROM --platform=$TARGETPLATFORM debian:bookworm
```

## Good
```dockerfile
FROM debian:bookworm
```

## Fix safety
Safe: the image is the same.

## References
<https://docs.docker.com/reference/build-checks/redundant-target-platform/>
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
    WordError,
    expand,
    remove_flag,
)

META = RuleMeta(
    "BK015",
    "redundant-target-platform",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    aliases=("RedundantTargetPlatform", "DL3065"),
    needs=("targetplatform",),
)

_TARGET = "linux/amd64"


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    flag = stage.from_.flag("platform")
    if flag is None or not flag.value:
        return
    values = {**dict.fromkeys(facts.global_state.values, ""), "TARGETPLATFORM": _TARGET}
    try:
        found = expand(flag.value, values, facts.document.escape)
    except WordError:
        return
    if found.used == {"TARGETPLATFORM"} and not found.unset and found.text == _TARGET:
        fix = Fix("Leave it out", (remove_flag(facts.document, flag),), Applicability.SAFE)
        yield META.finding(
            flag.span, "FROM takes the target platform by itself; leave --platform out", fix=fix
        )
