"""Base image of another platform.

## What it does
Reports a FROM whose `--platform` asks for another operating system or architecture than the image is of, where the
image's name tells (`arm64v8/debian`, a tag with `-amd64`, an image of Windows). BuildKit's check
InvalidBaseImagePlatform, which asks the registry.

## Why is this bad
The build fails, or goes on with programs that do not run.

## Bad
```dockerfile
FROM --platform=linux/amd64 arm64v8/debian:bookworm AS amd64
```

## Good
```dockerfile
FROM --platform=linux/amd64 debian:bookworm AS amd64
```

## References
<https://docs.docker.com/build/checks/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage, platform_of, platform_parts

META = RuleMeta(
    "BK014",
    "invalid-base-image-platform",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("InvalidBaseImagePlatform",),
    needs=("platform",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    flag = stage.from_.flag("platform")
    if flag is None or not flag.value or not stage.reference or stage.parent:
        return
    text = facts.global_state.expand(flag.value, facts.document.escape)
    wanted = text and platform_parts(text)
    if not wanted:
        return
    actual = platform_of(stage.reference)
    if any(has and has != asked for has, asked in zip(actual, wanted, strict=True)):
        shown = "/".join(part for part in actual if part)
        message = f"{stage.reference} is an image for {shown}, and {text} is asked for; change the image or the platform"
        yield META.finding(stage.base_span, message)
