r"""Whole devel image for a compiler at run time.

## What it does
Reports a stage that ships and stands on an image for building (IMG101 names the families), where a package that is
installed or starts compiles while it runs: FlashInfer, DeepSpeed, vLLM, Triton, Theano, … The message names the system packages that
are enough for that. A rule in preview: whether the few gigabytes are worth another base is for its owner to say.

## Why is this bad
Compiling at run time takes a compiler and some headers, not profilers, static libraries and the headers of every
library: `nvidia/cuda:…-base` with `cuda-minimal-build` is what vLLM, lmdeploy and prime-rl ship, and 5 GB smaller.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu22.04
RUN pip install --no-cache-dir deepspeed==0.16.0
COPY train.py /app/
CMD ["python3", "/app/train.py"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends cuda-minimal-build-12-6 g++ ninja-build python3-pip \
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir deepspeed==0.16.0
COPY train.py /app/
CMD ["python3", "/app/train.py"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Finding,
    RuleMeta,
    Severity,
    Stage,
    beyond,
    identify,
    saving,
    toolchain,
)

from ._toolchain import runs, signs

META = RuleMeta("IMG123", "devel-for-run-time-compiler", severity=Severity.INFO, since="0.2.0", preview=True)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage.parent is not None or stage not in facts.shipped:
        return
    base = facts.base(stage)
    found = toolchain(base) if base is not None else None
    if base is None or found is None or beyond(base):
        return
    seen = runs(signs(facts))
    if not seen:
        return
    # the version in a package's name is the CUDA version, which not every tag tells
    own = [sign for sign in seen if sign.accelerator == base.accelerator]
    names = dict.fromkeys(p.replace("-{X-Y}", "") for sign in own for p in sign.packages)
    enough = f": {', '.join(names)} on a smaller image may be enough" if names else ""
    sibling = identify(found.sibling) if found.sibling else None
    saved = saving(base, sibling) if sibling else None
    yield META.finding(
        stage.base_span,
        f"{base.ref.text} is a development image, and {seen[0].what} compiles when the image runs{enough}",
        saves_bytes=saved.bytes if saved else None,
    )
