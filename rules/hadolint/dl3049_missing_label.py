"""Image without a label that the project wants.

## What it does
Reports labels of `label-schema` in the configuration that an image does not have. Images are the last stage and those that
no other stage needs; labels of the stages they are FROM count.

## Why is this bad
Who built it, from which commit and under which licence is asked when the image is all that is left.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL description="an example"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.opencontainers.image.licenses" = "spdx"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.opencontainers.image.licenses="Apache-2.0"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.opencontainers.image.licenses" = "spdx"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

from ._images import images
from ._labels import labels

META = RuleMeta("DL3049", "missing-label", severity=Severity.INFO, since="0.2.0")


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    wanted = facts.policy.label_schema
    for stage in images(facts) if wanted else ():
        own = [i for link in stage.lineage() for i in link.instructions if i.keyword == "LABEL"]
        found = {label.key for instruction in own for label in labels(instruction, facts)}
        missing = [name for name in wanted if name not in found]
        if missing:
            message = f"{stage.name or f'stage {stage.index}'} lacks the label{'s' * (len(missing) > 1)} {', '.join(missing)}"
            yield META.finding(stage.base_span, message)
