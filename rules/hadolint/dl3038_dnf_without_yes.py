"""Installation with dnf that asks.

## What it does
Reports `dnf install`, `groupinstall` and `localinstall` (`microdnf`, `dnf5`, `tdnf`) without `-y` or an option, configuration or input that answers for the user.

## Why is this bad
Nobody can answer in a build: it stops with an error as soon as there is something to ask.

## Bad
```dockerfile
FROM rockylinux:9
RUN dnf install jq && dnf clean all
```

## Good
```dockerfile
FROM rockylinux:9
RUN dnf install -y jq && dnf clean all
```

## Fix safety
Safe: `-y` gives the answer without which there is no image.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._yes import asks

META = RuleMeta(
    "DL3038",
    "dnf-without-yes",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("dnf",),
)

_MANAGERS = frozenset({"dnf", "microdnf", "dnf5", "tdnf", "dnf-3"})
_VERBS = frozenset({"install", "in", "groupinstall", "group install", "localinstall"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from asks(META, run, facts, _MANAGERS, _VERBS, b"assumeyes")
