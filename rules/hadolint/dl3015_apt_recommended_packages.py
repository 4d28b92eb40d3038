"""Recommended packages of apt-get.

## What it does
Reports `apt-get install` and `apt install` without `--no-install-recommends`, where no configuration turns recommended
packages off.

## Why is this bad
Debian and Ubuntu install what a package recommends together with it: documentation, mail servers, compilers. `python3-pip`
brings a compiler and 380 MB that way.

## Bad
```dockerfile
FROM debian:bookworm
RUN apt-get install -y curl
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get install -y --no-install-recommends curl ca-certificates
```

## Fix safety
Unsafe: what was recommended is gone. There is a fix only where it is known for each package what that is; its message
says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Finding,
    Fix,
    FixAvailability,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    call,
    recommends,
    with_option,
)

from ._found import at, listed
from ._yes import configures

META = RuleMeta(
    "DL3015",
    "apt-recommended-packages",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("apt",),
)

_APT = frozenset({"apt-get", "apt"})
_OPTION = "--no-install-recommends"


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    for operation in run.operations:
        if operation.manager in _APT and operation.verb == "install" and not operation.no_recommends:
            if configures(run, facts, b"apt::install-recommends"):
                return
            message = f"{operation.manager} installs what the packages recommend, too; add {_OPTION}"
            yield from at(META, (call(operation)[-1].span,), message, _fix(run, operation))


def _fix(run: Run, operation: PackageOperation) -> Fix | None:
    known = [recommends("apt", package.name) for package in operation.packages]
    lost = [name for row in known if row for name in row.brings]
    edits = with_option(run, (operation,), _OPTION)
    if not edits or not known or None in known or not operation.complete:
        return None
    return Fix(f"Add {_OPTION} (unsafe: {listed(lost)} will be missing)", edits)
