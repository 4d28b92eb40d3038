"""Package that compiles when it runs, in an image without a compiler.

## What it does
Reports Python packages that need a compiler at run time, installed in or copied into an image that ships on a base
known to have none, where nothing installs one or what installed it is removed again:

- `triton`, `vllm`, … start a C compiler (`gcc` or `clang`, with the headers of libc and Python);
- `deepspeed`, `flashinfer`, `sglang`, `tilelang`, … start `nvcc`.

Images with commands that are not understood, that copy whole system folders from elsewhere, or that set CC, are left
alone.
`DS_BUILD_OPS=1` and `flashinfer-jit-cache` make what they build unnecessary.

## Why is this bad
The image is smaller without compilers, starts, and fails at the first request: `Failed to find C compiler` (Triton,
`torch.compile`), `CUDA_HOME environment variable is not set` or `No such file or directory: 'nvcc'`. The packages
that are enough are far smaller than a `-devel` image.

## Bad
```dockerfile
FROM python:3.11-slim
RUN pip install --no-cache-dir vllm==0.9.1
CMD ["vllm", "serve", "org/model"]
```

## Good
```dockerfile
FROM python:3.11-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir vllm==0.9.1
CMD ["vllm", "serve", "org/model"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BaseImage,
    Document,
    Facts,
    Finding,
    NamedTuple,
    Operation,
    Package,
    PackageOperation,
    RuleMeta,
    Severity,
    Span,
    Stage,
    build_only,
    contents,
    copy_source,
    fill,
    levels,
    python_need,
    recommends,
)

from ._toolchain import When, signs

META = RuleMeta(
    "IMG121",
    "jit-without-compiler",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("triton", "vllm", "sglang", "flashinfer", "deep", "tilelang", "numba", "jax[", "pycuda"),
)

# part of the image -> level of need that is without it
_PARTS = {"cc": "gcc", "jit": "nvcc"}
_SYSTEM = {"deb": "apt", "rpm": "dnf", "apk": "apk"}
# in Python environments and conda packages
_COMPILERS = ("cuda-nvcc", "nvidia-cuda-nvcc", "gcc", "gxx", "compilers", "clang", "cuda-toolkit")
# builds beforehand what would be built at run time
_BEFOREHAND = {"deepspeed": "DS_BUILD_OPS", "flashinfer-python": "flashinfer-jit-cache"}
# folders that a compiler may come along in
_WHOLE = frozenset({"/", "/usr", "/usr/bin", "/usr/local", "/usr/local/cuda", "/opt", "/opt/conda"})
_ENVIRONMENTS = (
    "venv",
    "site-packages",
    "dist-packages",
    "/opt/conda",
    "/usr/local/lib/python",
    "/root/.local",
)


class Use(NamedTuple):
    """A package that compiles when it runs: the part that it needs, and the system packages that give it."""

    name: str
    span: Span
    part: str
    packages: tuple[str, ...]


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    base = facts.base(facts.shipped[-1]) if facts.shipped else None
    if base is None or not any(contents(base).holds(part) is False for part in _PARTS.values()):
        return
    uses = [use for use in _uses(facts) if not _built_before(use, document)]
    missing = [use for use in uses if contents(base).holds(use.part) is False]
    if not missing or _may_hold_compiler(facts) or facts.final_state(facts.shipped[0]).env.get("CC"):
        return
    # what needs the most says what is to be installed
    worst = max(missing, key=lambda use: use.part == _PARTS["jit"])
    if worst.part not in _installed_parts(facts):
        yield _finding(worst, base)


def _finding(use: Use, base: BaseImage) -> Finding:
    names = [fill(name, base) or name.replace("-{X-Y}", "") for name in use.packages]
    return META.finding(
        use.span,
        f"{use.name} starts {use.part} when it runs, and {base.ref.text} has none: "
        f"install {', '.join(names) or use.part} in the final stage",
    )


# --- what compiles -----------------------------------------------------------------------------------


def _uses(facts: Facts) -> Iterator[Use]:
    for stage in (*facts.shipped, *_copied_environments(facts)):
        for run in facts.runs(stage):
            for operation in run.operations:
                if operation.operation is Operation.INSTALL and operation.ecosystem == "python":
                    yield from (use for package in operation.packages for use in _use(package))


def _copied_environments(facts: Facts) -> Iterator[Stage]:
    """Stages whose Python environments are copied into what ships."""
    for stage in facts.shipped:
        for instruction in stage.instructions:
            source = copy_source(instruction)
            found = facts.graph.find(source) if source else None
            paths = instruction.args[:-1]
            if found is not None and any(name in path for path in paths for name in _ENVIRONMENTS):
                yield from found.lineage()


def _use(package: Package) -> Iterator[Use]:
    need = python_need(package.name, package.extras)
    part = _PARTS.get(need.level) if need and need.accelerator == "cuda" else None
    if need is not None and part is not None:
        level = next(row for row in levels(need.accelerator) if row.name == need.level)
        yield Use(package.name, package.span, part, level.deb)


def _built_before(use: Use, document: Document) -> bool:
    told = _BEFOREHAND.get(use.name)
    return told is not None and told.encode() in document.data


# --- what is there to compile with -------------------------------------------------------------------


def _may_hold_compiler(facts: Facts) -> bool:
    if any(sign.when is When.UNKNOWN for sign in signs(facts)):
        return True
    copies = (i for stage in facts.shipped for i in stage.instructions if copy_source(i) is not None)
    return any(
        path.rstrip("/") in {name.rstrip("/") for name in _WHOLE} for i in copies for path in i.args[:-1]
    )


def _installed_parts(facts: Facts) -> frozenset[str]:
    """``gcc`` and ``nvcc``, as far as a package brings them and none takes them away again."""
    there: set[str] = set()
    for stage in reversed(facts.shipped):
        for run in facts.runs(stage):
            for operation in run.operations:
                parts = {part for package in operation.packages for part in _parts(operation, package)}
                if operation.operation is Operation.INSTALL:
                    there |= parts
                elif operation.operation is Operation.REMOVE:
                    there -= parts
    return frozenset(there)


def _parts(operation: PackageOperation, package: Package) -> Iterator[str]:
    if operation.groups:
        yield "gcc"
    system = _SYSTEM.get(operation.ecosystem)
    names = (package.name, *_recommended(system, operation, package)) if system else ()
    if any(_compiles(system, name) for name in names) or package.name.startswith(_COMPILERS):
        yield "nvcc" if "cuda" in package.name else "gcc"


def _recommended(system: str | None, operation: PackageOperation, package: Package) -> tuple[str, ...]:
    brings = None if operation.no_recommends or system is None else recommends(system, package.name)
    return brings.brings if brings else ()


def _compiles(system: str | None, name: str) -> bool:
    """Whether a system package is a compiler or brings one: those of GNU leave their run-time library behind."""
    tool = build_only(system, name) if system else None
    return tool is not None and (tool.kind == "compiler" or (tool.kind == "build tool" and bool(tool.keeps)))
