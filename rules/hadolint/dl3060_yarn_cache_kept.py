"""Cache of yarn kept in a layer.

## What it does
Reports a RUN that installs with `yarn` and does not empty its cache, in the last stage or one that another is FROM. A cache
mount makes it fine.

## Why is this bad
Every package is in the layer twice, installed and as it was fetched.

## Bad
```dockerfile
FROM node:22-slim
RUN yarn install --frozen-lockfile
```

## Good
```dockerfile
FROM node:22-slim
RUN yarn install --frozen-lockfile && yarn cache clean
```

## Fix safety
Safe: the command at the end of the RUN deletes the cache alone. There is no fix in exec form, and where the RUN ends in
something that a command cannot be added to.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._kept import kept, stands

META = RuleMeta(
    "DL3060",
    "yarn-cache-kept",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("yarn",),
)

_MANAGERS = frozenset({"yarn"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    if stands(run, facts):
        yield from kept(META, run, facts, _MANAGERS)
