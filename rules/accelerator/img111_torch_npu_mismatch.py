"""Releases of torch, torch_npu and CANN that do not belong together.

## What it does
Reports a `torch-npu` whose version does not go with the `torch` that the same stage pins, or with the CANN of the
base image or of the installer that the stage runs, by the compatibility table of the torch_npu project. A release for
the same torch but another CANN (`2.1.0` for `2.1.0.post12`) is information.

Versions that are not pinned, are in variables without a known value, or are not in the table are left alone.

## Why is this bad
`torch_npu` is compiled for exactly one release of torch and calls interfaces of one release of CANN. With another
torch pip resolves to something else, or `import torch_npu` fails with undefined symbols; with another CANN operators
are missing at run time, often only for some models.

## Bad
```dockerfile
FROM quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11
RUN pip install --no-cache-dir torch==2.5.1+cpu torch-npu==2.1.0.post17 \
    --extra-index-url https://download.pytorch.org/whl/cpu
```

## Good
```dockerfile
FROM quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11
RUN pip install --no-cache-dir torch==2.7.1+cpu torch-npu==2.7.1 \
    --index-url https://download.pytorch.org/whl/cpu
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Finding,
    Operation,
    Package,
    RuleMeta,
    Run,
    Severity,
    Stage,
    regex,
    torch_npu_of,
)

from ._commands import known

META = RuleMeta(
    "IMG111",
    "torch-npu-mismatch",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("torch-npu", "torch_npu"),
)

_PIN = regex(r"={2,3}\s*v?(\d+(?:\.\d+)+(?:\.?(?:post|rc|dev)\d+)*)")
_WHEEL = regex(r"torch_npu-(\d+(?:\.\d+)+(?:\.?(?:post|rc|dev)\d+)*)[-+]")
_FINAL = regex(r"[\d.]+(?:\.post\d+)?")
_SUFFIX = regex(r"\.?(?:post|rc|dev)")
_CANN = regex(r"Ascend-cann-toolkit_(\d+\.\d+\.\w+)_", re.IGNORECASE)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.built:
        return
    torch: tuple[str, str] | None = None
    found: list[tuple[Package, str]] = []
    for run, package in _installed(stage, facts):
        version = _version(package, run, facts)
        if package.name == "torch":
            torch = (version, package.raw) if version else None
        elif package.name == "torch-npu" and version:
            found.append((package, version))
    if len(found) == 1:
        yield from _judged(*found[0], torch, _cann(stage, facts))


def _installed(stage: Stage, facts: Facts) -> Iterator[tuple[Run, Package]]:
    for run in facts.runs(stage):
        for operation in run.operations:
            if operation.operation is Operation.INSTALL and operation.ecosystem == "python":
                yield from ((run, package) for package in operation.packages)


def _version(package: Package, run: Run, facts: Facts) -> str | None:
    text = known(package.raw.strip("\"'"), run, facts)
    found = (
        _WHEEL.search(text) if package.name == "torch-npu" and text.endswith(".whl") else _PIN.search(text)
    )
    return found and found[1]


def _cann(stage: Stage, facts: Facts) -> str | None:
    """The CANN release of a stage: of what it installs, else of its base."""
    for run in facts.runs(stage):
        for operation in run.operations:
            if operation.operation is Operation.RUNFILE:
                found = _CANN.search(known(operation.command.argv[0].text, run, facts))
                if found:
                    return found[1].lower()
    base = facts.base(stage)
    return base.version if base is not None and base.accelerator == "cann" else None


def _judged(
    package: Package, version: str, torch: tuple[str, str] | None, cann: str | None
) -> Iterator[Finding]:
    release = _release(version)
    if torch is not None and _release(torch[0]) != release:
        yield META.finding(
            package.span,
            f"torch-npu {version} is compiled for torch {release}, and {torch[0]} is installed: pin torch-npu {_release(torch[0])}",
        )
        return
    pair = torch_npu_of(cann) if cann else None
    if pair is None or version in pair.torch_npu:
        return
    others = [name for name in pair.torch_npu if _release(name) == release]
    if not others:
        yield META.finding(
            package.span,
            f"CANN {cann} has no torch-npu {release}: it goes with {', '.join(pair.torch_npu)}",
        )
    elif _FINAL.fullmatch(version):
        yield META.finding(
            package.span,
            f"torch-npu {version} is for another CANN than {cann}, which goes with {', '.join(others)}",
            severity=Severity.INFO,
        )


def _release(version: str) -> str:
    """``2.1.0.post12`` is for torch 2.1.0."""
    numbers = _SUFFIX.split(version)[0].split(".")
    return ".".join((*numbers, "0", "0")[:3])
