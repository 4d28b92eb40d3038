"""Packages of apk without a version.

## What it does
Reports `apk add` of packages by name alone: no `=`, `~`, `<` or `>`, not a file. A repository's tag (`name@edge`) is no
version.

## Why is this bad
The same Dockerfile gives another image tomorrow. With a version, a build either gives the packages that were tested, or
fails where they are gone.

## Bad
```dockerfile
FROM alpine:3.20
RUN apk add --no-cache jq
```

## Good
```dockerfile
FROM alpine:3.20
RUN apk add --no-cache jq=1.7.1-r0
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Package, RuleMeta, Run, Severity

from ._pins import unpinned

META = RuleMeta("DL3018", "apk-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("apk",))

_APK = frozenset({"apk"})
_ADD = frozenset({"add"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned(META, run, _APK, "{}=VERSION", verbs=_ADD, pinned=_pinned)


def _pinned(package: Package) -> bool:
    return package.source != "index" or any(operator in package.raw for operator in "=~<>")
