"""Single commands in RUN instructions that follow one another.

## What it does
Reports a RUN of one command that follows directly on another of one command, with the same flags. A
condition (`[ … ]`) does not count. Comments between them make no difference, any other instruction does. IMG201 says more of the kind of work and joins them, and is what remains
where both are on.

## Why is this bad
Each RUN is a layer: a round trip at every pull, and one of the 127 that an image may have.

## Bad
```dockerfile
FROM debian:bookworm
RUN make
RUN ldconfig
```

## Good
```dockerfile
FROM debian:bookworm
RUN make \
    && ldconfig
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity, Span, Stage

META = RuleMeta("DL3059", "single-command-runs", severity=Severity.INFO, since="0.2.0", needs=("run",))

_SCRIPTS = frozenset({"bash -c", "eval"})
# a condition is part of what it decides on
_CONDITIONS = frozenset({"[", "[["})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for first, second in pairwise(facts.runs(stage)):
        if _follows(stage, first, second) and _is_single(first) and _is_single(second):
            line = first.instruction.start_line
            message = f"this one command could stand in the RUN of line {line}, as part of its layer"
            yield META.finding(second.instruction.word.span, message)


def _follows(stage: Stage, first: Run, second: Run) -> bool:
    flags = [[flag.raw for flag in run.instruction.flags] for run in (first, second)]
    ours = not first.onbuild and not second.onbuild
    return ours and flags[0] == flags[1] and stage.next(first.instruction) is second.instruction


def _is_single(run: Run) -> bool:
    """Whether a RUN runs at most one command; a script in a string is one, unless it is the whole RUN."""
    if not run.script.understood:
        return False
    calls: set[Span] = set()
    for command in run.script.commands:
        if command.argv and command.name not in _CONDITIONS:
            inside = _SCRIPTS & set(command.context) and command.prefix and not run.instruction.json
            calls.add(command.prefix[0].span if inside else command.argv[0].span)
    return len(calls) <= 1
