"""Label that is no e-mail address.

## What it does
Reports a label that is to be an e-mail address by `label-schema` in the configuration (type `email`), and is not.

## Why is this bad
Nobody can be asked about the image.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="the team"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "email"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="team@example.org"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "email"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import wrong

META = RuleMeta(
    "DL3058",
    "label-not-an-address",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    yield from wrong(META, instruction, facts, "email", "an e-mail address")
