"""Image without HEALTHCHECK.

## What it does
Reports images with no HEALTHCHECK, of their own or of a stage they are FROM. Images are the last stage and those that no other
stage needs. The rule is off unless it is selected: orchestrators have checks of their own.

## Why is this bad
Docker then takes a process that hangs for one that works.

## Bad
```dockerfile
FROM debian:bookworm-slim
CMD ["serve"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
HEALTHCHECK CMD ["test", "-e", "/run/ready"]
CMD ["serve"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

from ._images import images, last

META = RuleMeta("DL3057", "no-healthcheck", severity=Severity.INFO, since="0.2.0", preview=True)


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for stage in images(facts):
        if last(stage, "HEALTHCHECK") is None:
            yield META.finding(stage.base_span, "the image has no HEALTHCHECK; add one, or HEALTHCHECK NONE")
