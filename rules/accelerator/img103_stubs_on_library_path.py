"""Driver stubs on the library path.

## What it does
Reports stub libraries (`/usr/local/cuda/lib64/stubs`, CANN's `devlib`) that the Dockerfile itself puts where the
loader of the image that ships looks: in `ENV LD_LIBRARY_PATH`, in `/etc/ld.so.conf.d`, with `ldconfig FOLDER`, or
as a link to or copy of a stub in another folder under the name that programs load (`libcuda.so.1`).

`LIBRARY_PATH` and `-L` are read by the linker alone and are right. So is a variable that is set for the commands of
one RUN, and whatever a later `rm`, `ldconfig` or ENV undoes. What the base image does is not the Dockerfile's doing.
On an image to build wheels in (`manylinux`) there is never a driver, and nothing is said.

## Why is this bad
A stub has every name of the driver library and does nothing. A program that loads it instead of the driver of the
host fails with `CUDA_ERROR_STUB_LIBRARY` (34), or finds no device. CANN's stubs do harm only where they come
before the driver's folders, so they are reported there alone, as information. So is a folder of CUDA's that neither
the base image holds nor an instruction brings, which is left over from a stage that builds, and a folder of conda's,
which may be named for machines without a GPU.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-runtime-ubuntu24.04
COPY --from=ghcr.io/example/engine:1.0 /usr/local/cuda/lib64/stubs /usr/local/cuda/lib64/stubs
ENV LD_LIBRARY_PATH=/usr/local/cuda/lib64/stubs:$LD_LIBRARY_PATH
COPY --from=ghcr.io/example/engine:1.0 /opt/engine /opt/engine
CMD ["/opt/engine/bin/serve"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-runtime-ubuntu24.04
COPY --from=ghcr.io/example/engine:1.0 /usr/local/cuda/lib64/stubs /usr/local/cuda/lib64/stubs
ENV LIBRARY_PATH=/usr/local/cuda/lib64/stubs
COPY --from=ghcr.io/example/engine:1.0 /opt/engine /opt/engine
CMD ["/opt/engine/bin/serve"]
```
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from imgtool.rule import (
    Arg,
    Command,
    Document,
    DriverFact,
    Facts,
    Finding,
    Instruction,
    RuleMeta,
    Severity,
    Span,
    Stage,
    config,
    contents,
    driver_folders,
    fits,
    stub_path,
)

from ._commands import input_lines
from ._env import MAX_VALUE, QUOTES, Assignment, assignments, entries
from ._start import builds_wheels

META = RuleMeta(
    "IMG103",
    "stubs-on-library-path",
    severity=Severity.ERROR,
    since="0.1.0",
    needs=("ld_library_path", "stub", "devlib"),
)

_NAME = "LD_LIBRARY_PATH"
# what the builder takes out of a value
_MARKS = frozenset("\"'\\`")
_LOADER_CONFIG = "/etc/ld.so.conf"
_PLACES = frozenset({"ln", "cp", "mv", "install"})


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    if builds_wheels(facts):
        return
    own = [(stage, assignment) for stage in facts.shipped for assignment in assignments(stage, _NAME)]
    if not all(_is_harmless(assignment.value) for _, assignment in own):
        replaced = _last_replaced([assignment for _, assignment in own], facts)
        for stage, assignment in own:
            if assignment.span.start >= replaced:
                yield from _in_env(assignment, stage, facts)
    data = facts.document.data
    if b"stub" not in data and b"devlib" not in data:
        return
    for stage in facts.shipped:
        commands = [command for run in facts.runs(stage) for command in run.script.commands]
        for position in range(len(commands)):
            yield from _in_command(commands, position)
        yield from _in_files(stage)


# --- ENV ---------------------------------------------------------------------------------------------


def _is_harmless(value: str) -> bool:
    """Whether no entry can name stubs: a plain text without them, with no variable but the one that it sets."""
    inner = value.strip(QUOTES)
    if len(inner) > MAX_VALUE or "stub" in inner or "devlib" in inner or not _MARKS.isdisjoint(inner):
        return False
    return inner.count("$") == inner.count(f"${_NAME}") + inner.count(f"${{{_NAME}")


def _last_replaced(own: Iterable[Assignment], facts: Facts) -> int:
    """Where the last value of the image that ships stands that does not take in the one before."""
    escape = facts.document.escape
    return max((a.span.start for a in own if not a.refers_to(_NAME, escape)), default=0)


def _in_env(assignment: Assignment, stage: Stage, facts: Facts) -> Iterator[Finding]:
    before: list[str] = []
    for entry, span in entries(assignment, facts.document.data):
        if _NAME in entry:
            before += _inherited(assignment, stage, facts)
            continue
        folder = facts.expand(assignment.instruction, entry) or entry
        fact = stub_path(folder, "env")
        if fact is not None and not set(before) & set(driver_folders(fact.vendor)):
            yield _on_path(fact, span, folder, facts)
        before.append(folder.rstrip("/"))


def _on_path(fact: DriverFact, span: Span, folder: str, facts: Facts) -> Finding:
    base = facts.base(facts.shipped[0])
    if base is None or contents(base).holds("cuda-headers") is not False or _brings(folder, facts):
        return _finding(fact, span, f"{folder} on {_NAME} is a folder of stub libraries")
    message = (
        f"{folder} on {_NAME} is a folder of stub libraries that {base.ref.text} does not hold; leave it out"
    )
    return META.finding(span, message, severity=Severity.INFO)


def _brings(folder: str, facts: Facts) -> bool:
    """Whether an instruction may put the stubs there."""
    return any(_fills(i, folder, facts) for stage in facts.shipped for i in stage.instructions)


def _fills(instruction: Instruction, folder: str, facts: Facts) -> bool:
    if instruction.keyword not in ("COPY", "ADD"):
        return instruction.keyword in ("RUN", "ONBUILD")
    target = facts.expand(instruction, instruction.args[-1]) if instruction.args else None
    return (
        target is None or not target.startswith("/") or _covers(target, folder) or target.startswith(folder)
    )


def _inherited(assignment: Assignment, stage: Stage, facts: Facts) -> list[str]:
    value = facts.state(assignment.instruction).env.get(_NAME)
    base = facts.base(stage)
    folders = value.split(":") if value else config(base).paths(_NAME) if base else ()
    return [folder.rstrip("/") for folder in folders]


def _finding(fact: DriverFact, span: Span, defect: str) -> Finding:
    advice = "use LIBRARY_PATH to link against them" if "env" in fact.where else "remove it in the same RUN"
    return META.finding(span, f"{defect}: {fact.why}; {advice}", severity=fact.severity)


# --- RUN ---------------------------------------------------------------------------------------------


def _in_command(commands: Sequence[Command], position: int) -> Iterator[Finding]:
    command, after = commands[position], commands[position + 1 :]
    if command.name == "ldconfig":
        yield from _in_ldconfig(command, after)
    elif command.name in _PLACES:
        yield from _in_link(command, after)
    path = _loader_config(command)
    if path is not None and not _removed(path, after):
        written = [(word.text, word.span) for word in command.args]
        yield from _in_config(path, (*written, *input_lines(commands, position)))


def _in_ldconfig(command: Command, after: Sequence[Command]) -> Iterator[Finding]:
    undone = any(later.name == "ldconfig" and not _stub_words(later.args) for later in after)
    for word, fact in () if undone else _stub_words(command.args):
        yield _finding(
            fact, word.span, f"ldconfig puts the stub libraries of {word.text} into the loader's cache"
        )


def _stub_words(words: Sequence[Arg]) -> list[tuple[Arg, DriverFact]]:
    found = ((word, stub_path(word.text, "ldconfig")) for word in words)
    return [(word, fact) for word, fact in found if fact is not None]


def _in_link(command: Command, after: Sequence[Command]) -> Iterator[Finding]:
    operands = [word for word in command.args if not word.text.startswith("-")]
    fact = stub_path(" ".join(word.text for word in command.args), "run")
    if fact is None or len(operands) < 2:
        return
    target = operands[-1]
    names = {target.text, posixpath.join(target.text, posixpath.basename(operands[0].text))}
    # inside the folder of the stubs it is found only where that folder is on the path
    if not stub_path(target.text, "env") and not any(_removed(name, after) for name in names):
        yield _finding(fact, target.span, f"{target.text} gives the stub the name that programs load")


def _loader_config(command: Command) -> str | None:
    """The file of the loader's configuration that a command writes."""
    if command.name == "tee":
        words = [word.text for word in command.args]
    else:
        redirects = (*command.redirects, *command.outer_redirects)
        words = [r.target.text for r in redirects if ">" in r.operator and r.target is not None]
    return next((word for word in words if word.startswith(_LOADER_CONFIG)), None)


def _in_config(path: str, lines: Iterable[tuple[str, Span]]) -> Iterator[Finding]:
    for text, span in lines:
        fact = stub_path(text, "ldconfig")
        if fact is not None:
            yield _finding(fact, span, f"{path} makes the loader find stub libraries")


def _removed(path: str, commands: Sequence[Command]) -> bool:
    return any(c.name == "rm" and any(_covers(a.text, path) for a in c.args) for c in commands)


def _covers(operand: str, path: str) -> bool:
    return path.startswith(operand.rstrip("/") + "/") or fits(path, operand)


# --- COPY with a here-document -----------------------------------------------------------------------


def _in_files(stage: Stage) -> Iterator[Finding]:
    for instruction in stage.instructions:
        if instruction.keyword in ("COPY", "ADD") and instruction.args[-1:] and not instruction.problem:
            path = instruction.args[-1]
            for heredoc in instruction.heredocs if path.startswith(_LOADER_CONFIG) else ():
                yield from _in_config(path, [(heredoc.content.decode("utf-8", "replace"), heredoc.body)])
