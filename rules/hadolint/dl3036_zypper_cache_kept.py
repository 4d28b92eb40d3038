"""Cache of zypper kept in a layer.

## What it does
Reports a RUN that uses `zypper` without `zypper clean` after it; a cache mount over `/var/cache/zypp` makes it fine.

## Why is this bad
Metadata and packages stay in the layer, and nothing in the image reads them.

## Bad
```dockerfile
FROM opensuse/leap:15.6
RUN zypper --non-interactive install jq
```

## Good
```dockerfile
FROM opensuse/leap:15.6
RUN zypper --non-interactive install jq && zypper clean --all
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
    "DL3036",
    "zypper-cache-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("zypper",),
)

_MANAGERS = frozenset({"zypper"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from kept(META, run, facts, _MANAGERS)
