r"""CANN toolkit kept for inference.

## What it does
Reports a stage that ships on a CANN image with the whole toolkit and provably runs nothing but `.om` models through
ACL. It is proven where all of this holds:

- the start command names an `.om` file, or is ais_bench, and is no script of a shell;
- every package that any stage of the build installs is named, and no framework is among them (`torch_npu`,
  `mindspore`, `vllm-ascend`, `triton-ascend`, …): no requirement file, project, repository or unknown image is
  installed from or copied from;
- every command of what ships is understood, and none compiles or converts (`atc`, `msopgen`, `cmake`, …);
- where the build context is known, no source in it names a framework, `atc` or an interface that compiles.

Anything less, and nothing is said.

## Why is this bad
An `.om` model is compiled already. Running it takes NNRT, or the toolkit's `nnrt` part and the operators: a small
part of the image. Compilers and the rest of the toolkit go along for nothing.

## Bad
```dockerfile
FROM quay.io/ascend/cann:8.5.1-310p-ubuntu22.04-py3.11
COPY --chmod=755 serve /opt/serve
CMD ["/opt/serve", "--model", "/models/resnet50.om"]
```

## Good
```dockerfile
FROM ubuntu:22.04
RUN --mount=type=bind,source=packages,target=/packages \
    /packages/Ascend-cann-toolkit_8.5.1_linux-x86_64.run --quiet --install --install-for-all --whitelist=nnrt --force \
 && /packages/Ascend-cann-310p-ops_8.5.1_linux-x86_64.run --quiet --install --install-for-all --force
ENV LD_LIBRARY_PATH=/usr/local/Ascend/driver/lib64:/usr/local/Ascend/cann-8.5.1/lib64
COPY --chmod=755 serve /opt/serve
CMD ["/opt/serve", "--model", "/models/resnet50.om"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BaseImage,
    BuildContext,
    Facts,
    Finding,
    Instruction,
    Operation,
    PackageOperation,
    Recipe,
    RuleMeta,
    Severity,
    Stage,
    contents,
    copy_source,
    fill,
    mounts_of,
    python_need,
    recipes,
    regex,
)

from ._start import SHELLS, start
from ._toolchain import signs

META = RuleMeta("IMG106", "toolkit-for-inference", severity=Severity.WARNING, since="0.1.0")

_LEVEL = "nnrt"
_RUNS_MODELS = frozenset({"ais_bench", "ais-bench", "msame"})
_SOURCES = (".py", ".sh", ".c", ".cc", ".cpp", ".h", ".hpp", ".txt", ".toml")
# frameworks, the converter and compilers, and what ACL compiles with
_COMPILES = regex(
    rb"\b(?:torch_npu|torch-npu|mindspore|tensorflow|import torch|from torch|atc|msopgen|bisheng|ccec"
    rb"|aclgrph\w+|aclopCompile\w*)\b"
)
_MAX_SOURCE = 1_000_000
_CHANGES = frozenset(
    {Operation.INSTALL, Operation.BUILD, Operation.RUNFILE, Operation.ENVIRONMENT, Operation.UPGRADE}
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage.parent is not None or stage not in facts.shipped:
        return
    base = facts.base(stage)
    recipe = _recipe(base) if base is not None and contents(base).holds("toolkit") else None
    if base is None or recipe is None or signs(facts):
        return
    model = _model(facts)
    if model is not None and not _may_hold_more(facts) and not _compiles(facts.context):
        yield META.finding(
            stage.base_span,
            f"{base.ref.text} holds the whole toolkit, and only {model} runs in it: "
            f"install {_packages(recipe, base)} on a plain image",
        )


def _recipe(base: BaseImage) -> Recipe | None:
    return next((recipe for recipe in recipes(base) if recipe.serves == _LEVEL), None)


def _packages(recipe: Recipe, base: BaseImage) -> str:
    """The packages of a recipe, with the option that makes them small."""
    steps = (
        step.replace("{VERSION}", (base.version or "").upper()).replace("{arch}", "<arch>")
        for step in recipe.steps
    )
    words = (
        word.removeprefix("./")
        for step in steps
        for word in (fill(step, base) or step).split()
        if word.endswith(".run") or word.startswith("--whitelist")
    )
    return " ".join(words)


# --- what starts -------------------------------------------------------------------------------------


def _model(facts: Facts) -> str | None:
    """The model or the runner that the start command names; None where it may do anything else."""
    words = start(facts)
    programs = [word.rpartition("/")[2] for word in words]
    if (
        not words
        or programs[0] in SHELLS
        or any(p.endswith((".sh", ".bash")) or "$" in p for p in programs[:2])
    ):
        return None
    return next((p for p in programs if p.endswith(".om") or p in _RUNS_MODELS), None)


# --- what is in it -----------------------------------------------------------------------------------


def _may_hold_more(facts: Facts) -> bool:
    """Whether a stage that is built installs a framework, or something that is not seen here."""
    return any(
        any(_from_outside(instruction, facts) for instruction in stage.instructions)
        or any(run.script.opaque for run in facts.runs(stage))
        or any(_installs_more(o) for run in facts.runs(stage) for o in run.operations)
        for stage in facts.built
    )


def _compiles(context: BuildContext | None) -> bool:
    """Whether a source of the build context speaks of more than running models, or is not read."""
    if context is None:
        return False
    listing = context.files()
    named = [file for file in listing.files if file.path.endswith(_SOURCES)]
    return not listing.complete or any(
        file.size > _MAX_SOURCE
        or len(content := context.head(file.path, _MAX_SOURCE)) < file.size
        or _COMPILES.search(content)
        for file in named
    )


def _from_outside(instruction: Instruction, facts: Facts) -> bool:
    sources = [copy_source(instruction), *(mount.from_ for mount in mounts_of(instruction))]
    outside = (s for s in sources if s is not None and facts.graph.find(s) is None)
    remote = instruction.keyword == "ADD" and any("://" in word for word in instruction.args)
    return remote or instruction.keyword == "ONBUILD" or any(True for _ in outside)


def _installs_more(operation: PackageOperation) -> bool:
    if operation.operation not in _CHANGES:
        return False
    hidden = operation.requirement_files or operation.editable or operation.project or not operation.complete
    if hidden or operation.ecosystem not in ("python", "deb", "rpm"):
        return True
    return operation.ecosystem == "python" and any(
        package.source != "index" or _is_framework(package.name, package.extras)
        for package in operation.packages
    )


def _is_framework(name: str, extras: tuple[str, ...]) -> bool:
    """Whether a package is known to need an accelerator, and not for models that are compiled already."""
    need = python_need(name, extras)
    return need is not None and need.level != _LEVEL
