"""Platform written into FROM.

## What it does
Reports `FROM --platform=` without a variable. A stage that has the platform in its name is one of several, and left alone.

## Why is this bad
The stage is built for that platform whatever the build asks for: on others it runs emulated, or not at all.

## Bad
```dockerfile
FROM --platform=linux/amd64 debian:bookworm-slim
CMD ["sleep", "1"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
CMD ["sleep", "1"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage, platform_parts

META = RuleMeta("DL3029", "fixed-platform", severity=Severity.WARNING, since="0.2.0", needs=("platform",))


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    flag = stage.from_.flag("platform")
    if flag is None or not flag.value or "$" in flag.value:
        return
    parts = platform_parts(flag.value) or ()
    if not any(part in (stage.name or "") for part in parts):
        message = (
            f"the stage is built for {flag.value} alone, whatever the build asks for; leave --platform out"
        )
        yield META.finding(flag.span, message)
