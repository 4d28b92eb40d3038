"""Both curl and wget in one stage.

## What it does
Reports the RUN instructions of a stage that call `curl` or `wget` once both are in use.

## Why is this bad
Both fetch files. A second program is more to install, to update, and to know the options of.

## Bad
```dockerfile
FROM debian:bookworm
RUN wget -q https://example.com/a.tar.gz
RUN curl -fsSLO https://example.com/b.tar.gz
```

## Good
```dockerfile
FROM debian:bookworm
RUN curl -fsSLO https://example.com/a.tar.gz \
    && curl -fsSLO https://example.com/b.tar.gz
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage

from ._found import at, called

META = RuleMeta("DL4001", "curl-and-wget", severity=Severity.WARNING, since="0.2.0", needs=("wget",))

_BOTH = frozenset({"curl", "wget"})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    seen: set[str] = set()
    for run in facts.runs(stage):
        found = called(run, _BOTH)
        seen |= {command.name for command in found}
        if found and len(seen) > 1:
            other = "wget" if found[0].name == "curl" else "curl"
            message = (
                f"{found[0].name} is called here, and this stage calls {other}, too; one of them is enough"
            )
            yield from at(META, (command.argv[0].span for command in found), message)
