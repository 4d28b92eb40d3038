"""Whole distribution upgraded with zypper.

## What it does
Reports `zypper dist-upgrade` and `zypper dup`.

## Why is this bad
The image is then of another version than its tag says, and every package comes a second time, in a layer above the base.

## Bad
```dockerfile
FROM opensuse/leap:15.5
RUN zypper --non-interactive dist-upgrade && zypper clean
```

## Good
```dockerfile
FROM opensuse/leap:15.6
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity, call

from ._found import at

META = RuleMeta("DL3035", "zypper-dist-upgrade", severity=Severity.WARNING, since="0.2.0", needs=("zypper",))

_VERBS = frozenset({"dist-upgrade", "dup"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    for operation in run.operations:
        if operation.manager == "zypper" and operation.verb in _VERBS:
            message = f"zypper {operation.verb} makes another version of the base; name that version in FROM"
            yield from at(META, (call(operation)[-1].span,), message)
