"""Packages of apt-get without a version.

## What it does
Reports `apt-get install` and `apt install` of packages by name alone: no `=VERSION`, no `/RELEASE`, not a file.

## Why is this bad
The same Dockerfile gives another image tomorrow. With a version, a build either gives the packages that were tested, or
fails where they are gone.

## Bad
```dockerfile
FROM debian:bookworm
RUN apt-get install -y --no-install-recommends jq
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get install -y --no-install-recommends jq=1.6-2.1
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Package, RuleMeta, Run, Severity

from ._pins import unpinned, versioned

META = RuleMeta("DL3008", "apt-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("apt",))

_APT = frozenset({"apt-get", "apt"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned(META, run, _APT, "{}=VERSION", pinned=_pinned)


def _pinned(package: Package) -> bool:
    # ${VERSION:+=$VERSION} behind a name is a version, too
    return versioned(package) or "=" in package.raw
