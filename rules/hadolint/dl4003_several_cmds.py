"""Several CMDs in a stage.

## What it does
Reports each CMD of a stage but the first.

## Why is this bad
Only the last one has an effect. Whoever reads the file, or changes the first one, believes otherwise.

## Bad
```dockerfile
FROM debian:bookworm-slim
CMD ["serve"]
CMD ["serve", "--port", "80"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
CMD ["serve", "--port", "80"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage

from ._repeated import repeated

META = RuleMeta("DL4003", "several-cmds", severity=Severity.WARNING, since="0.2.0", needs=("cmd",))


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    yield from repeated(META, stage, "CMD")
