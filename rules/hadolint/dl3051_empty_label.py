"""Empty label.

## What it does
Reports labels of `label-schema` in the configuration that have no value.

## Why is this bad
A label that the project asks for says nothing.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL description=""
```
```toml file=.imgtool.toml
[lint.label-schema]
description = "text"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL description="an example"
```
```toml file=.imgtool.toml
[lint.label-schema]
description = "text"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import labels

META = RuleMeta(
    "DL3051",
    "empty-label",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    wanted = facts.policy.label_schema
    for label in labels(instruction, facts) if wanted else ():
        if label.value == "" and label.key in wanted:
            yield META.finding(label.key_span, f"the label {label.key} is empty; give it a value")
