"""CUDA shipped twice.

## What it does
Reports an image that ships on a base with the CUDA libraries (the `runtime`, `cudnn` and `devel` flavours) and
installs Python wheels that bring the same libraries: `torch`, `vllm`, `jax[cuda12]`, `tensorflow[and-cuda]`,
`nvidia-cublas-cu12`, … Wheels from a CPU index (`…/whl/cpu`, `+cpu`) and installations with `--no-deps` bring none.

It says nothing where something else needs the CUDA of the base: packages that bring none themselves (`cupy-cuda12x`,
`onnxruntime-gpu`, `ctranslate2`, …), TensorRT and CUDA packages, anything that is compiled on a base with nvcc or
compiles with nvcc when it runs, and whatever a stage with nvcc hands over. Where that cannot be seen, because a requirement file, a script or a copy from another
image may bring such a thing, or something is compiled on a base without nvcc, the finding is information; on a base
with nvcc IMG101 alone speaks then. Otherwise this finding stands for that of IMG101, as it asks for more.

## Why is this bad
Wheels find their own libraries first, so those of the base are never loaded: 2.3 GB for CUDA 12.1. Only `libcuda.so.1`
is missing from the wheels, and it comes with the host's driver. The `-base` flavour or a slim Python image is enough;
with the latter set `NVIDIA_VISIBLE_DEVICES=all` and `NVIDIA_DRIVER_CAPABILITIES=compute,utility` yourself.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir torch==2.9.1
COPY app.py /app/
CMD ["python3", "/app/app.py"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-base-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir torch==2.9.1
COPY app.py /app/
CMD ["python3", "/app/app.py"]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from imgtool.rule import (
    BaseImage,
    Facts,
    Finding,
    Package,
    PackageOperation,
    RuleMeta,
    Severity,
    Stage,
    Via,
    beyond,
    build_only,
    contents,
    copy_source,
    identify,
    python_need,
    regex,
    saving,
    sibling,
)

from ._toolchain import Sign, When, runs, signs
from ._wheels import brings_cuda, installed

META = RuleMeta(
    "IMG105", "cuda-twice", severity=Severity.WARNING, since="0.1.0", aliases=("IMG101", "IMG123")
)

# levels of need that the wheels themselves meet
_MET = frozenset({"none", "cc"})
# system packages that stand on the CUDA libraries of the image
_USES_CUDA = regex(r"cuda|cudnn|cublas|nccl|nvinfer|tensorrt|libnpp|opencv", re.IGNORECASE)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage.parent is not None or stage not in facts.shipped:
        return
    base = facts.base(stage)
    if base is None or not _carries_cuda(base):
        return
    packages = list(installed(facts))
    bringing = next((package for run, o, package in packages if brings_cuda(run, o, package, facts)), None)
    if bringing is None or any(_uses_base(o, package) for _, o, package in packages):
        return
    if _takes_from_nvcc(facts):
        return
    seen = signs(facts)
    compiles = any(_may_link_cuda(sign) for sign in seen)
    # headers are for building unless something compiles when the image runs
    headers = not runs(seen) and any(_is_for_building(o, p) for _, o, p in packages)
    hidden = compiles or headers or _is_hidden(seen, facts)
    if contents(base).holds("nvcc") is False or not hidden:
        yield _finding(stage, base, bringing, seen, hidden=hidden)


def _carries_cuda(base: BaseImage) -> bool:
    there = contents(base)
    return not beyond(base) and there.holds("cuda-libs") is True and there.holds("torch") is not True


def _uses_base(operation: PackageOperation, package: Package) -> bool:
    if operation.ecosystem != "python":
        return operation.ecosystem != "conda" and _USES_CUDA.search(package.name) is not None
    need = python_need(package.name, package.extras)
    return need is not None and need.accelerator == "cuda" and need.level not in _MET


def _is_for_building(operation: PackageOperation, package: Package) -> bool:
    return operation.ecosystem == "deb" and build_only("apt", package.name) is not None


def _may_link_cuda(sign: Sign) -> bool:
    """Whether what is compiled may be linked against the base: all but the C that packages compile for themselves."""
    return sign.when is When.BUILD or (sign.when is When.RUN and not sign.packages)


def _takes_from_nvcc(facts: Facts) -> bool:
    """Whether a stage on an image with nvcc hands something over: it may be linked against the CUDA of the base."""
    sources = (e.target for e in facts.graph.edges if e.via is Via.COPY and e.stage in facts.shipped)
    bases = (facts.base(stage) for stage in sources if stage is not None)
    return any(contents(base).holds("nvcc") is True for base in bases if base is not None)


def _is_hidden(seen: Sequence[Sign], facts: Facts) -> bool:
    """Whether something that is not seen here may need the CUDA of the base."""
    if any(sign.when is When.UNKNOWN for sign in seen):
        return True
    operations = [o for stage in facts.shipped for run in facts.runs(stage) for o in run.operations]
    copies = (i for stage in facts.shipped for i in stage.instructions if copy_source(i) is not None)
    return any(o.requirement_files or o.project or not o.complete for o in operations) or any(copies)


def _finding(
    stage: Stage, base: BaseImage, package: Package, seen: Sequence[Sign], *, hidden: bool
) -> Finding:
    smaller = sibling(base, "base")
    other = identify(smaller) if smaller else None
    saved = saving(base, other) if other else None
    unless = ", unless something that is not seen here needs them" if hidden else ""
    tools = ", ".join(dict.fromkeys(name for sign in seen if sign.when is When.RUN for name in sign.packages))
    images = f"{smaller} or a slim Python image" if smaller else "a slim Python image"
    return META.finding(
        stage.base_span,
        f"{package.name} brings the CUDA libraries that {base.ref.text} has already{unless}: "
        f"use {images}{f' with {tools}' if tools else ''}",
        severity=Severity.INFO if hidden else Severity.WARNING,
        saves_bytes=saved.bytes if saved else None,
        aliases=() if contents(base).holds("nvcc") is False else META.aliases,
    )
