"""Software of several accelerators in one image.

## What it does
Reports an image that carries the software of more than one accelerator, CUDA, CANN or ROCm: by its base, by what is
copied from such an image, by system packages, installers and Python packages.

`torch` from the default index on a CANN base is information: only on x86-64 does it bring CUDA. Nothing is said where
the file speaks of the CPU index or of arm64.

## Why is this bad
A container runs on one kind of device. The other half, gigabytes of it, is pulled by every host for nothing, and the
two sides compete for `LD_LIBRARY_PATH`, `torch` and the driver's mounts. Two images from one Dockerfile share what is
common and carry each its own side: `imgtool rewrite --target cuda` and `imgtool rewrite --target cann` write them.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY --from=quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11 /usr/local/Ascend /usr/local/Ascend
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

from ._brings import Brought, By, brought

META = RuleMeta(
    "IMG119",
    "fat-accelerators",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("ascend", "torch-npu", "torch_npu", "cann", "rocm"),
)

_TITLES = {"cuda": "CUDA", "cann": "CANN", "rocm": "ROCm"}
_REWRITES = ("cuda", "cann")
# a file that speaks of these may have seen to its wheels itself, in a setting or for one architecture
_SEEN_TO = (b"whl/cpu", b"aarch64", b"arm64")


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    first: dict[str, Brought] = {}
    for found in brought(facts):
        before = first.get(found.accelerator)
        # what is sure goes before what is so on some architectures
        if before is None or (before.by is By.PERHAPS and found.by is not By.PERHAPS):
            first[found.accelerator] = found
    kinds = [name for name in _TITLES if name in first]
    if len(kinds) < 2:
        return
    one, other = sorted((first[name] for name in kinds[:2]), key=lambda b: (b.by is By.PERHAPS, b.span.start))
    perhaps = other.by is By.PERHAPS
    if perhaps and any(word in document.data for word in _SEEN_TO):
        return
    commands = " and ".join(f"imgtool rewrite --target {name}" for name in kinds if name in _REWRITES)
    advice = f"make two images ({commands})" if not perhaps else "take torch from its CPU index"
    yield META.finding(
        other.span,
        f"{other.what} brings {_TITLES[other.accelerator]}{' on x86-64' if perhaps else ''}, "
        f"and {one.what} {_TITLES[one.accelerator]}: a container runs on one of them; {advice}",
        severity=Severity.INFO if perhaps else Severity.WARNING,
        related=() if perhaps else (one.span,),
    )
