"""CUDA code compiled for every architecture.

## What it does
Reports projects with CUDA code that a stage on a CUDA image builds from source (`flash-attn`, `apex`, `vllm`,
`xformers`, Transformer Engine, DeepSpeed's operators, extensions of torch, llama.cpp, …) where nothing names
architectures: `TORCH_CUDA_ARCH_LIST`, `CMAKE_CUDA_ARCHITECTURES`, `CUDAARCHS`, the project's own variable.

A build that happens only where no prebuilt wheel fits, as pip does for `flash-attn`, is information. Builds for other
devices, builds in `if` and `case`, and images that are not known to hold `nvcc` are left alone: NVIDIA's framework
images name architectures themselves.

## Why is this bad
No device shows while an image is built, so the project compiles every kernel for all the architectures it knows, five
to ten of them: hours instead of minutes, and libraries several times as large. Extensions that ask the device stop
with `IndexError: list index out of range`.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS build
COPY --from=ghcr.io/astral-sh/uv:0.9.7 /uv /bin/uv
ENV MAX_JOBS=8
RUN uv pip install --system --no-cache --no-build-isolation xformers==0.0.28 --no-binary xformers
FROM nvidia/cuda:12.4.1-base-ubuntu22.04
COPY --from=build /usr/local/lib/python3.10/dist-packages /usr/local/lib/python3.10/dist-packages
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS build
COPY --from=ghcr.io/astral-sh/uv:0.9.7 /uv /bin/uv
ENV MAX_JOBS=8 TORCH_CUDA_ARCH_LIST="8.0;9.0"
RUN uv pip install --system --no-cache --no-build-isolation xformers==0.0.28 --no-binary xformers
FROM nvidia/cuda:12.4.1-base-ubuntu22.04
COPY --from=build /usr/local/lib/python3.10/dist-packages /usr/local/lib/python3.10/dist-packages
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage, is_chosen

from ._builds import builds, compiles_cuda, said

META = RuleMeta(
    "IMG109",
    "source-build-all-archs",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=(
        *("torch", "vision", "transformer", "llama", "vllm", "flash", "xformers", "deep", "apex"),
        *("mamba", "causal", "grouped", "megablocks", "gptq", "awq", "sage", "gsplat", "minkowski"),
        *("kaolin", "detectron", "mmcv", "mmdet"),
    ),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    base = facts.base(stage) if stage in facts.built else None
    if base is None or not compiles_cuda(base):
        return
    text = said(stage, facts)
    if is_chosen("archs", text):
        return
    for build in builds(stage, facts, text):
        perhaps = "" if build.certain else " where no prebuilt wheel fits"
        yield META.finding(
            build.span,
            f"{build.name} is compiled for every architecture it knows{perhaps}: list yours in {build.fact.archs}",
            severity=Severity.WARNING if build.certain else Severity.INFO,
        )
