"""Devel image or toolkit in the final stage.

## What it does
Reports a stage that ships and stands on an image for building: `nvidia/cuda:…-devel-…`, `pytorch/pytorch:…-devel`,
`quay.io/ascend/cann:…-devel`, oneAPI, ROCm and others. What ships is the last stage, or the one that `--stage` names,
with the stages it is FROM. ARG defaults and `--build-arg` are filled in before the tag is read. An image that is not
known, or is newer than the data, is not judged.

Where nothing but a shell or notebooks start, the image may be there to build in, and the message says so; if something
is built in it or may be, or notebooks are there, the finding is information. Where requirement files, scripts or
projects that are not read may bring something that compiles when the image runs, the message says that, too.

Nothing is said where a shell starts, something is built and the image is there for that: there is no smaller image of
the family; the context gives it scripts and lists alone, as a CI image has; it holds compilers by name and no project
or library; ENV tells compilers where headers are; or no project is installed, and an account may use sudo or git knows
a name to commit with. Where a package that is installed or starts compiles while it runs (FlashInfer, DeepSpeed, vLLM,
Theano, …), IMG123 says what is enough for that.

On any other image, a CUDA toolkit that is installed into what ships is the same (`cuda-toolkit-12-4`,
`nvidia-cuda-toolkit`, `cuda_….run --toolkit`), where a program starts and all that is installed is read; IMG124 has
the others.

## Why is this bad
Compilers, headers and static libraries are for building. `nvidia/cuda:12.1.1-devel` is 3.6 GB larger than the
`-runtime` image of the same version, which every host then pulls.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
COPY app.py /app/
CMD ["python3", "/app/app.py"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu22.04 AS build
COPY kernel.cu /src/
RUN nvcc -o /opt/kernel /src/kernel.cu

FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04
COPY --from=build /opt/kernel /opt/kernel
CMD ["/opt/kernel"]
```

## Fix safety
Unsafe: another image is the base. The flavour in FROM is changed where nothing in the file speaks for a compiler:
no compiler or build tool is run, installed or started, no package is built from source or known to compile while it
runs, and every command is understood. What requirement files and the program itself need is not seen here. Where
something is built, `imgtool rewrite` may split the stage; there is no fix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import (
    BaseImage,
    Command,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    Operation,
    RuleMeta,
    Severity,
    Stage,
    Toolchain,
    beyond,
    contents,
    copy_source,
    identify,
    local_sources,
    other_flavour,
    saving,
    toolchain,
)

from ._start import holds_notebooks, is_worked_in, starts_a_shell
from ._toolchain import Sign, When, runs, signs, unread
from ._toolkits import shipped_toolkits

META = RuleMeta(
    "IMG101",
    "devel-final-stage",
    severity=Severity.WARNING,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
)

# what `imgtool rewrite --target` takes
_REWRITES = frozenset({"cuda", "cann"})
# files that prepare an image for the work that is done in it
_SET_UP = (".sh", ".txt", ".yml", ".yaml", ".cfg", ".conf")
_DATA = (".zip", ".tar.gz", ".tgz")
# what compilers and CMake look into
_COMPILER_PATHS = frozenset(
    "C_INCLUDE_PATH CPLUS_INCLUDE_PATH CUDACXX CUDA_TOOLKIT_ROOT_DIR CUDAToolkit_ROOT".split()
)
_SYSTEMS = frozenset({"deb", "apk", "rpm"})
_TOOL_SOURCES = frozenset({*_SYSTEMS, "http"})
_ACCOUNTS = frozenset({"usermod", "useradd", "adduser", "gpasswd"})
_SUDOERS = "/etc/sudoers"
_IDENTITY = frozenset({"user.name", "user.email"})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage.parent is not None or stage not in facts.shipped:
        return
    base = facts.base(stage)
    found = toolchain(base) if base is not None else None
    if found is None:
        yield from _installed(facts)
    if base is None or found is None or beyond(base):
        return
    seen = signs(facts)
    if runs(seen) or (seen and _is_workshop(found, seen, facts)):
        return
    sibling = identify(found.sibling) if found.sibling else None
    saved = saving(base, sibling) if sibling else None
    yield META.finding(
        stage.base_span,
        f"{base.ref.text} is a development image: {found.why}; {_advice(base, found, seen, facts)}",
        severity=Severity.INFO if _may_be_meant(seen, facts) else Severity.WARNING,
        fix=_fix(stage, base, sibling, seen, facts) if sibling else None,
        saves_bytes=saved.bytes if saved else None,
    )


def _installed(facts: Facts) -> Iterator[Finding]:
    """A toolkit that is installed on an image without one."""
    found = shipped_toolkits(facts)
    if found is not None and found.sure:
        yield META.finding(
            found.first.span,
            f"{found.first.what} puts the CUDA toolkit into what ships: "
            "build in a stage of its own, and install only the libraries that run here",
            related=found.others,
        )


def _is_workshop(found: Toolchain, seen: tuple[Sign, ...], facts: Facts) -> bool:
    """Whether the image is there to build in: nothing starts in it, and all that is brought is for building."""
    if not starts_a_shell(facts):
        return False
    nodes = [node for stage in facts.shipped for node in stage.instructions]
    return (
        found.sibling is None
        or _names_headers(nodes)
        or _is_set_up(nodes)
        or _holds_tools_alone(nodes, seen, facts)
        or _is_for_people(facts)
    )


def _is_set_up(nodes: Sequence[Instruction]) -> bool:
    """Whether scripts and lists are all that the context gives, and data for them."""
    local = [source for node in nodes for source in local_sources(node)]
    return (
        any(source.endswith(_SET_UP) for source in local)
        and all(source.endswith((*_SET_UP, *_DATA)) for source in local)
        and not any(copy_source(node) is not None for node in nodes)
    )


def _names_headers(nodes: Sequence[Instruction]) -> bool:
    """Whether ENV tells compilers where they look, and so in every container."""
    words = (word for node in nodes if node.keyword == "ENV" for word in node.words)
    return any(word.text.partition("=")[0] in _COMPILER_PATHS for word in words)


def _holds_tools_alone(nodes: Sequence[Instruction], seen: tuple[Sign, ...], facts: Facts) -> bool:
    """Whether compilers are installed by name, and no project or library for them to work on."""
    operations = [o for stage in facts.shipped for run in facts.runs(stage) for o in run.operations]
    named = {package.span for o in operations if o.ecosystem in _SYSTEMS for package in o.packages}
    built = [sign for sign in seen if sign.when is When.BUILD]
    return (
        bool(built)
        and not any(local_sources(node) or copy_source(node) is not None for node in nodes)
        and all(sign.span in named for sign in built)
        and all(o.ecosystem in _TOOL_SOURCES or o.operation is not Operation.INSTALL for o in operations)
        and not any(o.operation is Operation.CLONE for o in operations)
    )


def _is_for_people(facts: Facts) -> bool:
    """Whether an account may use sudo or commits are signed, as where people work, and no project is installed."""
    runs_ = [run for stage in facts.shipped for run in facts.runs(stage)]
    operations = [o for run in runs_ for o in run.operations if o.ecosystem == "python"]
    if any(o.project or o.editable or any(p.source != "index" for p in o.packages) for o in operations):
        return False
    return any(_is_for_somebody(command) for run in runs_ for command in run.script.commands)


def _is_for_somebody(command: Command) -> bool:
    words = [word.text for word in command.args]
    if command.name == "git":
        return words[:1] == ["config"] and not _IDENTITY.isdisjoint(words)
    targets = (r.target.text for r in command.redirects if r.target is not None)
    return (command.name in _ACCOUNTS and "sudo" in words) or any(t.startswith(_SUDOERS) for t in targets)


def _may_be_meant(seen: tuple[Sign, ...], facts: Facts) -> bool:
    return holds_notebooks(facts) or (bool(seen) and is_worked_in(facts))


def _advice(base: BaseImage, found: Toolchain, seen: tuple[Sign, ...], facts: Facts) -> str:
    works = is_worked_in(facts)
    reasons = ["it is meant to build in"] if works else []
    if unread(seen, facts.shipped, facts):
        reasons.append("something that is not seen here compiles when the image runs")
    unless = f"unless {' or '.join(reasons)}, " if reasons else ""
    if found.sibling and not seen:
        return f"{unless}use {found.sibling}"
    ship = f"ship {found.sibling}" if found.sibling else "copy the result into a smaller image"
    # what no program starts in is not split
    tool = (
        f" (imgtool rewrite --target {base.accelerator} may split it)"
        if base.accelerator in _REWRITES and not works
        else ""
    )
    return f"{unless}build in a stage of its own and {ship}{tool}"


def _fix(
    stage: Stage, base: BaseImage, sibling: BaseImage, seen: tuple[Sign, ...], facts: Facts
) -> Fix | None:
    if (seen and not _holds_toolchain(sibling)) or base.flavour is None or sibling.flavour is None:
        return None
    written = other_flavour(stage.base, base, sibling.flavour)
    if written is None:
        return None
    operations = [o for stage_ in facts.shipped for run in facts.runs(stage_) for o in run.operations]
    unread = [file.text for o in operations for file in o.requirement_files]
    unread += [f"{o.manager} {o.verb}" for o in operations if o.project]
    unseen = f"; what {unread[0]} asks for was not read" if unread else ""
    message = f"Use the {sibling.flavour} image (unsafe: another image is the base{unseen})"
    return Fix(message, (Edit(stage.base_span.start, stage.base_span.end, written),))


def _holds_toolchain(sibling: BaseImage) -> bool:
    """Whether the smaller image compiles as well: CANN's does."""
    return contents(sibling).holds("toolkit") is True
