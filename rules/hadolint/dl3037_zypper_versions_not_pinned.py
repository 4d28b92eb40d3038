"""Packages of zypper without a version.

## What it does
Reports `zypper install` of packages without `=`, `<` or `>`, that are no file.

## Why is this bad
The same Dockerfile gives another image tomorrow. With a version, a build either gives the packages that were tested, or
fails where they are gone.

## Bad
```dockerfile
FROM opensuse/leap:15.6
RUN zypper --non-interactive install jq && zypper clean
```

## Good
```dockerfile
FROM opensuse/leap:15.6
RUN zypper --non-interactive install jq=1.6-3.3.1 && zypper clean
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity

from ._pins import unpinned

META = RuleMeta(
    "DL3037", "zypper-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("zypper",)
)

_ZYPPER = frozenset({"zypper"})
_INSTALL = frozenset({"install", "in"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned(META, run, _ZYPPER, "{}=VERSION", verbs=_INSTALL)
