"""Cache of pip kept in a layer.

## What it does
Reports a RUN that installs with `pip` and keeps the cache: without `--no-cache-dir`, `PIP_NO_CACHE_DIR`, a configuration, a
cache mount, or its deletion.

## Why is this bad
Every wheel is in the layer twice, installed and as it was fetched: gigabytes where one of them is `torch`.

## Bad
```dockerfile
FROM python:3.12-slim
RUN pip install flask==3.1.0
```

## Good
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir flask==3.1.0
```

## Fix safety
Safe: the option changes nothing but the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._kept import kept

META = RuleMeta(
    "DL3042",
    "pip-cache-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("pip",),
)

_MANAGERS = frozenset({"pip"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from kept(META, run, facts, _MANAGERS)
