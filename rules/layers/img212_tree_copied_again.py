"""Tree copied that the base image holds already.

## What it does
Reports `COPY --from` of a whole system folder to its own place (`/usr`, `/usr/lib`, `/usr/local` of a Python image,
`/usr/local/cuda`, `/usr/local/Ascend`, `/`), in a stage that ships, where both stages stand on the same image, or on
images of one family that hold the folder.

## Why is this bad
COPY does not compare: every file that the base image has in that folder is stored a second time, whatever the stage has
added to it. For CUDA that is gigabytes, for `/usr` the whole distribution.

## Bad
```dockerfile
FROM python:3.12-slim AS build
RUN pip install --no-cache-dir numpy==2.1.3
FROM python:3.12-slim
COPY --from=build /usr/local /usr/local
CMD ["python3"]
```

## Good
```dockerfile
FROM python:3.12-slim AS build
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir numpy==2.1.3
FROM python:3.12-slim
COPY --from=build /opt/venv /opt/venv
CMD ["/opt/venv/bin/python3"]
```
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from imgtool.rule import Edge, Facts, Finding, Instruction, RuleMeta, Severity, Stage, copy_source, held_tree

from ._contents import copied

META = RuleMeta("IMG212", "tree-copied-again", severity=Severity.WARNING, since="0.2.0", needs=("--from",))


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.shipped and stage.reference != "scratch":
        edges = {edge.instruction: edge for edge in facts.graph.edges if edge.stage is stage}
        for instruction in stage.instructions:
            if copy_source(instruction) and instruction in edges:
                yield from _again(facts, stage, instruction, edges[instruction])


def _again(facts: Facts, stage: Stage, instruction: Instruction, edge: Edge) -> Iterator[Finding]:
    for content in copied(facts, instruction):
        source = facts.expand(instruction, content.source)
        if source is None or posixpath.normpath(f"/{source}").replace("//", "/") != content.path:
            continue
        what = _held(facts, stage, edge, content.path)
        if what:
            word = next(word for word in instruction.words if word.text == content.source)
            message = f"{content.path} holds {what}, which {stage.root.base} has already; copy what the other stage has added, or install that to a folder of its own"
            yield META.finding(word.span, message)


def _held(facts: Facts, stage: Stage, edge: Edge, folder: str) -> str | None:
    """What both images hold in a folder."""
    base = facts.base(stage)
    tree = held_tree(base, folder)
    if tree is None:
        return None
    here = stage.root.reference
    there = edge.target.root.reference if edge.target else edge.source
    if here is not None and here == there:
        return tree.what
    other = facts.base(edge.target) if edge.target else None
    # of the system, two images hold the same only where they are one
    same = base is not None and other is not None and other.family == base.family and "*" not in tree.families
    return tree.what if same else None
