r"""Installed toolkit that may be meant.

## What it does
Reports a CUDA toolkit or a profiler (Nsight) that is installed into what ships, where IMG101 is silent: nothing says
what starts, people work in the image, or requirement files, scripts and projects that are not read may bring something
that compiles when the image runs. A rule in preview: who installs a toolkit by name mostly wants it there.

Nothing is said where something that compiles when the image runs is known to be there, where the same RUN removes the
toolkit, or on an image to build wheels in (`manylinux`); a compiler alone is left alone.

## Why is this bad
Compilers, headers, static libraries and profilers are several gigabytes that every host pulls.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends cuda-toolkit-12-6 python3-pip \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /app/
RUN pip install --no-cache-dir -r /app/requirements.txt
COPY app.py /app/
CMD ["python3", "/app/app.py"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /app/
RUN pip install --no-cache-dir -r /app/requirements.txt
COPY app.py /app/
CMD ["python3", "/app/app.py"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Stage, toolchain

from ._toolkits import shipped_toolkits

META = RuleMeta(
    "IMG124",
    "installed-toolkit",
    severity=Severity.INFO,
    since="0.2.0",
    needs=("cuda", "nsight"),
    preview=True,
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage.parent is not None or stage not in facts.shipped:
        return
    base = facts.base(stage)
    found = shipped_toolkits(facts) if base is None or toolchain(base) is None else None
    if found is None or found.sure:
        return
    toolkit = found.first.kind == "toolkit"
    what = "the CUDA toolkit" if toolkit else "a profiler"
    advice = (
        "build in a stage of its own, and install only the libraries that run here"
        if toolkit
        else "profile in an image of its own"
    )
    yield META.finding(
        found.first.span,
        f"{found.first.what} puts {what} into what ships; unless it is needed there, {advice}",
        related=found.others,
    )
