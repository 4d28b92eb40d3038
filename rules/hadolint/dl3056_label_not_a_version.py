"""Label that is no semantic version.

## What it does
Reports a label that is to be a semantic version by `label-schema` in the configuration (type `semver`), and is not.

## Why is this bad
Tools that compare versions cannot read it.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="v1.4"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "semver"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="1.4.0"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "semver"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import wrong

META = RuleMeta(
    "DL3056",
    "label-not-a-version",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    yield from wrong(META, instruction, facts, "semver", "a semantic version, such as 1.4.0")
