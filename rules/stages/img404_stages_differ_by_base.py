"""Stages that differ by their base alone.

## What it does
Reports a stage with the very instructions of an earlier one, two or more with a RUN or COPY among them, under another
FROM. Blanks and comments do not count. Where one build needs both, or a variable chooses between them
(`FROM base-${VARIANT}`), nothing is said.

## Why is this bad
Each change has to be made in both, and one is forgotten. One stage does, whose base an ARG names:
`docker build --build-arg BASE=…` builds either, `docker-bake.json` both.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-base-ubuntu24.04 AS gpu
COPY serve.sh /usr/local/bin/
ENV PORT=8000
CMD ["serve.sh"]

FROM ubuntu:24.04 AS cpu
COPY serve.sh /usr/local/bin/
ENV PORT=8000
CMD ["serve.sh"]
```

## Good
```dockerfile
ARG BASE=nvidia/cuda:12.6.3-base-ubuntu24.04
FROM ${BASE}
COPY serve.sh /usr/local/bin/
ENV PORT=8000
CMD ["serve.sh"]
```

## References
<https://docs.docker.com/build/building/variables/#arg-usage-example>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, Stage

META = RuleMeta("IMG404", "stages-differ-by-base", severity=Severity.INFO, since="0.2.0", needs=("from",))

_WORK = frozenset(("RUN", "COPY", "ADD"))
_LEAST = 2


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    if len(facts.stages) < _LEAST or any(
        "$" in stage.base and (stage.parent or stage.reference is None) for stage in facts.stages
    ):
        return
    kinds = Counter(_kinds(stage) for stage in facts.stages)
    seen: dict[tuple[object, ...], Stage] = {}
    for stage in facts.stages:
        # most differ by that already
        if kinds[_kinds(stage)] < _LEAST:
            continue
        body = _body(stage)
        if body is None:
            continue
        other = seen.setdefault(body, stage)
        if other is not stage and other.base != stage.base and not {stage, other} <= facts.built:
            message = (
                f"{stage.title} repeats the instructions of {other.title} on another base; "
                "one stage is enough, with its base in an ARG"
            )
            yield META.finding(stage.base_span, message)


def _kinds(stage: Stage) -> tuple[str, ...]:
    return tuple([instruction.keyword for instruction in stage.instructions])


def _body(stage: Stage) -> tuple[object, ...] | None:
    """What a stage does, blanks left out; None where that is too little to be said twice."""
    if len(stage.instructions) < _LEAST or all(i.keyword not in _WORK for i in stage.instructions):
        return None
    return tuple(
        (
            i.keyword,
            tuple(f.raw for f in i.flags),
            b" ".join(i.rest.data.split()),
            tuple(h.content for h in i.heredocs),
        )
        for i in stage.instructions
    )
