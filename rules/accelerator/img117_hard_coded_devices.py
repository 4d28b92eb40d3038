"""Device numbers in the image.

## What it does
Reports an ENV of an image that ships and that picks devices by number or identity: `CUDA_VISIBLE_DEVICES`,
`NVIDIA_VISIBLE_DEVICES`, `ASCEND_RT_VISIBLE_DEVICES`, `ASCEND_VISIBLE_DEVICES`, `HIP_VISIBLE_DEVICES`, … `all`,
`none`, `void`, an empty value and one that is not known here are left alone.

The numbers in a variable that a program reads (all of these but `NVIDIA_VISIBLE_DEVICES` and `ASCEND_VISIBLE_DEVICES`)
count the devices that the container was given. There is a first one always: `0` alone is information, and nothing is
said of it where no program starts, or a shell does: such an image may be held to one device for tests.

## Why is this bad
Which devices there are is known where the container starts. With `CUDA_VISIBLE_DEVICES=0` every copy of the service
on a host crowds the first device; with a number that the scheduler did not hand out the program sees none. Schedulers
and container runtimes set these variables themselves.

## Bad
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY serve /srv/serve
ENV CUDA_VISIBLE_DEVICES=0
CMD ["/srv/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
COPY serve /srv/serve
CMD ["/srv/serve"]
```

## Fix safety
Unsafe: the environment of the image changes. Only an ENV that sets nothing else is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Document,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
    device_variables,
    names_devices,
    remove_instruction,
)

from ._env import Assignment, assignments
from ._start import starts_a_shell

META = RuleMeta(
    "IMG117",
    "hard-coded-devices",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("visible_devices",),
)


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    names, within = device_variables(), device_variables(within=True)
    told: set[str] = set()
    for stage in facts.shipped:
        # the last one is in effect
        for assignment in reversed(tuple(assignments(stage, *names))):
            if assignment.name in told:
                continue
            told.add(assignment.name)
            value = facts.expand(assignment.instruction, assignment.value)
            if value is not None and names_devices(value):
                first = value.strip() == "0" and assignment.name in within
                if first and starts_a_shell(facts):
                    continue
                what = (
                    "hides all devices but the first, which does no harm where the container is given one"
                    if first
                    else "picks devices that only the host knows"
                )
                yield META.finding(
                    assignment.span,
                    f"{assignment.name}={value} {what}; set it when the container starts",
                    severity=Severity.INFO if first else Severity.WARNING,
                    fix=_fix(document, assignment),
                )


def _fix(document: Document, assignment: Assignment) -> Fix | None:
    if len(assignment.instruction.args) != 3:
        return None
    edit = remove_instruction(document, assignment.instruction)
    return Fix(f"Leave {assignment.name} to the host (unsafe: the environment of the image changes)", (edit,))
