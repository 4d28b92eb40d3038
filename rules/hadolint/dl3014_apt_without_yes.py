"""Installation with apt-get that asks.

## What it does
Reports `apt-get install` and `apt install` without `-y` or an option, configuration or input that answers for the user.

## Why is this bad
Nobody can answer in a build: it stops with an error as soon as there is something to ask.

## Bad
```dockerfile
FROM debian:bookworm
RUN apt-get install --no-install-recommends jq
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get install -y --no-install-recommends jq
```

## Fix safety
Safe: `-y` gives the answer without which there is no image.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._yes import asks

META = RuleMeta(
    "DL3014",
    "apt-without-yes",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("apt",),
)

_MANAGERS = frozenset({"apt-get", "apt"})
_VERBS = frozenset({"install"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from asks(META, run, facts, _MANAGERS, _VERBS, b"apt::get::assume-yes")
