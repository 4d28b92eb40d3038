"""Which accelerators' software is in what ships, and what brought it."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Instruction,
    NamedTuple,
    Operation,
    Run,
    Span,
    accelerator_of,
    copy_source,
    identify,
    per_file,
    python_need,
    software_of,
)

from ._commands import known, program_file
from ._wheels import brings_cuda, indexes, installed

_RUNFILE = Operation.RUNFILE
_INSTALL = Operation.INSTALL


class By(enum.Enum):
    """What brings the software. ``NEEDS``: wheels for it that bring none of it. ``PERHAPS``: wheels that bring it on some architectures."""

    BASE = enum.auto()
    COPY = enum.auto()
    PACKAGE = enum.auto()
    INSTALLER = enum.auto()
    WHEEL = enum.auto()
    NEEDS = enum.auto()
    PERHAPS = enum.auto()


class Brought(NamedTuple):
    """One thing that brings an accelerator's software into the image: ``what`` by its name."""

    accelerator: str
    by: By
    what: str
    span: Span


# several rules ask, one after the other
@per_file
def brought(facts: Facts) -> tuple[Brought, ...]:
    """All of it, in the order of the file."""
    return tuple(_brought(facts))


def _brought(facts: Facts) -> Iterator[Brought]:
    for stage in reversed(facts.shipped):
        base = facts.base(stage) if stage.parent is None else None
        if base is not None and base.accelerator is not None:
            yield Brought(base.accelerator, By.BASE, base.ref.text, stage.base_span)
        for instruction in stage.instructions:
            if instruction.keyword == "COPY" and instruction.flags:
                yield from _copied(instruction, facts)
        for run in facts.runs(stage):
            yield from _installed(run, facts)
    yield from _wheels(facts)


def _copied(instruction: Instruction, facts: Facts) -> Iterator[Brought]:
    source = copy_source(instruction)
    if source is None or instruction.problem:
        return
    stage = facts.graph.find(source)
    base = facts.base(stage) if stage else identify(facts.expand(instruction, source) or "")
    for word in instruction.words[:-1]:
        path = facts.expand(instruction, word.text)
        row = software_of("files", path) if path else None
        # a name alone is not enough: the folder may hold a driver's or a project's files
        if path and row is not None and base is not None and base.accelerator == row.id:
            yield Brought(row.id, By.COPY, path, word.span)


def _installed(run: Run, facts: Facts) -> Iterator[Brought]:
    for operation in run.operations:
        if operation.operation is _RUNFILE:
            row = software_of("installers", known(operation.packages[0].raw, run, facts))
            if row is not None:
                span = program_file(operation.command)
                yield Brought(row.id, By.INSTALLER, operation.packages[0].raw, span)
        elif operation.operation is _INSTALL and operation.ecosystem in ("deb", "rpm"):
            for package in operation.packages:
                row = software_of("packages", known(package.name, run, facts))
                if row is not None:
                    yield Brought(row.id, By.PACKAGE, package.name, package.span)


def _wheels(facts: Facts) -> Iterator[Brought]:
    for run, operation, package in installed(facts):
        need = python_need(package.name, package.extras) if operation.ecosystem == "python" else None
        if need is None or accelerator_of(need.accelerator) is None:
            continue
        if need.accelerator != "cuda":
            yield Brought(need.accelerator, By.WHEEL, package.name, package.span)
        elif brings_cuda(run, operation, package, facts):
            said = any("/cu1" in text for text in indexes(run, operation, facts)) or "cu1" in package.raw
            yield Brought("cuda", By.WHEEL if said else By.PERHAPS, package.name, package.span)
        elif need.sole:
            yield Brought("cuda", By.NEEDS, package.name, package.span)
