"""COPY from a stage that is not there.

## What it does
Reports a `COPY --from` whose name, in any case, is no earlier stage's, or whose number is too high. What holds a slash, a tag
or a digest is an image.

## Why is this bad
The builder takes the name for an image or for a build context that the command line names. Where it is a misspelt stage, it
downloads somebody's image of that name.

## Bad
```dockerfile
FROM golang:1.23-bookworm AS build
RUN ["go", "build", "-o", "/serve"]

FROM debian:bookworm-slim
COPY --from=biuld /serve /serve
COPY --from=build /etc/ssl /etc/ssl
```

## Good
```dockerfile
FROM golang:1.23-bookworm AS build
RUN ["go", "build", "-o", "/serve"]

FROM debian:bookworm-slim
COPY --from=build /serve /serve
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, copy_source

META = RuleMeta("DL3022", "unknown-stage", severity=Severity.WARNING, since="0.2.0", needs=("--from",))


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    names: set[str] = set()
    for stage in facts.stages:
        known = {*names, (stage.name or "").lower()}
        for node in stage.instructions:
            source, flag = copy_source(node), node.flag("from")
            if flag and source and not node.problem and not _known(source.lower(), known, stage.index):
                yield META.finding(
                    flag.span, f"no earlier stage is called {source}; name one, or an image with its tag"
                )
        names |= {stage.name} if stage.name else set()


def _known(source: str, names: set[str], index: int) -> bool:
    """The stage's own name and number are known: taking from itself is DL3023."""
    if source.isascii() and source.isdigit():
        return len(source) < 10 and int(source) <= index
    return source in names or any(mark in source for mark in ":@/")
