"""Software of several accelerators in one image.

## What it does
Reports an image that carries the software of more than one accelerator, CUDA, CANN or ROCm: by its base, by what is
copied from such an image, by system packages, installers and Python packages.

`torch` from the default index on a CANN base is information: only on x86-64 does it bring CUDA. Nothing is said where
the file speaks of the CPU index or of arm64. On a ROCm base, which is x86-64 alone, it never sees the GPU, and the
message names the index of builds for ROCm; where the image holds a torch already, only a version that is asked for
replaces it. Packages that need CUDA and bring none of it, as `cupy-cuda12x` and `onnxruntime-gpu`, count as well.

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

from collections.abc import Iterator, Sequence

from imgtool.rule import (
    Document,
    Facts,
    Finding,
    RuleMeta,
    Severity,
    accelerator_of,
    contents,
    torch_index,
)

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
_SEEN_TO_ROCM = (b"whl/cpu", b"whl/rocm", b"whl/nightly/rocm", b"repo.radeon.com", b"amd.com")
# what is sure goes before what is so on some architectures
_RANK = {By.NEEDS: 1, By.PERHAPS: 2}


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    first: dict[str, Brought] = {}
    for found in brought(facts):
        before = first.get(found.accelerator)
        if before is None or _rank(found) < _rank(before):
            first[found.accelerator] = found
    kinds = [name for name in _TITLES if name in first]
    if len(kinds) < 2:
        return
    one, other = sorted((first[name] for name in kinds[:2]), key=lambda b: (_rank(b), b.span.start))
    if other.by is By.PERHAPS and _is_seen_to(one, other, document, facts):
        return
    perhaps = other.by is By.PERHAPS and not _machine(one)
    where = " on x86-64" if perhaps else ""
    verb, again = ("needs", "brings ") if other.by is By.NEEDS else ("brings", "")
    yield META.finding(
        other.span,
        f"{other.what} {verb} {_TITLES[other.accelerator]}{where}, "
        f"and {one.what} {again}{_TITLES[one.accelerator]}: {_advice(one, other, kinds, facts)}",
        severity=Severity.INFO if perhaps else Severity.WARNING,
        related=() if _rank(other) else (one.span,),
    )


def _rank(found: Brought) -> int:
    return _RANK.get(found.by, 0)


def _machine(found: Brought) -> str | None:
    """The only architecture that the accelerator's software is for."""
    row = accelerator_of(found.accelerator)
    return row.machine if row else None


def _is_seen_to(one: Brought, other: Brought, document: Document, facts: Facts) -> bool:
    """Whether the file may have chosen its wheels elsewhere, or the image has them."""
    if not _machine(one):
        return any(word in document.data for word in _SEEN_TO)
    base = facts.base(facts.target) if facts.target else None
    held = contents(base).has if base and one.by is By.BASE else ()
    # a version that is not asked for is not replaced
    may_hold = one.by is By.BASE and (not held or "torch" in held)
    named = document.data[other.span.start : other.span.end]
    return (may_hold and b"=" not in named) or any(word in document.data for word in _SEEN_TO_ROCM)


def _advice(one: Brought, other: Brought, kinds: Sequence[str], facts: Facts) -> str:
    title = _TITLES[one.accelerator]
    if other.by is By.NEEDS:
        return f"it does not run there; take a package for {title}"
    if other.by is By.PERHAPS and not _machine(one):
        return "a container runs on one of them; take torch from its CPU index"
    if other.by is By.PERHAPS:
        base = facts.base(facts.target) if facts.target else None
        index = torch_index(one.accelerator, base.version if base and one.by is By.BASE else None)
        index = index or "the index of PyTorch for your version of it"
        of = f"torch from {index}" if other.what == "torch" else f"a build for {title}"
        return f"this build never sees the GPU; take {of}"
    commands = " and ".join(f"imgtool rewrite --target {name}" for name in kinds if name in _REWRITES)
    return f"a container runs on one of them; make two images ({commands})"
