"""Package index of apk kept in a layer.

## What it does
Reports a RUN that leaves the index of `apk` in `/var/cache/apk`: without `--no-cache`, a cache mount, or its deletion.

## Why is this bad
Nothing in the image reads the index, and it is out of date tomorrow.

## Bad
```dockerfile
FROM alpine:3.20
RUN apk add jq
```

## Good
```dockerfile
FROM alpine:3.20
RUN apk add --no-cache jq
```

## Fix safety
Safe: the option changes nothing but the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._kept import kept

META = RuleMeta(
    "DL3019",
    "apk-index-kept",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("apk",),
)

_MANAGERS = frozenset({"apk"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from kept(META, run, facts, _MANAGERS)
