"""Packages of pip without a version.

## What it does
Reports `pip install` and `python -m pip install` of packages without a version or a range, and of repositories without
a revision. Commands with a requirements or constraints file are left alone: the version may stand there.

## Why is this bad
The same Dockerfile gives another image tomorrow, and a new release of a dependency breaks a build that nobody changed.

## Bad
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir flask
```

## Good
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir flask==3.1.0
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Package, RuleMeta, Run, Severity

from ._pins import at_fault, versioned

META = RuleMeta("DL3013", "pip-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("pip",))


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    for operation in run.operations:
        listed_elsewhere = operation.requirement_files or operation.constraint_files
        if operation.manager == "pip" and operation.verb == "install" and not listed_elsewhere:
            yield from at_fault(META, operation, "{}==VERSION", _pinned)


def _pinned(package: Package) -> bool:
    if package.source == "vcs":
        # user@host is no revision
        return "@" in package.raw.partition("#")[0].rpartition("/")[2]
    return versioned(package)
