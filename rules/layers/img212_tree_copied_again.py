"""Tree copied that the base image holds already.

## What it does
Reports `COPY --from` of a whole system folder to its own place (`/usr`, `/usr/lib`, `/usr/local` of a Python image,
`/usr/local/cuda`, `/usr/local/Ascend`, `/opt/conda` of a PyTorch image, `/`), in a stage that ships, where both stages
stand on the same image, or on images of one family that hold the folder. It also reports one of a virtual environment, a conda
prefix or another folder that a stage has made on which both stand, and of a conda prefix that the other stage uses and has
not made, where both stand on the same image.

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
from collections.abc import Iterator, Mapping
from itertools import islice

from imgtool.rule import (
    Content,
    Edge,
    Facts,
    Finding,
    Instruction,
    RuleMeta,
    Severity,
    Stage,
    copied,
    held_tree,
    made,
    per_part,
)

from ._copies import copies

# how many copies of a stage are looked at, and how many stages and RUNs before them
_MOST = 500
_FOLLOWED = 50
_CONDA = frozenset({"conda", "miniconda", "miniforge", "mambaforge", "anaconda"})

META = RuleMeta("IMG212", "tree-copied-again", severity=Severity.WARNING, since="0.2.0", needs=("--from",))


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.shipped and stage.reference != "scratch":
        for edge in islice(copies(facts, stage).values(), _MOST):
            yield from _again(facts, stage, edge.instruction, edge)


def _again(facts: Facts, stage: Stage, instruction: Instruction, edge: Edge) -> Iterator[Finding]:
    for content in copied(facts, instruction):
        source = facts.expand(instruction, content.source)
        if source is None or posixpath.normpath(f"/{source}").replace("//", "/") != content.path:
            continue
        found = _held(facts, stage, edge, content.path) or _shared(facts, stage, edge, content.path)
        if found:
            word = next(word for word in instruction.words if word.text == content.source)
            message = f"{content.path} {found}; copy what the other stage has added, or install that to a folder of its own"
            yield META.finding(word.span, message)


def _held(facts: Facts, stage: Stage, edge: Edge, folder: str) -> str | None:
    """What both images hold in a folder."""
    base = facts.base(stage)
    here = stage.root.reference
    there = edge.target.root.reference if edge.target else edge.source
    one = here is not None and here == there
    tree = held_tree(base, folder)
    if tree is None:
        conda = one and edge.target is not None and _is_conda(facts, edge.target, folder)
        return f"holds conda, which {stage.root.base} has already" if conda else None
    other = facts.base(edge.target) if edge.target else None
    # of the system, two images hold the same only where they are one
    same = base is not None and other is not None and other.family == base.family and "*" not in tree.families
    return f"holds {tree.what}, which {stage.root.base} has already" if one or same else None


def _is_conda(facts: Facts, stage: Stage, folder: str) -> bool:
    """Whether a folder is a conda prefix that a stage uses and that only its base image can have made."""
    if posixpath.basename(folder).rstrip("0123456789") not in _CONDA:
        return False
    used = False
    for each in _lineage(stage):
        for run in facts.runs(each)[:_FOLLOWED]:
            used |= any(o.ecosystem == "conda" for o in run.operations)
            # who makes the prefix names it
            if folder.encode() in run.script.text.data:
                return False
    return used and not any(folder in _made(facts, each) for each in _lineage(stage))


def _shared(facts: Facts, stage: Stage, edge: Edge, folder: str) -> str | None:
    """Which line of a stage that both stand on has made a folder."""
    if edge.target is None:
        return None
    others = list(_lineage(edge.target))
    for each in _lineage(stage):
        content = _made(facts, each).get(folder) if each is not stage and each in others else None
        if content is not None:
            return f"is there already, from line {content.instruction.start_line}, with all that it held then"
    return None


def _lineage(stage: Stage) -> Iterator[Stage]:
    return islice(stage.lineage(), _FOLLOWED)


@per_part
def _made(facts: Facts, stage: Stage) -> Mapping[str, Content]:
    """The trees that the instructions of a stage make, the last of each path."""
    runs = {id(run.instruction): run for run in facts.runs(stage) if not run.onbuild}
    found: dict[str, Content] = {}
    for instruction in stage.instructions:
        run = runs.get(id(instruction))
        new = [c for _, _, each in made(facts, run) for c in each] if run else copied(facts, instruction)
        found |= {content.path: content for content in new if content.tree}
    return found
