"""Container runtime in the image.

## What it does
Reports packages and installers of the container runtimes for accelerators in any stage: `nvidia-container-toolkit`,
`nvidia-docker2`, `libnvidia-container*`, `ascend-docker-runtime`.

Left alone: images that hold a container engine (Docker, Podman, containerd, k3s, Apptainer) and so start containers
themselves, and images that install the runtime on the host or set it up there (`ENTRYPOINT ["nvidia-toolkit", …]`).

## Why is this bad
The runtime is a part of the host: its engine calls it before the container exists, to mount the driver. Inside an
image nothing calls it. It brings packages and a repository that have to be kept up to date, and makes readers
believe that the image sees to its own devices.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-base-ubuntu22.04
COPY nvidia-container-toolkit.list /etc/apt/sources.list.d/
RUN apt-get update \
 && apt-get install -y --no-install-recommends nvidia-container-toolkit \
 && rm -rf /var/lib/apt/lists/*
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-base-ubuntu22.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Document,
    Facts,
    Finding,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    container_engine,
    copy_source,
    parse_reference,
)

from ._commands import judged, of_interest, program_file
from ._host import hosts_packages, is_driver_container

META = RuleMeta(
    "IMG118",
    "container-runtime-inside",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("nvidia-container", "nvidia-docker", "docker-runtime"),
)

_KIND = "runtime"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    if any(is_driver_container(stage, facts) or _has_engine(stage, facts) for stage in facts.stages):
        return
    for stage in facts.stages:
        for run in facts.runs(stage):
            for name, span, why in _installed(run, facts):
                yield META.finding(span, f"{name} does not belong in an image: {why}")


def _installed(run: Run, facts: Facts) -> Iterator[tuple[str, Span, str]]:
    for _, package, fact in hosts_packages(run, facts, _KIND):
        yield package.name, package.span, fact.why
    for position in of_interest(facts).get(run, ()):
        command = run.script.commands[position]
        found = judged(command, run, facts)
        if found is not None and found.kind == _KIND and found.found:
            yield found.found, program_file(command), found.why


def _has_engine(stage: Stage, facts: Facts) -> bool:
    """Whether a container engine is in it: by package or script, by its image, or by the folder of its containers."""
    volumes = (a for i in stage.instructions if i.keyword == "VOLUME" for a in i.args)
    packages = (p.name for run in facts.runs(stage) for o in run.operations for p in o.packages)
    scripts = (a.text for run in facts.runs(stage) for c in run.script.commands for a in c.args)
    references = [stage.reference, *(copy_source(node) for node in stage.instructions)]
    images = (ref.name for text in references if text and (ref := parse_reference(text)))
    return any(container_engine(name) for names in (volumes, packages, scripts, images) for name in names)
