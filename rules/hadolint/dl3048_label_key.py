"""Label with a key that tools do not take.

## What it does
Reports a key of LABEL that does not begin with a lower-case letter, does not end in one or in a digit, holds anything but lower-case
letters, digits, `.`, `-`, `_` and `/`, holds two dots or hyphens in a row, or begins with a prefix that is Docker's own.

## Why is this bad
Tools that filter by label, and registries, follow Docker's rules for keys, and cases get mixed up.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL Version=1.4.0
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL version=1.4.0
```

## References
<https://docs.docker.com/engine/manage-resources/labels/#key-format-recommendations>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity, regex

from ._labels import labels

META = RuleMeta(
    "DL3048", "label-key", severity=Severity.STYLE, since="0.2.0", needs=("label",), on=("LABEL", "ONBUILD")
)

_KEY = regex(r"(?s)(?!.*(?:\.\.|--))[a-z](?:[a-z0-9._/-]*[a-z0-9])?")
_RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    for label in labels(instruction, facts):
        key = label.key
        if key and key.startswith(_RESERVED):
            yield META.finding(label.key_span, f"{key} begins with a prefix that Docker keeps for itself")
        elif key and not _KEY.fullmatch(key):
            shown = key if key.isprintable() else ascii(key)
            message = (
                f"{shown} is no good key: it takes lower-case letters, digits and single separators between"
            )
            yield META.finding(label.key_span, message)
