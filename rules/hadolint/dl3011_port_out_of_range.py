"""Port that does not exist.

## What it does
Reports a port of EXPOSE above 65535, in a range too.

## Why is this bad
There is no such port, and BuildKit refuses the file.

## Bad
```dockerfile
FROM debian:bookworm-slim
EXPOSE 80800
```

## Good
```dockerfile
FROM debian:bookworm-slim
EXPOSE 8080
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ._acting import acting

META = RuleMeta(
    "DL3011",
    "port-out-of-range",
    severity=Severity.ERROR,
    since="0.2.0",
    needs=("expose",),
    on=("EXPOSE", "ONBUILD"),
)

_LAST = 65535


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = acting(instruction, "EXPOSE")
    for word in node.words if node else ():
        text = facts.expand(instruction, word.text) or ""
        ports = text.partition("/")[0].rpartition(":")[2].split("-")
        if any(_too_high(port.lstrip("0")) for port in ports):
            yield META.finding(word.span, f"{text} is no port: the last one is {_LAST}")


def _too_high(port: str) -> bool:
    return port.isascii() and port.isdigit() and (len(port) > 5 or int(port) > _LAST)
