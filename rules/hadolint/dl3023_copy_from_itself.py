"""Stage that copies from itself.

## What it does
Reports `COPY --from` and `RUN --mount=from=` of the stage they stand in, by name or number.

## Why is this bad
The stage is not built yet, so there is nothing to take: BuildKit refuses the file.

## Bad
```dockerfile
FROM debian:bookworm-slim AS base
COPY --from=base /etc/hosts /srv/hosts
```

## Good
```dockerfile
FROM debian:bookworm-slim AS base
RUN ["cp", "/etc/hosts", "/srv/hosts"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage, copy_source, mounts_of

META = RuleMeta("DL3023", "copy-from-itself", severity=Severity.ERROR, since="0.2.0", needs=("from=",))


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    for node in stage.instructions:
        source, flag = copy_source(node), node.flag("from")
        if flag and source and _own(source, stage):
            yield META.finding(flag.span, f"{source} is the stage that this copies into; copy from another")
        elif stage.name and any((mount.from_ or "").lower() == stage.name for mount in mounts_of(node)):
            yield META.finding(
                node.word.span, f"{stage.name} is the stage that this runs in; mount from another"
            )


def _own(source: str, stage: Stage) -> bool:
    return source == str(stage.index) or (stage.name is not None and source.lower() == stage.name)
