"""Label that is no commit.

## What it does
Reports a label that is to be the hash of a commit by `label-schema` in the configuration (type `hash`), and is not.

## Why is this bad
The source of the image cannot be found by it.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="release"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "hash"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "hash"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import wrong

META = RuleMeta(
    "DL3055",
    "label-not-a-commit",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    yield from wrong(META, instruction, facts, "hash", "the hash of a commit, in lower case")
