"""Bytes that a package manager's cache adds to a layer, where somebody has measured them."""

from __future__ import annotations

from collections.abc import Iterable

from imgtool.rule import (
    Facts,
    Kept,
    Operation,
    PackageOperation,
    Run,
    cache_bytes,
    contents,
    per_file,
    torch_bytes,
)

from ..accelerator._commands import known
from ..accelerator._wheels import brings_cuda, indexes


def kept_bytes(facts: Facts, found: Iterable[Kept]) -> int | None:
    """What the caches hold, as they lie in their layers; None where nothing of it was measured."""
    sizes = [_bytes(facts, kept) for kept in found]
    return sum(size for size in sizes if size) or None


def _bytes(facts: Facts, kept: Kept) -> int | None:
    base = facts.base(kept.run.stage)
    measured = cache_bytes(kept.cache.name, base.os, base.os_version) if base and base.known else None
    if measured is not None:
        return measured
    # uv links what it installs to its cache: that is in the layer once
    torch = _torch(facts) if kept.fills[0].manager == "pip" else None
    return _downloaded(facts, *torch) if torch and torch[1] in kept.fills else None


@per_file
def _torch(facts: Facts) -> tuple[Run, PackageOperation] | None:
    """The installation that downloads torch from PyPI; None where it may be there before, or part of it is not known."""
    if not facts.shipped or not _lacks_torch(facts):
        return None
    for stage in reversed(facts.shipped):
        for run in facts.runs(stage):
            for operation in run.operations if not run.onbuild else ():
                if operation.ecosystem == "conda" or _may_bring_anything(operation):
                    return None
                if any(brings_cuda(run, operation, package, facts) for package in operation.packages):
                    return (run, operation) if _is_plain(facts, run, operation) else None
    return None


def _lacks_torch(facts: Facts) -> bool:
    base = facts.base(facts.shipped[0])
    if base is None or not base.known:
        return False
    there = contents(base)
    return base.accelerator is None or (there.holds("cudart") is True and there.holds("torch") is not True)


def _may_bring_anything(operation: PackageOperation) -> bool:
    if operation.ecosystem != "python" or operation.operation is not Operation.INSTALL:
        return False
    other = operation.requirement_files or operation.editable or operation.project
    return bool(other or not operation.complete or any(p.source != "index" for p in operation.packages))


def _is_plain(facts: Facts, run: Run, operation: PackageOperation) -> bool:
    """Whether it is an installation from the default index."""
    if operation.operation is not Operation.INSTALL or not operation.command.unconditional:
        return False
    return not any(text.strip("/") for text in indexes(run, operation, facts))


def _downloaded(facts: Facts, run: Run, operation: PackageOperation) -> int | None:
    """What torch and its dependencies weigh: of the release that is named, or at least."""
    package = next((p for p in operation.packages if p.name == "torch"), None)
    spec = known(package.spec or "", run, facts) if package else ""
    if spec.startswith("==") and "*" not in spec:
        return torch_bytes(spec.removeprefix("=="))
    return torch_bytes(None) if not spec or (spec.startswith(">=") and "," not in spec) else None
