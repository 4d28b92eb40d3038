"""Base image without a tag.

## What it does
Reports a FROM whose image has neither a tag nor a digest, its variables replaced by their defaults. `scratch`, earlier
stages and what depends on a variable without a default are left alone.

## Why is this bad
No tag means `latest`: the build takes another image whenever one is pushed.

## Bad
```dockerfile
FROM debian
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

META = RuleMeta("DL3006", "untagged-base-image", severity=Severity.WARNING, since="0.2.0", needs=("from",))


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for image, stages in bases(facts):
        last = image.rpartition("/")[2]
        if image != "scratch" and last and not any(mark in last for mark in ":@$"):
            yield at(META, stages, f"{image} has no tag, so it means latest; name a version")
