"""Protocol of EXPOSE in upper case.

## What it does
Reports a protocol of EXPOSE that is not in lower case. BuildKit's check ExposeProtoCasing.

## Why is this bad
It is `tcp`, `udp` or `sctp` everywhere else, and what compares the text does not find it.

## Bad
```dockerfile
FROM debian:bookworm
EXPOSE 53/UDP
```

## Good
```dockerfile
FROM debian:bookworm
EXPOSE 53/udp
```

## Fix safety
Safe: the builder writes the protocol in lower case into the image.

## References
<https://docs.docker.com/reference/build-checks/expose-proto-casing/>
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
    "BK021",
    "expose-proto-casing",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("ExposeProtoCasing",),
    needs=("expose",),
    on=("EXPOSE",),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    if instruction.problem:
        return
    for word in instruction.words:
        port = facts.expand(instruction, word.text)
        protocol = (port or "").rpartition(":")[2].partition("/")[2]
        if protocol != protocol.lower():
            fix = None
            if word.text == port and "\n" not in facts.document.source.text(word.span):
                edit = Edit(word.span.start, word.span.end, word.text.lower())
                fix = Fix(f"Write {protocol.lower()}", (edit,), Applicability.SAFE)
            yield META.finding(word.span, f"write the protocol {protocol} in lower case", fix=fix)
