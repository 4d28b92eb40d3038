r"""Copy from a stage that made nothing there.

## What it does
Reports `COPY --from=stage /path` where it can be shown that the stage has no such path:

- the stage stands on `scratch`, or on another that does, and no COPY, ADD, RUN or WORKDIR of it names the path;
- the stage stands on a known base image, the path is in no folder that a system has (`/app/…`, `/build/…`, `/out/…`),
  nothing in the stage names that folder, and its RUNs only install packages.

What is not understood may have made it, and is believed; so is an empty stage, which `--build-context` fills.

## Why is this bad
The build fails at that line, after the other stage was built: often the stage is the wrong one, or its folder was
renamed.

## Bad
```dockerfile
FROM golang:1.23-bookworm AS build
WORKDIR /src
COPY . .
RUN go build -o /out/serve .

FROM debian:bookworm-slim AS assets
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto && rm -rf /var/lib/apt/lists/*

FROM gcr.io/distroless/base-debian12
COPY --from=build /out/serve /serve
COPY --from=assets /app/static /static
CMD ["/serve"]
```

## Good
```dockerfile
FROM golang:1.23-bookworm AS build
WORKDIR /src
COPY main.go go.mod ./
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \
    go build -o /out/serve .

FROM gcr.io/distroless/base-debian12
COPY --from=build /out/serve /serve
CMD ["/serve"]
```

## References
<https://docs.docker.com/build/building/multi-stage/>
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, Instruction, Operation, RuleMeta, Run, Severity, Stage, Via

META = RuleMeta("IMG402", "copy-of-nothing", severity=Severity.ERROR, since="0.2.0", needs=("--from",))

# folders of stages that are looked for; each takes a look at all of a stage
_MOST = 100
# what images of systems and of NVIDIA have at the top, or packages make
_SYSTEM = frozenset(
    """bin boot cann dev etc home host lib lib32 lib64 libx32 media mnt nix opt proc root run sbin snap srv sys tmp usr var
    workspace workdir conda go rocm models data NGC-DL-CONTAINER-LICENSE docker-entrypoint.sh docker-entrypoint.d
    docker-entrypoint-initdb.d entrypoint.sh vllm-workspace sgl-workspace""".split()
)
_PACKAGES = frozenset(("deb", "apk", "rpm"))
_INSTALLS = frozenset(
    (
        Operation.INSTALL,
        Operation.REMOVE,
        Operation.REFRESH,
        Operation.UPGRADE,
        Operation.CLEAN,
        Operation.QUERY,
    )
)
_HARMLESS = frozenset(
    ("rm", "echo", "true", ":", "set", "export", "cd", "ldconfig", "locale-gen", "update-ca-certificates")
)


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    # a stage and a folder at the top: what may be there
    told: dict[tuple[Stage, str], bool] = {}
    for edge in facts.graph.edges:
        node = edge.instruction
        if edge.via is not Via.COPY or edge.target is None or node.problem or edge.stage not in facts.built:
            continue
        for word, written in zip(node.words[:-1], node.args[:-1], strict=False):
            path = facts.expand(node, written)
            if path and _lacks(edge.target, _absolute(path), document, facts, told):
                name = f"'{edge.target.name}'" if edge.target.name else edge.target.title
                message = f"stage {name} has no {_absolute(path)}: nothing in that stage makes it, so the build fails here"
                yield META.finding(word.span, message)


def _absolute(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _lacks(
    stage: Stage, path: str, document: Document, facts: Facts, told: dict[tuple[Stage, str], bool]
) -> bool:
    """Whether it is sure that a stage has nothing at a path."""
    top = path.split("/")[1]
    if not top or any(char in path for char in "*?["):
        return False
    if (stage, top) not in told:
        told[stage, top] = len(told) >= _MOST or _may_make(stage, top, document, facts)
    if told[stage, top]:
        return False
    if stage.root.reference == "scratch":
        # a name for what --build-context gives
        return any(i.keyword in ("COPY", "ADD") for link in stage.lineage() for i in link.instructions)
    base = facts.base(stage)
    return base is not None and base.known and top not in _SYSTEM


def _may_make(stage: Stage, top: str, document: Document, facts: Facts) -> bool:
    """Whether an instruction of the stage or of those it stands on may have made the path."""
    scratch = stage.root.reference == "scratch"
    for link in stage.lineage():
        runs = {id(run.instruction): run for run in facts.runs(link)}
        for instruction in link.instructions:
            if scratch and instruction.keyword == "RUN":
                return True
            if _named(instruction, top, document) or _puts(instruction, top, facts):
                return True
            run = runs.get(id(instruction))
            if run is not None and not _only_installs(run):
                return True
    return any(edge.via is Via.ONBUILD for edge in facts.graph.edges)


def _named(instruction: Instruction, top: str, document: Document) -> bool:
    """Whether the text of an instruction names the folder at the top."""
    name = top.encode("utf-8", "surrogateescape")
    return (
        name in document.data[instruction.span.start : instruction.span.end] and instruction.keyword != "FROM"
    )


def _puts(instruction: Instruction, top: str, facts: Facts) -> bool:
    """Whether COPY or ADD may fill the folder: it goes to the root, to an unknown place, or there."""
    if instruction.keyword in ("ONBUILD", "VOLUME"):
        return True
    if instruction.keyword == "WORKDIR":
        given = facts.expand(instruction, instruction.args[0]) if instruction.args else None
        return given is None or not given.startswith("/") or given.lstrip("/").split("/")[0] == top
    if instruction.keyword not in ("COPY", "ADD"):
        return False
    goal = facts.expand(instruction, instruction.args[-1]) if len(instruction.args) > 1 else None
    if goal is None:
        return True
    full = posixpath.normpath(posixpath.join(facts.state(instruction).workdir or "/", goal)).lstrip("/")
    first = full.split("/")[0]
    return first in ("", top)


def _only_installs(run: Run) -> bool:
    known = {id(o.command) for o in run.operations if o.ecosystem in _PACKAGES and o.operation in _INSTALLS}
    return run.script.understood and all(
        id(command) in known or (command.name in _HARMLESS and not command.redirects)
        for command in run.script.commands
    )
