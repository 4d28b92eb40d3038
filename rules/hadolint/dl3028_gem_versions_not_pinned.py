"""Packages of gem without a version.

## What it does
Reports `gem install` of packages without `:VERSION` or `--version`.

## Why is this bad
The same Dockerfile gives another image tomorrow, and a new release breaks a build that nobody changed.

## Bad
```dockerfile
FROM ruby:3.3-slim
RUN gem install rake
```

## Good
```dockerfile
FROM ruby:3.3-slim
RUN gem install rake:13.2.1
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity

from ._pins import unpinned

META = RuleMeta("DL3028", "gem-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("gem",))

_GEM = frozenset({"gem"})
_INSTALL = frozenset({"install", "i"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned(META, run, _GEM, "{}:VERSION", verbs=_INSTALL)
