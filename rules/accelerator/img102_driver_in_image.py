"""Driver in the image.

## What it does
Reports what belongs to the host and is put into an image, in any stage:

- packages of the NVIDIA and AMD drivers, kernel modules and their tools, fabric manager and IMEX, and the meta
  packages that pull the driver in (`cuda`, `cuda-12-4`, `cuda-drivers`);
- commands: the NVIDIA runfile, the CUDA runfile where it installs the driver too, Ascend driver and firmware
  packages, the combined `Ascend-cann_*.run`, `amdgpu-install` without `--no-dkms`, `modprobe`, `insmod`;
- driver files that COPY, ADD, `cp`, `mv` or `install` put there: `libcuda.so.1`, `nvidia-smi`, `libascend_hal.so`,
  `/usr/local/Ascend/driver`, `amdgpu.ko`, …

Left alone: `cuda-compat`, headers and stubs, folders that are only mount points, a driver folder that holds no more
than `version.info` while CANN is installed, files that a later RUN removes, distribution packages that drag the
driver in by recommendation under `--no-install-recommends`, and driver containers, whose job it is
(`ENTRYPOINT ["nvidia-driver", …]`). Container runtimes are IMG118's.

A builder counts too: what links against the driver there fits no other host, and modules cannot be loaded from it.

## Why is this bad
The driver in the image collides with the one that the container runtime mounts (`file creation failed: …
libnvidia-ml.so.1: file exists`), or hides it and does not fit the host's kernel. It also weighs hundreds of megabytes.

## Bad
```dockerfile
FROM ubuntu:22.04
COPY --from=ghcr.io/example/repositories:cuda /etc/apt /etc/apt
RUN apt-get update && apt-get install -y --no-install-recommends cuda-12-4 nvidia-driver-550 && rm -rf /var/lib/apt/lists/*
```

## Good
```dockerfile
FROM ubuntu:22.04
COPY --from=ghcr.io/example/repositories:cuda /etc/apt /etc/apt
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN apt-get update && apt-get install -y --no-install-recommends cuda-libraries-12-4 && rm -rf /var/lib/apt/lists/*
```

## Fix safety
Unsafe: `cuda` and `cuda-runtime` become the package of the same version without the driver, so other files are
installed. Nothing else is fixed: a driver that something here relies on has to be replaced by hand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from imgtool.rule import (
    Command,
    Document,
    DriverFact,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    Package,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    Word,
    driver_command,
    driver_path,
    fits,
    speaks_of_drivers,
)

from ._commands import COPIES, judged, known, of_interest, program_file
from ._host import hosts_packages, is_driver_container

META = RuleMeta(
    "IMG102",
    "driver-in-image",
    severity=Severity.ERROR,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
)

_KIND = "driver"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    if any(is_driver_container(stage, facts) for stage in facts.stages):
        return
    programs = of_interest(facts)
    for stage in facts.stages:
        runs = facts.runs(stage)
        for run in runs:
            if run.operations:
                yield from _in_packages(run, facts)
            if run in programs:
                yield from _in_commands(run, programs[run], facts)
        yield from _in_files(stage, runs, facts)


# --- packages ----------------------------------------------------------------------------------------


def _in_packages(run: Run, facts: Facts) -> Iterator[Finding]:
    for operation, package, fact in hosts_packages(run, facts, _KIND):
        if fact.unless != "no-recommends" or not operation.no_recommends:
            yield _package_finding(package, fact)


def _package_finding(package: Package, fact: DriverFact) -> Finding:
    advice = f"; install {fact.replacement} instead" if fact.replacement else ""
    if fact.unless == "no-recommends":
        advice = "; add --no-install-recommends"
    message = f"{package.name} does not belong in an image: {fact.why}{advice}"
    return META.finding(package.span, message, severity=fact.severity, fix=_fix(package, fact))


def _fix(package: Package, fact: DriverFact) -> Fix | None:
    # a version was chosen for the other package, and a name with a variable is not what stands there
    if fact.replacement is None or package.raw != package.name:
        return None
    message = f"Install {fact.replacement} (unsafe: other files are installed)"
    return Fix(message, (Edit(package.span.start, package.span.end, fact.replacement),))


# --- commands ----------------------------------------------------------------------------------------


def _in_commands(run: Run, interesting: Sequence[int], facts: Facts) -> Iterator[Finding]:
    for position in interesting:
        command = run.script.commands[position]
        if command.name in COPIES:
            yield from _in_file_command(run.script.commands, position, run, facts)
            continue
        fact = judged(command, run, facts)
        if fact is not None and fact.kind == _KIND:
            yield META.finding(
                program_file(command),
                f"{fact.found} does not belong in an image: {fact.why}",
                severity=fact.severity,
            )


def _in_file_command(commands: Sequence[Command], position: int, run: Run, facts: Facts) -> Iterator[Finding]:
    command = commands[position]
    if not speaks_of_drivers(" ".join([arg.text for arg in command.argv])):
        return
    words = [(known(arg.text, run, facts), arg) for arg in command.args if not arg.text.startswith("-")]
    if len(words) < 2 or (command.name == "install" and "-d" in [arg.text for arg in command.args]):
        return
    target = words[-1][0]
    for source, arg in words[:-1]:
        fact = driver_path(source, _file(source, target))
        if fact is not None:
            gone = (a.text for c in commands[position + 1 :] if c.name == "rm" for a in c.args)
            if not _removed((target, _file(source, target)), gone):
                yield _file_finding(arg.span, source, target, fact)


# --- files -------------------------------------------------------------------------------------------


def _in_files(stage: Stage, runs: Sequence[Run], facts: Facts) -> Iterator[Finding]:
    found: list[_Copied] = []
    for node in stage.instructions:
        if node.keyword in ("COPY", "ADD") and not node.problem and speaks_of_drivers(" ".join(node.args)):
            found += _copied(node, facts)
    if not found:
        return
    commands = [(run.instruction.span, c) for run in runs for c in run.script.commands]
    gone = [(span, a.text) for span, c in commands if c.name == "rm" for a in c.args]
    ran = {posixpath.basename(a.text): span for span, c in commands for a in c.argv if a.text.endswith("run")}
    for word, source, target, fact in found:
        later = [path for span, path in gone if span > word.span]
        # an installer that a command in sight runs is reported there
        installed = fact.argv0 is not None and ran.get(posixpath.basename(source), word.span) > word.span
        if not installed and not _removed((target, _file(source, target)), later):
            yield _file_finding(word.span, source, target, fact)


# word, source, target, why
_Copied = tuple[Word, str, str, DriverFact]


def _copied(node: Instruction, facts: Facts) -> Iterator[_Copied]:
    """What a COPY or ADD brings that it should not."""
    if len(node.args) < 2 or node.heredocs:
        return
    target = facts.expand(node, node.args[-1]) or node.args[-1]
    for word in node.words[:-1]:
        source = facts.expand(node, word.text) or word.text
        if not speaks_of_drivers(f"{source} {target}"):
            continue
        fact = driver_path(source, _file(source, target)) or _installer(source)
        if fact is not None:
            yield word, source, target, fact


def _installer(source: str) -> DriverFact | None:
    """A driver's installer among the files."""
    fact = driver_command(f"sh {source}", "sh")
    return fact if fact is not None and fact.kind == _KIND else None


def _file(source: str, target: str) -> str:
    """Where a file is put, if the target is a folder."""
    name = posixpath.basename(source.rstrip("/"))
    return (
        posixpath.join(target, name) if target.endswith("/") or not posixpath.splitext(target)[1] else target
    )


def _file_finding(span: Span, source: str, target: str, fact: DriverFact) -> Finding:
    path = source if driver_path(source) or not driver_path(target) else target
    return META.finding(span, f"{path} does not belong in an image: {fact.why}", severity=fact.severity)


def _removed(paths: Iterable[str], gone: Iterable[str]) -> bool:
    """Whether one of the paths, or a folder that it is in, is among those that are removed."""
    names = [path.rstrip("/") for path in paths]
    operands = [operand.rstrip("/") for operand in gone]
    return any(name.startswith(f"{g}/") or fits(name, g) for name in names for g in operands)
