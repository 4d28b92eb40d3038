"""Everything copied from another image.

## What it does
Reports `COPY --from=` of `/` to `/`. A stage that is FROM scratch holds only what was put there, and into one the copy is meant
to flatten an image: both are left alone.

## Why is this bad
All that the other stage was to keep out of the image comes along, with its package caches, build tools and a second system.

## Bad
```dockerfile
FROM debian:bookworm AS build
RUN ["make", "-C", "/src"]

FROM debian:bookworm-slim
COPY --from=build / /
```

## Good
```dockerfile
FROM debian:bookworm AS build
RUN ["make", "-C", "/src"]

FROM debian:bookworm-slim
COPY --from=build /src/serve /usr/local/bin/
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity, Stage, copy_source

META = RuleMeta(
    "DL3067", "copy-of-a-whole-stage", severity=Severity.WARNING, since="0.2.0", needs=("--from",)
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for node in stage.instructions:
        if copy_source(node) and not node.problem and _whole(node, facts):
            ends = (facts.graph.find(copy_source(node) or ""), stage)
            if not any(end and end.root.base == "scratch" for end in ends):
                message = "this copies a whole image over this one; copy what is needed of it"
                yield META.finding(node.words[0].span, message)


def _whole(node: Instruction, facts: Facts) -> bool:
    *sources, target = (facts.expand(node, word.text) for word in node.words)
    return _root(target) and any(_root(source) for source in sources)


def _root(path: str | None) -> bool:
    return path is not None and path.startswith("/") and not path.replace("/./", "/").strip("/").strip(".")
