"""Packages of npm without a version.

## What it does
Reports `npm install` (`npm i`, `npm add`) of packages without a version, and of repositories without a commit. `npm ci`
and `npm install` of what `package.json` lists are fine.

## Why is this bad
The same Dockerfile gives another image tomorrow, and a new major release breaks a build that nobody changed.

## Bad
```dockerfile
FROM node:22-slim
RUN npm install --global typescript && npm cache clean --force
```

## Good
```dockerfile
FROM node:22-slim
RUN npm install --global typescript@5.7.2 && npm cache clean --force
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Package, RuleMeta, Run, Severity

from ._pins import unpinned, versioned

META = RuleMeta("DL3016", "npm-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("npm",))

_NPM = frozenset({"npm"})
_INSTALL = frozenset({"install", "i", "in", "ins", "inst", "add", "isntall"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned(META, run, _NPM, "{}@VERSION", verbs=_INSTALL, pinned=_pinned)


def _pinned(package: Package) -> bool:
    return "#" in package.raw if package.source == "vcs" else versioned(package)
