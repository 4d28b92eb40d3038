"""CANN installer kept in a layer.

## What it does
Reports self-extracting installers of CANN (`Ascend-cann-*.run`) that stay in the image that ships: brought by COPY or
ADD, alone or in a folder from which a RUN installs them, or downloaded in a RUN that does not remove them.

An installer on a `RUN --mount=type=bind` is in no layer. Where COPY names the file and a later RUN removes it, IMG202
says so instead.

## Why is this bad
The toolkit's installer is about 1.2 GB. A layer keeps what it brought, whatever later instructions remove, and the
installed files come on top of it.

## Bad
```dockerfile
FROM ubuntu:22.04
COPY Ascend-cann-toolkit_8.0.0_linux-aarch64.run /opt/
RUN /opt/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install --install-for-all
```

## Good
```dockerfile
FROM ubuntu:22.04
RUN --mount=type=bind,source=packages,target=/packages \
    /packages/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install --install-for-all
```
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from imgtool.rule import (
    Arg,
    Facts,
    Finding,
    Instruction,
    Operation,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    copy_source,
    fits,
    installer_bytes,
    software_of,
)

from ._commands import known

META = RuleMeta(
    "IMG113",
    "cann-installer-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("ascend-cann",),
    aliases=("IMG202",),
)

_VENDOR = "cann"
_INSTALLS = frozenset({"--install", "--full"})
_BIND = "mount it (RUN --mount=type=bind)"


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    gone = [(run, arg) for run in facts.runs(stage) for arg in _removed(run)]
    copied = [(i, name, span) for i in stage.instructions for name, span in _copied(i, facts)]
    for instruction, name, span in copied:
        later = (arg.text for run, arg in gone if run.instruction.span > instruction.span)
        if not any(_covers(operand, name) for operand in later):
            yield _finding(name, span, "COPY keeps", _BIND)
    names = [name for _, name, _ in copied]
    for run in facts.runs(stage):
        here = [arg.text for found, arg in gone if found is run]
        fetched = list(_downloaded(run, facts))
        for name, arg in fetched:
            if not any(_covers(operand, name) for operand in here):
                yield _finding(name, arg.span, "this layer keeps", "remove it in the RUN that downloads it")
        names += [name for name, _ in fetched]
        for name, arg in _installed(run, stage, facts):
            if not any(_same(name, other) for other in names):
                names.append(name)
                removed = [g.span for other, g in gone if _place(g, other, facts) == _place(arg, run, facts)]
                yield _finding(name, arg.span, "the COPY before keeps", _BIND, removed)


def _finding(name: str, span: Span, keeps: str, advice: str, removed: Sequence[Span] = ()) -> Finding:
    """``removed``: where a command removes it, too late."""
    return META.finding(
        span,
        f"{keeps} {name}, which only installing needs; {advice}",
        saves_bytes=installer_bytes(name),
        aliases=META.aliases if removed else (),
        related=tuple(removed),
    )


def _installer(path: str) -> str | None:
    """The file's name, for an installer of CANN."""
    row = software_of("installers", path)
    return posixpath.basename(path.partition("?")[0]) if row is not None and row.id == _VENDOR else None


def _copied(instruction: Instruction, facts: Facts) -> Iterator[tuple[str, Span]]:
    if instruction.keyword not in ("COPY", "ADD") or instruction.problem or copy_source(instruction):
        return
    for word in instruction.words[:-1]:
        name = _installer(facts.expand(instruction, word.text) or word.text)
        if name is not None:
            yield name, word.span


def _downloaded(run: Run, facts: Facts) -> Iterator[tuple[str, Arg]]:
    for operation in run.operations:
        if operation.operation is Operation.FETCH and not _elsewhere(operation, run):
            for url in operation.urls:
                output = operation.output
                path = known(url.text, run, facts)
                name = _installer(known(output.text, run, facts) if output else path) or _installer(path)
                if name is not None:
                    yield name, url


def _installed(run: Run, stage: Stage, facts: Facts) -> Iterator[tuple[str, Arg]]:
    """Installers that are run from a folder which a COPY of the context filled."""
    node = run.instruction.inner or run.instruction
    if any(flag.name == "mount" for flag in node.flags) or any(
        o.operation in (Operation.FETCH, Operation.CLONE) for o in run.operations
    ):
        return
    filled = [_folder(i, facts) for i in stage.instructions if i.span < run.instruction.span]
    for command in run.script.commands:
        if _INSTALLS.isdisjoint(arg.text for arg in command.args):
            continue
        for arg in command.argv:
            path = known(arg.text, run, facts)
            name = _installer(path)
            if name is not None and _absolute(posixpath.dirname(path), run.instruction, facts) in filled:
                yield name, arg


def _folder(instruction: Instruction, facts: Facts) -> str | None:
    """The folder that a COPY of a folder or of a pattern fills; None for anything else."""
    if instruction.keyword not in ("COPY", "ADD") or instruction.problem or copy_source(instruction):
        return None
    whole = any(not posixpath.splitext(s)[1] or "*" in s for s in instruction.args[:-1])
    target = facts.expand(instruction, instruction.args[-1])
    return _absolute(target, instruction, facts) if whole and target else None


def _absolute(path: str, instruction: Instruction, facts: Facts) -> str:
    return posixpath.normpath(posixpath.join(facts.state(instruction).workdir or "", path))


def _place(arg: Arg, run: Run, facts: Facts) -> str:
    return _absolute(known(arg.text, run, facts), run.instruction, facts)


def _elsewhere(operation: PackageOperation, run: Run) -> bool:
    """Whether the file goes to a mount, which no layer holds."""
    node = run.instruction.inner or run.instruction
    targets = [flag.value or "" for flag in node.flags if flag.name == "mount"]
    output = operation.output.text if operation.output else ""
    return bool(targets) and (not output or any(posixpath.dirname(output) in target for target in targets))


def _removed(run: Run) -> Iterator[Arg]:
    for command in run.script.commands:
        if command.name == "rm":
            yield from (arg for arg in command.args if not arg.text.startswith("-"))


def _same(one: str, other: str) -> bool:
    """Whether two names, or patterns of names, may be of one file."""
    return fits(one, other) or fits(other, one)


def _covers(operand: str, name: str) -> bool:
    """Whether an operand of rm names the file, or a folder or a pattern that may hold it."""
    last = posixpath.basename(operand.rstrip("/"))
    return "$" in operand or fits(name, last) or "." not in last
