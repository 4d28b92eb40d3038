"""Label that the project does not know.

## What it does
With `strict-labels` in the configuration, reports labels that are not in its `label-schema`.

## Why is this bad
The project says which labels its images have: another one is misspelt, or nobody reads it.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL descripton="an example"
```
```toml file=.imgtool.toml
[lint]
strict-labels = true

[lint.label-schema]
description = "text"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL description="an example"
```
```toml file=.imgtool.toml
[lint]
strict-labels = true

[lint.label-schema]
description = "text"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import labels

META = RuleMeta(
    "DL3050",
    "superfluous-label",
    severity=Severity.INFO,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    policy = facts.policy
    for label in labels(instruction, facts) if policy.strict_labels else ():
        if label.key is not None and label.key not in policy.label_schema:
            yield META.finding(
                label.key_span, f"{label.key} is not in the label schema; correct or remove it"
            )
