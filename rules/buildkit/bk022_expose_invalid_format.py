"""EXPOSE with an address or a port of the host.

## What it does
Reports an EXPOSE in the form of `docker run --publish`, `host:port` or `ip:host:port`. BuildKit's check
ExposeInvalidFormat.

## Why is this bad
EXPOSE publishes nothing. The builder drops the address and the host's port, and will refuse them one day.

## Bad
```dockerfile
FROM debian:bookworm
EXPOSE 127.0.0.1:8080:80
```

## Good
```dockerfile
FROM debian:bookworm
EXPOSE 80
```

## Fix safety
Safe: the container's port is all that the builder keeps.

## References
<https://docs.docker.com/reference/build-checks/expose-invalid-format/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
)

META = RuleMeta(
    "BK022",
    "expose-invalid-format",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("ExposeInvalidFormat",),
    needs=("expose",),
    on=("EXPOSE",),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    if instruction.problem:
        return
    for word in instruction.words:
        port = facts.expand(instruction, word.text) or ""
        host, _, inside = port.rpartition(":")
        if host.strip(":"):
            fix = None
            plain = word.text == port and "\n" not in facts.document.source.text(word.span)
            if plain and _is_port(inside):
                edit = Edit(word.span.start, word.span.end, inside)
                fix = Fix(f"Write {inside}", (edit,), Applicability.SAFE)
            message = f"EXPOSE names a port of the container, and {host} is of the host; write {inside}"
            yield META.finding(word.span, message, fix=fix)


def _is_port(text: str) -> bool:
    numbers = text.partition("/")[0].split("-")
    return all(n.isascii() and n.isdigit() and len(n) <= len("65535") and int(n) <= 65535 for n in numbers)
