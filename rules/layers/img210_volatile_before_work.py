"""Value that changes with every build, above work that lasts.

## What it does
Reports an ARG or ENV that holds a commit, a build number or a date (`GIT_SHA`, `VCS_REF`, `BUILD_DATE`, `CI_COMMIT_SHA`, …) above a
RUN that installs packages or downloads and does not name it. The rule looks at every stage that is built, down to the first RUN that
may read the variable: one that names it, builds the project, or runs a script.

Variables that are there to void the cache (`CACHEBUST`), those of dependencies (`VLLM_COMMIT`), and LABEL, which no RUN
sees, are left alone.

## Why is this bad
Every RUN below an ARG or ENV has its value in the environment, and so in its cache key, whether it reads it or not. A new
commit installs everything anew.

## Bad
```dockerfile
FROM debian:bookworm
ARG GIT_SHA
LABEL org.opencontainers.image.revision=$GIT_SHA
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential=12.9 \
    && rm -rf /var/lib/apt/lists/*
CMD ["true"]
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential=12.9 \
    && rm -rf /var/lib/apt/lists/*
ARG GIT_SHA
LABEL org.opencontainers.image.revision=$GIT_SHA
CMD ["true"]
```

## Fix safety
Unsafe: a program of a RUN in between may read the variable without naming it. The instructions move below the last
of these RUNs, with the LABELs that use them; there is no fix where anything else in between names them, or where one
instruction sets other variables as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile

from imgtool.rule import (
    Applicability,
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
    cut,
    regex,
    remove_instruction,
)

META = RuleMeta(
    "IMG210",
    "volatile-before-work",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("date", "git", "build", "sha", "commit", "revision", "vcs", "ci_", "timestamp"),
)

_VOLATILE = regex(
    r"(?:GIT|VCS|SOURCE|CI|SCM)_(?:SHA1?|COMMIT|HASH|REV|REVISION|REF|COMMIT_(?:SHA|HASH|ID|REF|TAG|SHORT_SHA))"
    r"|(?:GITHUB|CI|DRONE|BUILDKITE|CIRCLE|BITBUCKET|TRAVIS)_(?:SHA1?|COMMIT|RUN_ID|RUN_NUMBER|BUILD_NUM(?:BER)?|PIPELINE_ID|JOB_ID|COMMIT_SHA)"
    r"|COMMIT(?:_(?:SHA|HASH|ID))?|REVISION|BUILD_(?:DATE|TIME|TIMESTAMP|NUMBER|NUM|ID|SHA|COMMIT|HASH|REVISION)"
    r"|(?:IMAGE|OCI)_(?:REVISION|CREATED)|BUILDTIME|TIMESTAMP|GIT_?SHA|GITCOMMIT|GITHASH",
    re.IGNORECASE,
)
_SETS = ("ARG", "ENV")
_WORK = frozenset(
    {Operation.INSTALL, Operation.UPGRADE, Operation.DOWNLOAD, Operation.CLONE, Operation.FETCH}
)
# they may read any variable: builds, interpreters, and scripts
_READS = frozenset(
    "make gmake cmake ninja meson bazel bazelisk cargo go rustc gcc g++ nvcc configure node npm npx yarn pnpm mvn gradle dotnet"
    " scons b2 tox nox hatch flit colcon catkin_make dpkg-buildpackage debuild rpmbuild sh bash dash zsh source . eval env printenv".split()
)
# characters, more than any such name has
_LONGEST = 64
# how many of them one finding speaks of
_MOST = 20
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/opt/conda/")


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.built:
        return
    volatile = [i for i in stage.instructions if i.keyword in _SETS and names(i)][:_MOST]
    if not volatile:
        return
    runs = [run for run in facts.runs(stage) if not run.onbuild]
    hit = [(i, _repeated(i, runs)) for i in volatile]
    hit = [(i, repeated) for i, repeated in hit if repeated]
    if hit:
        yield _finding(facts, stage, hit)


def names(instruction: Instruction) -> tuple[str, ...]:
    """The variables of an ARG or ENV that change with every build."""
    if instruction.keyword not in _SETS or instruction.problem:
        return ()
    return tuple([name for name in _set_by(instruction) if len(name) <= _LONGEST and _is_volatile(name)])


# the same names come in file after file
@lru_cache(maxsize=1024)
def _is_volatile(name: str) -> bool:
    return _VOLATILE.fullmatch(name) is not None


def _set_by(instruction: Instruction) -> Sequence[str]:
    if instruction.keyword == "ARG":
        return [word.partition("=")[0] for word in instruction.args]
    return instruction.args[::3]


def _works(run: Run) -> bool:
    """Whether it does what a cache is for."""
    return any(o.operation in _WORK for o in run.operations)


def _may_read(run: Run, variables: Sequence[str]) -> bool:
    """Whether a RUN may depend on variables."""
    if not run.script.understood or any(name.encode() in run.script.text.data for name in variables):
        return True
    if any(_builds(operation) for operation in run.operations):
        return True
    apart = {id(o.command) for o in run.operations}
    return any(id(c) not in apart and c.argv and _reads(c) for c in run.script.commands)


def _reads(command: Command) -> bool:
    program = command.argv[0].text
    own = "/" in program and not program.startswith(_SYSTEM)
    script = command.name.endswith((".sh", ".py", ".bash")) or command.name.startswith("python")
    return not command.name or command.name in _READS or own or script


def _builds(operation: PackageOperation) -> bool:
    """Whether it runs code of a project that is there."""
    local = any(package.source != "index" for package in operation.packages)
    return bool(
        operation.operation in (Operation.BUILD, Operation.RUNFILE)
        or operation.project
        or operation.editable
        or local
    )


def _repeated(instruction: Instruction, runs: Sequence[Run]) -> list[Run]:
    """The RUNs that a new value repeats for nothing, up to the first that may read it."""
    below = (run for run in runs if run.instruction.span.start > instruction.span.start)
    apart = takewhile(lambda run: not _may_read(run, names(instruction)), below)
    return [run for run in apart if _works(run)]


def _finding(facts: Facts, stage: Stage, hit: list[tuple[Instruction, list[Run]]]) -> Finding:
    first, repeated = hit[0]
    lines = [run.instruction.start_line for run in repeated]
    what = (
        f"the RUN of line {lines[0]}"
        if len(lines) == 1
        else f"the {len(lines)} RUNs of lines {lines[0]} to {lines[-1]}"
    )
    name = names(first)[0]
    message = f"every new {name} repeats {what}, which does not use it; move {first.keyword} below"
    if len(lines) > 1:
        message = message.replace("does not use", "do not use")
    words = {i: next(w for w in i.words if w.text.startswith(names(i)[0])) for i, _ in hit}
    related = tuple(words[i].span for i, _ in hit[1:])
    return META.finding(words[first].span, message, fix=_fix(facts, stage, hit), related=related)


def _fix(facts: Facts, stage: Stage, hit: list[tuple[Instruction, list[Run]]]) -> Fix | None:
    """All of them, and the LABELs that use them, below the last RUN that each repeats for nothing."""
    last = max((run.instruction for _, runs in hit for run in runs), key=lambda i: i.span.start)
    moved = [i for i, runs in hit if runs[-1].instruction is last]
    own = {name for i in moved for name in names(i)}
    if len(moved) < len(hit) or any(len(_set_by(i)) != len(names(i)) for i in moved):
        return None
    for instruction in stage.instructions:
        if not moved[0].span.start < instruction.span.start <= last.span.start or instruction in moved:
            continue
        if any(name.encode() in instruction.rest.data for name in own):
            if instruction.keyword != "LABEL":
                return None
            moved.append(instruction)
    return _moved(facts, sorted(moved, key=lambda i: i.span.start), last)


def _moved(facts: Facts, moved: Sequence[Instruction], last: Instruction) -> Fix:
    document = facts.document
    taken = [remove_instruction(document, i) for i in moved]
    newline = document.source.newline
    texts = "".join(newline + cut(document.data, edit.span).rstrip("\r\n") for edit in taken)
    edits = (*taken, Edit(last.span.end, last.span.end, texts))
    return Fix("Move it below (unsafe: a program in between may read it)", edits, Applicability.UNSAFE)
