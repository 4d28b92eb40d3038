"""Installation with yum that asks.

## What it does
Reports `yum install`, `groupinstall` and `localinstall` without `-y` or an option, configuration or input that answers for the user.

## Why is this bad
Nobody can answer in a build: it stops with an error as soon as there is something to ask.

## Bad
```dockerfile
FROM centos:7
RUN yum install jq && yum clean all
```

## Good
```dockerfile
FROM centos:7
RUN yum install -y jq && yum clean all
```

## Fix safety
Safe: `-y` gives the answer without which there is no image.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._yes import asks

META = RuleMeta(
    "DL3030",
    "yum-without-yes",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("yum",),
)

_MANAGERS = frozenset({"yum"})
_VERBS = frozenset({"install", "groupinstall", "group install", "localinstall"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from asks(META, run, facts, _MANAGERS, _VERBS, b"assumeyes")
