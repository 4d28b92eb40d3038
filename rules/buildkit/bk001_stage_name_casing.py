"""Stage name in upper case.

## What it does
Reports a stage whose name has an upper-case letter. BuildKit's check StageNameCasing.

## Why is this bad
BuildKit keeps the name in lower case. `COPY --from=` and `--target` find it in any case, but FROM does not: `FROM Base`
asks for an image of that name, and fails.

## Bad
```dockerfile
FROM debian:bookworm AS Build
RUN make -C /src

FROM debian:bookworm
COPY --from=Build /src/app /usr/bin/app
```

## Good
```dockerfile
FROM debian:bookworm AS build
RUN make -C /src

FROM debian:bookworm
COPY --from=build /src/app /usr/bin/app
```

## Fix safety
Safe: the name is written in lower case, here and wherever the file refers to it.

## References
<https://docs.docker.com/reference/build-checks/stage-name-casing/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Document,
    Edge,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
    Stage,
    cut,
)

from ._stages import alias

META = RuleMeta(
    "BK001",
    "stage-name-casing",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    aliases=("StageNameCasing",),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    word = alias(stage)
    if word is None or word.text == word.text.lower():
        return
    edits = [Edit(word.span.start, word.span.end, word.text.lower()), *_references(stage, facts)]
    fix = Fix(f"Call it {word.text.lower()}", tuple(edits), Applicability.SAFE)
    message = f"stage {word.text} is called {word.text.lower()} by the builder; write it in lower case"
    yield META.finding(word.span, message, fix=fix)


def _references(stage: Stage, facts: Facts) -> Iterator[Edit]:
    for edge in facts.graph.edges:
        if edge.target is stage and edge.source != stage.name:
            yield from _flags(edge, facts.document)
    for other in facts.stages[stage.index + 1 :]:
        if other.base != stage.name and other.base.lower() == stage.name:
            yield Edit(other.base_span.start, other.base_span.end, stage.name)


def _flags(edge: Edge, document: Document) -> Iterator[Edit]:
    node = edge.instruction.inner or edge.instruction
    for flag in node.flags:
        text = cut(document.data, flag.span)
        at = text.find(f"from={edge.source}")
        end = at + len("from=") + len(edge.source)
        if at >= 0 and text[end : end + 1] in ("", ",", '"', "'"):
            start = flag.span.start + len(text[:at].encode("utf-8", "surrogateescape")) + len("from=")
            yield Edit(start, start + len(edge.source.encode()), edge.source.lower())
