"""Label that is no URL.

## What it does
Reports a label that is to be a URL by `label-schema` in the configuration (type `url`), and is not.

## Why is this bad
People and tools that follow it get nowhere.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="www.example.org"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "url"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="https://www.example.org"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "url"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import wrong

META = RuleMeta(
    "DL3052",
    "label-not-a-url",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    yield from wrong(META, instruction, facts, "url", "a URL")
