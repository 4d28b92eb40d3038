"""Metadata of yum kept in a layer.

## What it does
Reports a RUN that uses `yum` and neither ends in `yum clean all` nor deletes `/var/cache/yum`; a cache mount makes it fine.

## Why is this bad
Metadata of some hundred megabytes stays in the layer, and nothing in the image reads it.

## Bad
```dockerfile
FROM centos:7
RUN yum install -y jq-1.6
```

## Good
```dockerfile
FROM centos:7
RUN yum install -y jq-1.6 && yum clean all
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
    "DL3032",
    "yum-cache-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("yum",),
)

_MANAGERS = frozenset({"yum"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from kept(META, run, facts, _MANAGERS)
