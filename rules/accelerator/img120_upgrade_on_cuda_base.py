"""Upgrade of everything on a CUDA image.

## What it does
Reports `apt-get upgrade`, `dist-upgrade` and `full-upgrade`, and `dnf`, `yum` or `zypper` updates of all packages, in
a stage on an image that brings CUDA and keeps NVIDIA's package repository configured.

Upgrades of named packages are left alone. On a `base` image, which holds no CUDA libraries besides the runtime, the
finding is information.

## Why is this bad
The image pins CUDA, cuDNN and NCCL to versions that were tested together; only some of them are held. An upgrade
moves the others to whatever NVIDIA published last, differently on every build, and leaves the old files in the layer
below: hundreds of megabytes twice. What was compiled or tuned for the pinned versions meets others at run time.
Security updates come with a newer tag of the image.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists/*
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Operation, RuleMeta, Severity, Span, Stage, contents

_UPGRADE = Operation.UPGRADE
META = RuleMeta(
    "IMG120",
    "upgrade-on-cuda-base",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("DL3005",),
    needs=("upgrade", "update"),
)

_ECOSYSTEMS = frozenset({"deb", "rpm"})
_APT = frozenset({"apt-get", "apt", "aptitude"})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    operations = [operation for run in facts.runs(stage) for operation in run.operations]
    upgrades = [o for o in operations if o.operation is _UPGRADE and o.ecosystem in _ECOSYSTEMS]
    base = facts.base(stage) if upgrades else None
    if base is None or base.accelerator != "cuda" or not contents(base).holds("cudart"):
        return
    severity = Severity.INFO if contents(base).holds("cuda-libs") is False else Severity.WARNING
    for operation in upgrades:
        if operation.packages or not operation.complete:
            continue
        words = operation.command.argv
        verb = next((word.span for word in words[1:] if word.text == operation.verb), words[0].span)
        yield META.finding(
            Span(words[0].span.start, verb.end),
            f"{operation.manager} {operation.verb} may move the CUDA packages of {base.ref.text} to other versions; "
            "use a newer tag, or name the packages",
            severity=severity,
            aliases=None if operation.manager in _APT else (),
        )
