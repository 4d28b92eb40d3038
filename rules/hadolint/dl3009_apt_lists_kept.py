"""Package lists of apt-get kept in a layer.

## What it does
Reports a RUN that fetches package lists with `apt-get`, `apt` or `aptitude` and does not delete them, in the last stage or
one that another is FROM. A cache or tmpfs mount over `/var/lib/apt/lists` makes it fine, `apt-get clean` does not.

## Why is this bad
The lists weigh 20 to 50 MB, nothing in the image reads them, and a later RUN cannot take them out of this one's layer.

## Bad
```dockerfile
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends jq
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*
```

## Fix safety
Safe: the lists are deleted at the end of the RUN. Unsafe where a script that cannot be read runs later and may install
from them. There is no fix where a later RUN installs from them for certain, where the RUN installs nothing, and in exec form.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._kept import kept, stands

META = RuleMeta(
    "DL3009",
    "apt-lists-kept",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("apt",),
)

_MANAGERS = frozenset({"apt-get", "apt", "aptitude"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    if stands(run, facts):
        yield from kept(META, run, facts, _MANAGERS)
