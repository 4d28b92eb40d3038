"""Wheels for another CUDA than the base image's.

## What it does
Reports Python and conda packages built for another major version of CUDA than the one that the image of their stage
holds: by index (`…/whl/cu118`), version (`torch==2.1.0+cu118`), name (`cupy-cuda11x`, `dgl-cu117`), extra
(`jax[cuda13]`), a conda pin (`pytorch-cuda=11.8`), `cuda-python`, or the default wheels of a torch release.

Another minor version of the same major is fine: CUDA promises that it runs. Commands in `if` and `case` are left
alone, and so are versions in variables whose value is not known. On a `base` image, which holds no CUDA libraries
besides the runtime, the finding is information.

## Why is this bad
Two CUDAs ship, and each is incomplete for the other. What loads the libraries of the image fails with
`libcublas.so.11: cannot open shared object file`; an extension that is compiled here with the `nvcc` of the image is
refused by torch (`The detected CUDA version mismatches the version that was used to compile PyTorch`); and the driver
that the image asks for is not the one that the wheels need.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY --from=ghcr.io/astral-sh/uv:0.9.7 /uv /bin/uv
RUN uv pip install --system --no-cache torch==2.5.1 --index-url https://download.pytorch.org/whl/cu118
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-base-ubuntu22.04
COPY --from=ghcr.io/astral-sh/uv:0.9.7 /uv /bin/uv
RUN uv pip install --system --no-cache torch==2.5.1 --index-url https://download.pytorch.org/whl/cu124
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BaseImage,
    Facts,
    Finding,
    NamedTuple,
    Operation,
    Package,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    contents,
    cuda_of,
    regex,
    torch_wheels,
)

from ._commands import known
from ._wheels import indexes

_INSTALL = Operation.INSTALL
META = RuleMeta(
    "IMG108",
    "wheel-cuda-mismatch",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("torch", "cu1", "cu9", "cuda1", "cuda-version", "cuda-python", "cudatoolkit"),
)

# cu118 is 11.8, cu12 any 12
_TAG = regex(r"(?<![a-z0-9])cu(\d{2,3})(?!\d)")
_NAMED = regex(r"-cuda(1\d)x?\Z")
_EXTRA = regex(r"cuda(1\d)")
_VERSION = regex(r"\d+(?:\.\d+)?")
# packages whose own version is that of CUDA
_PINS = frozenset({"cuda-python", "cudatoolkit", "pytorch-cuda", "cuda-version", "cuda-toolkit"})
_ECOSYSTEMS = frozenset({"python", "conda"})


class Wheel(NamedTuple):
    """The CUDA that something is for, and the word that says so."""

    what: str
    cuda: str
    span: Span


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    base = facts.base(stage) if stage in facts.built else None
    held = cuda_of(base) if base else None
    if base is None or held is None:
        return
    others: dict[str, list[Wheel]] = {}
    for run in facts.runs(stage):
        for wheel in _wheels(run, facts):
            if _major(wheel.cuda) != _major(held):
                others.setdefault(_major(wheel.cuda), []).append(wheel)
    for found in others.values():
        yield _finding(base, held, found)


def _major(version: str) -> str:
    return version.partition(".")[0]


def _finding(base: BaseImage, held: str, found: list[Wheel]) -> Finding:
    first = found[0]
    short = ".".join(held.split(".")[:2])
    return META.finding(
        first.span,
        f"{first.what} is for CUDA {first.cuda}, and {base.ref.text} holds CUDA {short}: "
        f"take packages for CUDA {_major(held)}, or a base of CUDA {first.cuda}",
        severity=Severity.INFO if contents(base).holds("cuda-libs") is False else Severity.WARNING,
        related=tuple(wheel.span for wheel in found[1:]),
    )


def _wheels(run: Run, facts: Facts) -> Iterator[Wheel]:
    for operation in run.operations:
        if operation.operation is not _INSTALL or operation.ecosystem not in _ECOSYSTEMS:
            continue
        if any(context in ("if", "else", "case") for context in operation.command.context):
            continue
        given = list(indexes(run, operation, facts))
        tagged = list(_tagged(run, operation, given, facts))
        yield from tagged
        # any other index may have other builds
        own = not tagged and not any(text.strip("/") for text in given)
        for package in operation.packages:
            yield from _of_package(package, operation, facts, run, default=own)


def _tagged(run: Run, operation: PackageOperation, given: list[str], facts: Facts) -> Iterator[Wheel]:
    """``cu118`` in an index, a version, a name or a file."""
    words = [(known(arg.text, run, facts), arg) for arg in operation.command.args]
    words += [(text, operation.command.argv[0]) for text in given]
    seen: set[str] = set()
    for text, arg in words:
        for number in _TAG.findall(text) if "cu" in text else ():
            if number not in seen:
                seen.add(number)
                yield Wheel(f"cu{number}", _dotted(number), _place(f"cu{number}", arg.span, facts))


def _dotted(number: str) -> str:
    """``118`` is 11.8, ``12`` any 12, and ``92`` 9.2."""
    if len(number) == 2 and number[0] == "1":
        return number
    return f"{number[:-1]}.{number[-1]}"


def _place(text: str, span: Span, facts: Facts) -> Span:
    at = facts.document.data.find(text.encode(), span.start, span.end)
    return Span(at, at + len(text)) if at >= 0 else span


def _of_package(
    package: Package, operation: PackageOperation, facts: Facts, run: Run, *, default: bool
) -> Iterator[Wheel]:
    spec = known(package.spec or "", run, facts)
    version = _VERSION.search(spec) if spec.startswith("=") else None
    named = [_NAMED.search(package.name), *(_EXTRA.match(extra) for extra in package.extras)]
    if package.name in _PINS and version:
        yield Wheel(package.raw.strip("\"'"), version[0], package.span)
    for found in named:
        if found:
            yield Wheel(package.raw.strip("\"'"), found[1], package.span)
    if package.name == "torch" and operation.ecosystem == "python" and default:
        wheels = torch_wheels(spec.removeprefix("=="))
        if wheels is not None:
            yield Wheel(package.raw.strip("\"'"), wheels.cuda, package.span)
