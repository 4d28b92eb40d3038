"""Folder changed by cd in place of WORKDIR.

## What it does
Reports `cd` in a RUN, also in one of ONBUILD.

## Why is this bad
A `cd` ends with its RUN, and a reader has to follow it through the script to know where files go. `WORKDIR` holds for
all that follows and makes the folder if it is missing.

## Bad
```dockerfile
FROM debian:bookworm
COPY app /srv/app
RUN cd /srv/app && make
```

## Good
```dockerfile
FROM debian:bookworm
WORKDIR /srv/app
COPY app .
RUN make
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity

from ._found import at, called

_CD = frozenset({"cd"})

META = RuleMeta("DL3003", "cd-in-run", severity=Severity.WARNING, since="0.2.0", needs=("cd",))


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    spans = [command.argv[0].span for command in called(run, _CD)]
    yield from at(META, spans, "cd holds for this RUN alone; set the folder with WORKDIR")
