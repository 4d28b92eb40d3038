"""Packages of yum without a version.

## What it does
Reports `yum install` of packages without `-VERSION`, and `yum module install` of modules without `:STREAM`. A number behind a
dash counts as a version, so `gcc-11` is left alone.

## Why is this bad
The same Dockerfile gives another image tomorrow. With a version, a build either gives the packages that were tested, or
fails where they are gone.

## Bad
```dockerfile
FROM centos:7
RUN yum install -y jq && yum clean all
```

## Good
```dockerfile
FROM centos:7
RUN yum install -y jq-1.6-2.el7 && yum clean all
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity

from ._rpm import unpinned_rpm

META = RuleMeta("DL3033", "yum-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("yum",))

_YUM = frozenset({"yum"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned_rpm(META, run, _YUM)
