"""Command of zypper that asks.

## What it does
Reports `zypper install`, `remove`, `source-install` and `patch` without `-y` or an option, configuration or input that answers for the user.

## Why is this bad
Nobody can answer in a build: it stops with an error as soon as there is something to ask.

## Bad
```dockerfile
FROM opensuse/leap:15.6
RUN zypper install jq && zypper clean
```

## Good
```dockerfile
FROM opensuse/leap:15.6
RUN zypper install -y jq && zypper clean
```

## Fix safety
Safe: `-y` gives the answer without which there is no image.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, RuleMeta, Run, Severity

from ._yes import asks

META = RuleMeta(
    "DL3034",
    "zypper-without-yes",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("zypper",),
)

_MANAGERS = frozenset({"zypper"})
_VERBS = frozenset({"install", "in", "remove", "rm", "source-install", "si", "patch"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    yield from asks(META, run, facts, _MANAGERS, _VERBS)
