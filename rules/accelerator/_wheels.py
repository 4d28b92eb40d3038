"""Python packages that bring an accelerator's libraries, and the indexes that they come from."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Operation, Package, PackageOperation, Run, python_need, regex

from ._commands import known

_INSTALL = Operation.INSTALL
# indexes and versions whose wheels bring no CUDA
_OTHER_BUILD = regex(r"(?:/|\+)(?:cpu|rocm|xpu)")
_INDEX_SETTINGS = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_TORCH_BACKEND",
)

Installed = tuple[Run, PackageOperation, Package]


def installed(facts: Facts) -> Iterator[Installed]:
    """What the image that ships installs by name."""
    for stage in facts.shipped:
        for run in facts.runs(stage):
            for operation in run.operations:
                if operation.operation is _INSTALL:
                    yield from ((run, operation, package) for package in operation.packages)


def brings_cuda(run: Run, operation: PackageOperation, package: Package, facts: Facts) -> bool:
    """Whether a Python package comes with the CUDA libraries, as far as index and version tell."""
    if operation.ecosystem != "python" or operation.has("--no-deps", "--no-index"):
        return False
    need = python_need(package.name, package.extras)
    if need is None or not need.bundles or need.accelerator != "cuda":
        return False
    said = [known(package.spec or "", run, facts), *indexes(run, operation, facts)]
    return not any("$" in text or _OTHER_BUILD.search(text) for text in said)


def indexes(run: Run, operation: PackageOperation, facts: Facts) -> Iterator[str]:
    """Where the packages come from, by option or by variable."""
    given = (operation.index_url, *operation.extra_index_urls, *operation.find_links)
    yield from (known(arg.text, run, facts) for arg in given if arg is not None)
    yield from (f"/{o.value.text}" for o in operation.options if o.name == "--torch-backend" and o.value)
    values = facts.state(run.instruction).values
    yield from (f"/{values.get(name) or ''}" for name in _INDEX_SETTINGS)
    yield from (
        f"/{a.value.text}" for a in operation.command.assignments if a.name in _INDEX_SETTINGS and a.value
    )
