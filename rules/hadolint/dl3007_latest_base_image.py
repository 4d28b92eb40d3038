"""Base image of the tag latest.

## What it does
Reports a FROM of the tag `latest` without a digest, its variables replaced by their defaults.

## Why is this bad
`latest` is another image tomorrow: builds cannot be repeated, and what breaks them is not in the file.

## Bad
```dockerfile
FROM debian:latest
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

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

from ._bases import at, bases

META = RuleMeta("DL3007", "latest-base-image", severity=Severity.WARNING, since="0.2.0", needs=("latest",))


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for image, stages in bases(facts):
        if image.endswith(":latest"):
            yield at(META, stages, f"{image} changes with every push; name a version")
