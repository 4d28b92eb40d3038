"""Label that is no time.

## What it does
Reports a label that is to be a time by `label-schema` in the configuration (type `rfc3339`), and is not. A value that depends on a variable without default is left alone.

## Why is this bad
Tools that sort images by it cannot read it.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="31.01.2026"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "rfc3339"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="2026-01-31T12:00:00Z"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "rfc3339"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import wrong

META = RuleMeta(
    "DL3053",
    "label-not-a-time",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    yield from wrong(
        META, instruction, facts, "rfc3339", "a time as in RFC 3339, such as 2026-01-31T12:00:00Z"
    )
