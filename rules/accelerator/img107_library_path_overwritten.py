"""LD_LIBRARY_PATH overwritten.

## What it does
Reports an `ENV LD_LIBRARY_PATH=…` that leaves out the value of the accelerator image it stands on, in a stage
that ships. A value that names every folder of the old one is fine, as is one that a later ENV adds them to, and an
empty one: that is meant.

## Why is this bad
CUDA images put the folders of the driver and of CUDA on it, CANN images those of the toolkit, the operators and
the driver. Without them programs fail at run time with `libcudart.so.12: cannot open shared object file`,
`libascend_hal.so` or the like, often on some hosts only.

Images that the data does not know to set it are left alone.

## Bad
```dockerfile
FROM nvidia/cuda:13.0.3-runtime-ubuntu24.04
COPY --from=ghcr.io/example/engine:1.0 /opt/engine /opt/engine
ENV LD_LIBRARY_PATH=/opt/engine/lib
CMD ["/opt/engine/bin/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:13.0.3-runtime-ubuntu24.04
COPY --from=ghcr.io/example/engine:1.0 /opt/engine /opt/engine
ENV LD_LIBRARY_PATH=/opt/engine/lib:$LD_LIBRARY_PATH
CMD ["/opt/engine/bin/serve"]
```

## Fix safety
Unsafe: the environment of the image changes, and a library that is found in an old folder now was not found
before. The old value goes last, so that the folders written here still win.
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
    RuleMeta,
    Severity,
    Stage,
    config,
    cut,
)

from ._env import Assignment, assignments

META = RuleMeta(
    "IMG107",
    "library-path-overwritten",
    severity=Severity.WARNING,
    since="0.1.0",
    needs=("ld_library_path",),
    fix=FixAvailability.SOMETIMES,
)

_NAME = "LD_LIBRARY_PATH"
_SHOWN = 3


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    base = facts.base(stage)
    if base is None or stage not in facts.shipped:
        return
    for assignment in assignments(stage, _NAME):
        found = _overwritten(assignment, base, facts)
        if found is not None:
            yield found


def _overwritten(assignment: Assignment, base: BaseImage, facts: Facts) -> Finding | None:
    escape = facts.document.escape
    new = (
        None
        if assignment.refers_to(_NAME, escape)
        else facts.expand(assignment.instruction, assignment.value)
    )
    env = facts.state(assignment.instruction).env
    # what an image is not known to set is not known to be lost
    if not new or _NAME not in env:
        return None
    old = env.get(_NAME)
    before = old.split(":") if old is not None else config(base).paths(_NAME)
    final = facts.final_state(facts.shipped[0]).env.get(_NAME) or ""
    lost = [entry for entry in before if entry and not _holds(f"{new}:{final}", entry)]
    if before and not lost:
        return None
    message = f"{_NAME} loses {_what(lost, base)}; end the value with :${_NAME}"
    return META.finding(assignment.span, message, fix=_fix(assignment, facts))


def _holds(value: str, entry: str) -> bool:
    return entry.rstrip("/") in (part.rstrip("/") for part in value.split(":"))


def _what(lost: list[str], base: BaseImage) -> str:
    if lost:
        return ", ".join(lost[:_SHOWN]) + (f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else "")
    return f"what {base.ref.text} sets"


def _fix(assignment: Assignment, facts: Facts) -> Fix:
    """The old value, behind the last entry and inside double quotes."""
    written = cut(facts.document.data, assignment.span)
    end = assignment.span.end - (written.endswith('"') and len(written) > 1)
    # an entry that ends in a colon has one too many
    colon = "" if written.rstrip('"').endswith(":") else ":"
    message = f"Append the old {_NAME} (unsafe: the environment of the image changes)"
    return Fix(message, (Edit(end, end, f"{colon}${_NAME}"),))
