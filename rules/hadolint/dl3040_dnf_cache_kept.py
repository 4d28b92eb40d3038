"""Metadata of dnf kept in a layer.

## What it does
Reports a RUN that uses `dnf`, `microdnf`, `dnf5` or `tdnf` and neither ends in `dnf clean all` nor deletes the folder of the
cache; a cache mount makes it fine.

## Why is this bad
Metadata of some hundred megabytes stays in the layer, and nothing in the image reads it.

## Bad
```dockerfile
FROM rockylinux:9
RUN dnf install -y jq
```

## Good
```dockerfile
FROM rockylinux:9
RUN dnf install -y jq && dnf clean all
```

## Fix safety
Safe: the command at the end of the RUN deletes the cache alone. There is no fix in exec form, and where the RUN ends in
something that a command cannot be added to.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._kept import kept

META = RuleMeta(
    "DL3040",
    "dnf-cache-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("dnf",),
)

_MANAGERS = frozenset({"dnf", "microdnf", "dnf5", "tdnf", "dnf-3"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from kept(META, run, facts, _MANAGERS)
