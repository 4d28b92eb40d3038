"""Packages of dnf without a version.

## What it does
Reports `dnf install` (`microdnf`, `dnf5`, `tdnf`) of packages without `-VERSION`, and `dnf module install` of modules
without `:STREAM`. A number behind a dash counts as a version, so `gcc-11` is left alone.

## Why is this bad
The same Dockerfile gives another image tomorrow. With a version, a build either gives the packages that were tested, or
fails where they are gone.

## Bad
```dockerfile
FROM rockylinux:9
RUN dnf install -y jq && dnf clean all
```

## Good
```dockerfile
FROM rockylinux:9
RUN dnf install -y jq-1.6-15.el9 && dnf clean all
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity

from ._rpm import unpinned_rpm

META = RuleMeta("DL3041", "dnf-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("dnf",))

_DNF = frozenset({"dnf", "microdnf", "dnf5", "tdnf", "dnf-3"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned_rpm(META, run, _DNF)
