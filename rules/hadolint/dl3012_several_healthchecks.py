"""Several HEALTHCHECKs in a stage.

## What it does
Reports each HEALTHCHECK of a stage but the first.

## Why is this bad
Only the last one has an effect. Whoever reads the file, or changes the first one, believes otherwise.

## Bad
```dockerfile
FROM debian:bookworm-slim
HEALTHCHECK CMD ["test", "-e", "/ready"]
HEALTHCHECK CMD ["pgrep", "app"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
HEALTHCHECK CMD ["pgrep", "app"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage

from ._repeated import repeated

META = RuleMeta(
    "DL3012", "several-healthchecks", severity=Severity.ERROR, since="0.2.0", needs=("healthcheck",)
)


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    yield from repeated(META, stage, "HEALTHCHECK")
