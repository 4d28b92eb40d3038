"""Devel image or toolkit in the final stage.

## What it does
Reports a stage that ships and stands on an image for building: `nvidia/cuda:…-devel-…`, `pytorch/pytorch:…-devel`,
`quay.io/ascend/cann:…-devel`, oneAPI, ROCm and others. What ships is the last stage, or the one that `--stage` names,
with the stages it is FROM. ARG defaults and `--build-arg` are filled in before the tag is read. An image that is not
known, or is newer than the data, is not judged.

Where nothing but a shell starts, the image may be there to build in, and the message says so; if something is built
in it or may be, the finding is information. Nothing is said there where the context gives it scripts and lists alone,
as a CI image has, or where there is no smaller image of the family. Where a package that is installed compiles while
it runs (FlashInfer, DeepSpeed, Triton, …), IMG123 says what is enough for that.

On any other image, a CUDA toolkit that is installed into what ships is the same: `cuda-toolkit-12-4`,
`nvidia-cuda-toolkit`, `cuda_….run --toolkit`. It is information where nothing says what starts, where requirement files
or scripts may bring something that compiles while it runs, and for profilers (Nsight). Nothing is said where such a
thing is known to be there, or where the same RUN removes the toolkit; a compiler alone is left alone.

## Why is this bad
Compilers, headers and static libraries are for building. `nvidia/cuda:12.1.1-devel` is 3.6 GB larger than the
`-runtime` image of the same version, which every host then pulls.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
COPY app.py /app/
CMD ["python3", "/app/app.py"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu22.04 AS build
COPY kernel.cu /src/
RUN nvcc -o /opt/kernel /src/kernel.cu

FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04
COPY --from=build /opt/kernel /opt/kernel
CMD ["/opt/kernel"]
```

## Fix safety
Unsafe: another image is the base. The flavour in FROM is changed where nothing in the file speaks for a compiler:
no compiler or build tool is run, installed or started, no package is built from source or known to compile while it
runs, and every command is understood. What requirement files and the program itself need is not seen here. Where
something is built, `imgtool rewrite` may split the stage; there is no fix.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BaseImage,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
    Stage,
    Toolchain,
    beyond,
    contents,
    copy_source,
    identify,
    local_sources,
    other_flavour,
    saving,
    toolchain,
)

from ._start import starts_a_program
from ._toolchain import Sign, When, runs, signs
from ._toolkits import installed_toolkits

META = RuleMeta(
    "IMG101",
    "devel-final-stage",
    severity=Severity.WARNING,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
)

# what `imgtool rewrite --target` takes
_REWRITES = frozenset({"cuda", "cann"})
# files that prepare an image for the work that is done in it
_SET_UP = (".sh", ".txt", ".yml", ".yaml", ".cfg", ".conf")


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage.parent is not None or stage not in facts.shipped:
        return
    base = facts.base(stage)
    found = toolchain(base) if base is not None else None
    if found is None:
        yield from _installed(facts)
    if base is None or found is None or beyond(base):
        return
    seen = tuple(signs(facts.shipped, facts))
    if runs(seen) or (seen and _is_workshop(found, facts)):
        return
    sibling = identify(found.sibling) if found.sibling else None
    saved = saving(base, sibling) if sibling else None
    yield META.finding(
        stage.base_span,
        f"{base.ref.text} is a development image: {found.why}; {_advice(base, found, seen, facts)}",
        severity=Severity.INFO if _may_be_meant(seen, facts) else Severity.WARNING,
        fix=_fix(stage, base, sibling, seen, facts) if sibling else None,
        saves_bytes=saved.bytes if saved else None,
    )


def _installed(facts: Facts) -> Iterator[Finding]:
    """A toolkit that is installed on an image without one."""
    found = list(installed_toolkits(facts))
    seen = tuple(signs(facts.shipped, facts)) if found else ()
    if not found or runs(seen):
        return
    first = next((toolkit for toolkit in found if toolkit.kind == "toolkit"), found[0])
    own = {toolkit.program for toolkit in found}
    hidden = any(sign.when is When.UNKNOWN and sign.span not in own for sign in seen) or any(
        o.requirement_files or o.project
        for s in facts.shipped
        for run in facts.runs(s)
        for o in run.operations
    )
    what = "the CUDA toolkit" if first.kind == "toolkit" else "a profiler"
    perhaps = hidden and first.kind == "toolkit"
    unless = ", unless something that is not seen here compiles when the image runs" if perhaps else ""
    advice = (
        "build in a stage of its own, and install only the libraries that run here"
        if first.kind == "toolkit"
        else "profile in an image of its own"
    )
    meant = first.kind != "toolkit" or hidden or not starts_a_program(facts)
    yield META.finding(
        first.span,
        f"{first.what} puts {what} into what ships{unless}: {advice}",
        severity=Severity.INFO if meant else Severity.WARNING,
        related=tuple(toolkit.span for toolkit in found if toolkit is not first),
    )


def _is_workshop(found: Toolchain, facts: Facts) -> bool:
    """Whether the image is there to build in: nothing starts in it, and nothing of a project is brought but its set-up."""
    if starts_a_program(facts):
        return False
    nodes = [node for stage in facts.shipped for node in stage.instructions]
    local = [source for node in nodes for source in local_sources(node)]
    brought = any(copy_source(node) is not None for node in nodes)
    return found.sibling is None or (bool(local) and not brought and all(s.endswith(_SET_UP) for s in local))


def _may_be_meant(seen: tuple[Sign, ...], facts: Facts) -> bool:
    return bool(seen) and not starts_a_program(facts)


def _advice(base: BaseImage, found: Toolchain, seen: tuple[Sign, ...], facts: Facts) -> str:
    unless = "" if starts_a_program(facts) else "unless it is meant to build in, "
    if found.sibling and not seen:
        return f"{unless}use {found.sibling}"
    ship = f"ship {found.sibling}" if found.sibling else "copy the result into a smaller image"
    tool = (
        f" (imgtool rewrite --target {base.accelerator} can split it)"
        if base.accelerator in _REWRITES
        else ""
    )
    return f"{unless}build in a stage of its own and {ship}{tool}"


def _fix(
    stage: Stage, base: BaseImage, sibling: BaseImage, seen: tuple[Sign, ...], facts: Facts
) -> Fix | None:
    if (seen and not _holds_toolchain(sibling)) or base.flavour is None or sibling.flavour is None:
        return None
    written = other_flavour(stage.base, base, sibling.flavour)
    if written is None:
        return None
    operations = [o for stage_ in facts.shipped for run in facts.runs(stage_) for o in run.operations]
    unread = [file.text for o in operations for file in o.requirement_files]
    unread += [f"{o.manager} {o.verb}" for o in operations if o.project]
    unseen = f"; what {unread[0]} asks for was not read" if unread else ""
    message = f"Use the {sibling.flavour} image (unsafe: another image is the base{unseen})"
    return Fix(message, (Edit(stage.base_span.start, stage.base_span.end, written),))


def _holds_toolchain(sibling: BaseImage) -> bool:
    """Whether the smaller image compiles as well: CANN's does."""
    return contents(sibling).holds("toolkit") is True
