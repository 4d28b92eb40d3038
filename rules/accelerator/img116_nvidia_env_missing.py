"""CUDA without the variables that ask for the driver.

## What it does
Reports CUDA that is copied or installed into an image on a plain base, where no ENV sets `NVIDIA_VISIBLE_DEVICES` or
`NVIDIA_DRIVER_CAPABILITIES`. `nvidia/cuda` images set both.

Images on a base that is not known are left alone, and so is CUDA that comes with Python packages, alone or beside
other CUDA: their images are mostly started by schedulers or with `--gpus`, which set the variables. So are packages that
only compile (`cuda-nvcc`, `cuda-minimal-build`, `-dev`), where nothing else is there, and images to build wheels in
(`manylinux`): no program of the image runs on a device.

## Why is this bad
NVIDIA's container runtime reads the two variables of the image where nobody else sets them. Without the first,
`--runtime=nvidia` and a default runtime mount no device and no driver, as `runc` does; without the second, older runtimes
mount a driver that lacks `libcuda.so.1`. The program then says that there is no CUDA-capable device.

## Bad
```dockerfile
FROM ubuntu:22.04
COPY --from=nvidia/cuda:12.4.1-runtime-ubuntu22.04 /usr/local/cuda-12.4 /usr/local/cuda-12.4
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Good
```dockerfile
FROM ubuntu:22.04
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=nvidia/cuda:12.4.1-runtime-ubuntu22.04 /usr/local/cuda-12.4 /usr/local/cuda-12.4
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Fix safety
Unsafe: the environment of the image changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imgtool.rule import (
    Document,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
    accelerator_of,
    build_only,
)

from ._brings import Brought, By, brought
from ._start import builds_wheels

META = RuleMeta(
    "IMG116",
    "nvidia-env-missing",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("cuda", "libcu", "libnpp", "libnccl", "libnv"),
)

_VENDOR = "cuda"
_DEVICES = "NVIDIA_VISIBLE_DEVICES"
_BRINGS = frozenset({By.COPY, By.PACKAGE, By.INSTALLER})
_PYTHON = frozenset({By.WHEEL, By.NEEDS, By.PERHAPS})
_SYSTEMS = ("apt", "dnf")


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    base = facts.base(facts.shipped[-1]) if facts.shipped else None
    row = accelerator_of(_VENDOR)
    if base is None or base.accelerator is not None or row is None or builds_wheels(facts):
        return
    there = facts.final_state(facts.shipped[0]).env
    missing = {name: value for name, value in row.env.items() if name not in there}
    found = [thing for thing in brought(facts) if thing.accelerator == _VENDOR] if missing else []
    what = next((thing for thing in found if _runs(thing)), None)
    if what is not None and not any(thing.by in _PYTHON for thing in found):
        lacks = "no driver" if _DEVICES in missing else "a driver without libcuda.so.1 where it is old"
        yield META.finding(
            what.span,
            f"{what.what} brings CUDA to {base.ref.text}, and nothing sets {' and '.join(missing)}: "
            f"--runtime=nvidia without --gpus mounts {lacks}",
            fix=_fix(document, facts, missing),
        )


def _runs(thing: Brought) -> bool:
    """Whether programs run with it: a package that only compiles asks for no device."""
    builds = thing.by is By.PACKAGE and any(build_only(system, thing.what) for system in _SYSTEMS)
    return thing.by in _BRINGS and not builds


def _fix(document: Document, facts: Facts, missing: Mapping[str, str]) -> Fix:
    end = facts.shipped[0].from_.span.end
    text = " ".join(f"{name}={value}" for name, value in missing.items())
    edit = Edit(end, end, f"{document.source.newline}ENV {text}")
    return Fix(f"Set {' and '.join(missing)} (unsafe: the environment of the image changes)", (edit,))
