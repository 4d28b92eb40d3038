r"""Build that would pay for a cache mount.

## What it does
Points out a RUN without a cache mount, in any stage that is built, that starts from nothing whenever a file of the project
changes, though its tool keeps a cache:

- a build through `ccache` or a local `sccache`, whose cache is empty at the start of every such build;
- `cargo build` or `go build` behind a COPY of the project, where no earlier RUN has fetched the dependencies;
- `pip install .`, `uv sync` or `poetry install` of the project on an image for accelerators, where no earlier RUN has
  installed what it needs, and the layer keeps no downloads (IMG204).

## Why is this bad
A layer is rebuilt whole. A mount of type cache is kept between builds and is in no layer, so it neither repeats the work nor adds to the image:
gigabytes of wheels and hours of CUDA compilation at every push.

## Bad
```dockerfile
FROM golang:1.23 AS build
WORKDIR /src
COPY . .
RUN go build -o /out/app ./cmd/app
FROM debian:bookworm
COPY --from=build /out/app /usr/bin/app
```

## Good
```dockerfile
FROM golang:1.23 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -o /out/app ./cmd/app
FROM debian:bookworm
COPY --from=build /out/app /usr/bin/app
```

## Fix safety
Unsafe: what the tool fetches is no longer in the layer, where a later RUN may look for it. There is a fix where the cache's folder
is known: for Go and Rust in their own images, for npm as root, and for `ccache` where `CCACHE_DIR` is set.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from imgtool.rule import (
    Applicability,
    Arg,
    Command,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    Operation,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Stage,
    called,
    copied,
    history,
    local_sources,
    located,
    mounts_of,
    path,
    trees,
)

from ._uses import last

META = RuleMeta(
    "IMG211",
    "cache-mount-pays",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("ccache", "cargo", "go", "install", "sync", "npm ci", "npm i", "create", "update", "yarn"),
    # two in ten were a matter of taste to the second reader
    preview=True,
)

_COMPILES = frozenset(
    {"make", "ninja", "cmake", "bazel", "meson", "colcon", "scons", "setup.py", "gcc", "nvcc"}
)
_REMOTE = (
    "SCCACHE_BUCKET",
    "SCCACHE_REDIS",
    "SCCACHE_GCS",
    "SCCACHE_AZURE",
    "SCCACHE_ENDPOINT",
    "SCCACHE_WEBDAV",
    "SCCACHE_GHA",
)
# folders of the tools in their own images
_FOLDERS = {
    "cargo": ("rust", ("/usr/local/cargo/registry",)),
    "go": ("golang", ("/go/pkg/mod", "/root/.cache/go-build")),
}
# how many copies are looked at, and instructions for copies of single files
_FOLLOWED = 50
_MOST = 500
_INSTALLERS = frozenset({"pip", "uv", "poetry", "pdm"})
_FETCHES = {
    "cargo": ("fetch", "chef cook", "build", "vendor", "install"),
    "go": ("mod download", "mod vendor", "get", "build", "mod tidy"),
}


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.built:
        return
    sources = [tree for instruction in stage.instructions for tree in trees(facts, instruction)]
    base = facts.base(stage)
    heavy = base is not None and base.accelerator is not None
    fetched: set[str] = set() if heavy else {"python"}
    manifests = {} if stage in facts.shipped else _manifests(facts, stage)
    for run in facts.runs(stage):
        if run.onbuild:
            continue
        if run.script.understood and not any(m.type in ("cache", "bind") for m in mounts_of(run.instruction)):
            before = [t.path for t in sources[:_FOLLOWED] if t.span.start < run.instruction.span.start]
            found = list(_of(facts, run, before, fetched))
            yield from found or (_downloads(facts, run, manifests, heavy=heavy) if manifests else ())
        fetched |= _fetched(run)


def _fetched(run: Run) -> set[str]:
    """The managers whose downloads a RUN keeps in a layer of its own."""
    found = {o.manager for o in run.operations if o.verb in _FETCHES.get(o.manager, ())}
    if any(o.requirement_files or o.project or o.editable for o in run.operations if o.ecosystem == "python"):
        found.add("python")
    return found


def _of(facts: Facts, run: Run, sources: Sequence[str], fetched: set[str]) -> Iterator[Finding]:
    """One finding a RUN, of the most work."""
    found = _compiler_cache(facts, run)
    for operation in run.operations if sources else ():
        if found is None and operation.manager not in fetched:
            found = _build(facts, run, operation)
        if found is None and "python" not in fetched:
            found = _project(facts, run, operation, sources)
    if found is not None:
        yield found


# --- ccache ------------------------------------------------------------------------------------------


def _compiler_cache(facts: Facts, run: Run) -> Finding | None:
    values = facts.state(run.instruction).values
    builds = {
        id(o.command) for o in run.operations if o.operation is Operation.BUILD or o.editable or o.project
    }
    compiling = [c for c in run.script.commands if c.name in _COMPILES or id(c) in builds]
    if any(name in values for name in _REMOTE) or b"SCCACHE_" in run.script.text.data:
        return None
    word = next((w for c in compiling for w in _words(c) if "ccache" in w.text), None)
    if word is None:
        return None
    name = "sccache" if "sccache" in word.text else "ccache"
    folder = values.get("CCACHE_DIR") if name == "ccache" else None
    message = f"{name} starts empty in every build of this layer; mount its folder with --mount=type=cache"
    return META.finding(
        word.span, message, fix=_fix(run, (folder,)) if folder and folder.startswith("/") else None
    )


def _words(command: Command) -> Iterator[Arg]:
    yield from command.args
    yield from (a.value for a in command.assignments if a.value is not None)


# --- cargo, go, wheels -------------------------------------------------------------------------------


def _build(facts: Facts, run: Run, operation: PackageOperation) -> Finding | None:
    manager = operation.manager
    if manager not in _FOLDERS or operation.operation is not Operation.BUILD:
        return None
    if operation.verb not in ("build", "b") or operation.has("--offline", "--frozen") or _vendored(operation):
        return None
    image, folders = _FOLDERS[manager]
    reference = run.stage.root.reference or ""
    own = reference.partition("@")[0].rpartition("/")[2].partition(":")[0] == image
    message = f"every change of the project makes {manager} {operation.verb} start from nothing; keep its caches with --mount=type=cache"
    plain = own and facts.state(run.instruction).user in ("root", "0", None)
    return META.finding(called(operation), message, fix=_fix(run, folders) if plain else None)


def _vendored(operation: PackageOperation) -> bool:
    return any(word.text in ("vendor", "-mod=vendor") for word in _words(operation.command))


def _project(facts: Facts, run: Run, operation: PackageOperation, sources: Sequence[str]) -> Finding | None:
    """An installation of the project itself, which cannot move above the COPY."""
    if operation.manager not in _INSTALLERS or operation.operation is not Operation.INSTALL:
        return None
    if operation.has("--no-deps", "--no-index") or not _takes(facts, run, operation, sources):
        return None
    if any(operation in kept.fills for kept in history(facts).kept):
        # IMG204 wants the cache out of the layer first
        return None
    what = " ".join(filter(None, (operation.manager, operation.verb)))
    instead = " in place of --no-cache-dir" if operation.manager == "pip" and operation.no_cache else ""
    message = f"every change of the project makes {what} download all that it needs again; keep the downloads with --mount=type=cache{instead}"
    return META.finding(called(operation), message)


def _takes(facts: Facts, run: Run, operation: PackageOperation, sources: Sequence[str]) -> bool:
    """Whether what is installed was copied from the build context."""
    where = next((where for command, where in located(facts, run) if command is operation.command), None)
    named = [word.text for word in operation.editable]
    named += [package.raw.strip("\"'") for package in operation.packages if package.source == "path"]
    named += ["."] if operation.project else []
    places = [posixpath.normpath(posixpath.join(where or "//", text.partition("[")[0])) for text in named]
    return any(f"{place}/".startswith(f"{folder.rstrip('/')}/") for place in places for folder in sources)


# --- what a stage that does not ship downloads -------------------------------------------------------

# what a manager reads in its working directory
_READS = {"npm": "package.json", "yarn": "package.json", "pnpm": "package.json"}
_WILD = frozenset("*?[")


def _manifests(facts: Facts, stage: Stage) -> dict[str, Instruction]:
    """The files that a stage takes from the build context by name, and which instruction takes each."""
    found: dict[str, Instruction] = {}
    for instruction in stage.instructions[:_MOST]:
        for content in copied(facts, instruction) if local_sources(instruction) else ():
            name = last(content.path)
            # package*.json
            listed = name.startswith("package") and not _WILD.isdisjoint(name)
            place = (
                posixpath.join(posixpath.dirname(content.path), "package.json") if listed else content.path
            )
            if not content.tree:
                found[place] = instruction
    return found


def _downloads(
    facts: Facts, run: Run, manifests: Mapping[str, Instruction], *, heavy: bool
) -> Iterator[Finding]:
    places = {id(command): where for command, where in located(facts, run)}
    for operation in run.operations:
        if operation.operation is not Operation.INSTALL and operation.ecosystem != "conda":
            continue
        if operation.has("--no-deps", "--offline", "--no-index") or (
            operation.ecosystem == "python" and not heavy
        ):
            continue
        file = _reads(facts, run, operation, places.get(id(operation.command)))
        maker = manifests.get(file) if file else None
        if file and maker and maker.span.start < run.instruction.span.start:
            yield _of_downloads(facts, run, operation, last(file))
            return


def _reads(facts: Facts, run: Run, operation: PackageOperation, where: str | None) -> str | None:
    """The manifest whose packages an operation installs."""
    if operation.manager in _READS:
        plain = operation.project and not operation.packages and where is not None
        return posixpath.join(where or "/", _READS[operation.manager]) if plain else None
    if operation.manager in _INSTALLERS or operation.ecosystem == "conda":
        return next((path(facts, run, word, where) for word in operation.requirement_files), None)
    return None


def _of_downloads(facts: Facts, run: Run, operation: PackageOperation, name: str) -> Finding:
    what = " ".join(filter(None, (operation.manager, operation.verb)))
    instead = " in place of --no-cache-dir" if operation.manager == "pip" and operation.no_cache else ""
    message = f"every change of {name} makes {what} download all of it again; keep the downloads with --mount=type=cache{instead}"
    rooted = facts.state(run.instruction).user in ("root", "0", None)
    fix = _fix(run, ("/root/.npm",)) if rooted and operation.manager == "npm" else None
    return META.finding(called(operation), message, fix=fix)


def _fix(run: Run, folders: Sequence[str]) -> Fix | None:
    if run.instruction.flag("mount"):
        return None
    at = run.instruction.word.span.end
    mounts = "".join(f" --mount=type=cache,target={folder}" for folder in folders)
    return Fix(
        "Mount its cache (unsafe: what it fetches is in no layer)",
        (Edit(at, at, mounts),),
        Applicability.UNSAFE,
    )
