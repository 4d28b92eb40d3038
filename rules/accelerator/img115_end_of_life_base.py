"""Base image at the end of its life.

## What it does
Reports a FROM of a stage that is built whose image is not supported any more, at the date of the data:

- a version of CUDA that a newer point release replaced, that NVIDIA lists as unsupported or lists no more;
- repositories and tags that were withdrawn (`nvidia/cuda:latest`, `nvidia/cuda-arm64`, `nvidia/cudagl`);
- Debian and Ubuntu releases after the end of free security support, alone or under another image.

A point release that was only replaced is information; everything else is a warning. What is newer than the data, or
not in it, is left alone.

The image to move to is never older. For CUDA it is the same tag with the supported point release of the same X.Y, or
else with the newest supported version of the same major, where that tag is listed and its system is supported. For Debian
and Ubuntu it is the next release that is supported, which is the smallest step: `debian:12` for `debian:10`,
`ubuntu:24.04` for `ubuntu:23.04`, `ubuntu:26.04` for `ubuntu:24.10`. Where there is none, the message names none.

## Why is this bad
There are no security updates. NVIDIA deletes tags six months after their end of life, so that the build fails one day
with `manifest unknown`; package lists of old distributions move to an archive, and `apt-get update` fails, too.

## Bad
```dockerfile
FROM nvidia/cuda:11.3.0-base-ubuntu18.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```
```dockerfile
FROM nvidia/cuda:12.4.0-runtime-ubuntu22.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Fix safety
Unsafe: another image is the base. Offered where a point release of the same CUDA version takes the tag's place.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BaseImage,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Life,
    RuleMeta,
    Severity,
    Stage,
    collected,
    identify,
    life,
    successor,
    system_life,
)

META = RuleMeta(
    "IMG115",
    "end-of-life-base",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    base = facts.base(stage) if stage.parent is None and stage in facts.built else None
    if base is None:
        return
    own, system = life(base), system_life(base)
    dead = system.status == "withdrawn"
    if own.status == "withdrawn" or (own.status == "superseded" and not dead):
        yield _finding(stage, base, own, _alive(own.move_to or successor(base)))
    elif dead:
        yield _finding(stage, base, system, None)


def _alive(reference: str | None) -> str | None:
    """An image to move to, unless the system in it is at its end, too."""
    base = identify(reference) if reference else None
    return None if base is not None and system_life(base).status == "withdrawn" else reference


def _finding(stage: Stage, base: BaseImage, found: Life, move_to: str | None) -> Finding:
    move = f"; move to {move_to}" if move_to else "; move to a supported one"
    replaced = found.status == "superseded"
    return META.finding(
        stage.base_span,
        f"{base.ref.text} is {'superseded' if replaced else 'end-of-life'}: "
        f"{found.why}{move} (as of {collected()})",
        severity=Severity.INFO if replaced else Severity.WARNING,
        fix=_fix(stage, base, found),
    )


def _fix(stage: Stage, base: BaseImage, found: Life) -> Fix | None:
    if found.move_to is None or stage.base != base.ref.text:
        return None
    edit = Edit(stage.base_span.start, stage.base_span.end, found.move_to)
    return Fix(f"Use {found.move_to} (unsafe: another image is the base)", (edit,))
