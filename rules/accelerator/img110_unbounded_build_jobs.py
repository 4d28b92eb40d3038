"""CUDA code compiled with unbounded jobs.

## What it does
Reports, in a stage on a CUDA image, `make -j` and `cmake --build … -j` without a number, and large projects with
CUDA code that are built from source where nothing sets `MAX_JOBS` (information: they take one job for each core).
Several `make -j` of one RUN are one finding.

## Why is this bad
One job of `nvcc` takes 2 to 9 GB of memory. `make -j` starts all of them at once, and with a job for each core a
machine with many cores runs out of memory as well: the compiler is killed, and the build fails on some machines only.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS build
COPY src /src
RUN make -C /src -j
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY --from=build /src/engine /usr/local/bin/engine
CMD ["engine"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS build
COPY src /src
RUN make -C /src -j8
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY --from=build /src/engine /usr/local/bin/engine
CMD ["engine"]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Arg, Command, Facts, Finding, RuleMeta, Severity, Stage, is_chosen

from ._builds import builds, compiles_cuda, said

META = RuleMeta(
    "IMG110",
    "unbounded-build-jobs",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("make", "flash", "transformer", "vllm", "xformers", "pytorch", "llama"),
)

_MAKES = frozenset({"make", "gmake"})
_BARE = frozenset({"-j", "--jobs", "--parallel"})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    base = facts.base(stage) if stage in facts.built else None
    if base is None or not compiles_cuda(base):
        return
    text = said(stage, facts)
    # ninja bounds itself
    programs = _MAKES if "inja" in text else _MAKES | {"cmake"}
    for run in facts.runs(stage):
        bare = [(c.name, arg) for c in run.script.commands if c.name in programs and (arg := _bare(c))]
        if bare:
            name, first = bare[0]
            message = f"{name} {first.text} starts every job at once: give it a number"
            yield META.finding(first.span, message, related=tuple(arg.span for _, arg in bare[1:]))
    if is_chosen("jobs", text):
        return
    for build in builds(stage, facts, text):
        if not build.fact.heavy:
            continue
        perhaps = "" if build.certain else ", where no prebuilt wheel fits,"
        yield META.finding(
            build.span,
            f"{build.name} is compiled{perhaps} with a job for each core, and each takes gigabytes of memory: "
            f"set {build.fact.jobs}",
            severity=Severity.INFO,
        )


def _bare(command: Command) -> Arg | None:
    """A -j without a number."""
    if command.name not in _MAKES and not _builds(command):
        return None
    for arg, following in pairwise((*command.args, None)):
        if (
            arg
            and arg.text in _BARE
            and (following is None or not (following.text[:1].isdigit() or following.expands))
        ):
            return arg
    return None


def _builds(command: Command) -> bool:
    return any(arg.text == "--build" for arg in command.args)
