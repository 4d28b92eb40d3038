"""Label that is no SPDX licence.

## What it does
Reports a label that is to be a licence or expression of SPDX by `label-schema` in the configuration (type `spdx`), and is not. Expressions such as `MIT OR Apache-2.0` and `LicenseRef-` are SPDX, too.

## Why is this bad
Tools that check licences cannot read it.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="Apache 2"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "spdx"
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL org.example.checked="Apache-2.0"
```
```toml file=.imgtool.toml
[lint.label-schema]
"org.example.checked" = "spdx"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._labels import wrong

META = RuleMeta(
    "DL3054",
    "label-not-a-licence",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("label",),
    on=("LABEL", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    yield from wrong(META, instruction, facts, "spdx", "a licence or expression of SPDX, such as Apache-2.0")
