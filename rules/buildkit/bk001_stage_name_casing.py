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


# so far a name in FROM is looked for
_MAX_STAGES = 100


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    words = {
        stage: word for stage in facts.stages if (word := alias(stage)) and word.text != word.text.lower()
    }
    references = _references(facts) if words else {}
    for stage, word in words.items():
        name = word.text.lower()
        edits = [Edit(word.span.start, word.span.end, name)]
        edits += [edit for edge in references.get(stage, ()) for edit in _flags(edge, document)]
        edits += _bases(stage, name, facts)
        fix = Fix(f"Call it {name}", tuple(edits), Applicability.SAFE)
        message = f"stage {word.text} is called {name} by the builder; write it in lower case"
        yield META.finding(word.span, message, fix=fix)


def _references(facts: Facts) -> dict[Stage, list[Edge]]:
    """The COPYs and mounts from each stage that name it in another case."""
    found: dict[Stage, list[Edge]] = {}
    for edge in facts.graph.edges:
        if edge.target is not None and edge.source != edge.target.name:
            found.setdefault(edge.target, []).append(edge)
    return found


def _bases(stage: Stage, name: str, facts: Facts) -> Iterator[Edit]:
    """FROM does not find a stage by a name in another case: it is meant all the same."""
    for other in facts.stages[stage.index + 1 : stage.index + _MAX_STAGES]:
        if other.base != name and other.base.lower() == name:
            yield Edit(other.base_span.start, other.base_span.end, name)


def _flags(edge: Edge, document: Document) -> Iterator[Edit]:
    node = edge.instruction.inner or edge.instruction
    for flag in node.flags:
        text = cut(document.data, flag.span)
        at = text.find(f"from={edge.source}")
        end = at + len("from=") + len(edge.source)
        if at >= 0 and text[end : end + 1] in ("", ",", '"', "'"):
            start = flag.span.start + len(text[:at].encode("utf-8", "surrogateescape")) + len("from=")
            yield Edit(start, start + len(edge.source.encode()), edge.source.lower())
