"""FROM with a fixed platform.

## What it does
Reports a FROM whose `--platform` has no variable, unless the stage is named after the platform, as in
`FROM --platform=linux/arm64 debian AS build-arm64`. BuildKit's check FromPlatformFlagConstDisallowed.

## Why is this bad
The image is always of that platform, whatever `docker build --platform` asks for.

## Bad
```dockerfile
FROM --platform=linux/amd64 debian:bookworm
```

## Good
```dockerfile
FROM debian:bookworm
```

## References
<https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage, WordError, expand, platform_parts

META = RuleMeta(
    "BK018",
    "from-platform-flag-const-disallowed",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("FromPlatformFlagConstDisallowed", "DL3029"),
    needs=("platform",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    flag = stage.from_.flag("platform")
    if flag is None or not flag.value:
        return
    try:
        found = expand(flag.value, facts.global_state.values, facts.document.escape)
    except WordError:
        return
    if found.used or found.unset or not found.text:
        return
    platform = platform_parts(found.text)
    if platform and not any(part in (stage.name or "") for part in platform):
        message = (
            f"the stage is built for {found.text} alone; leave --platform out, or name the stage after it"
        )
        yield META.finding(flag.span, message)
