"""Pipe whose first commands may fail unseen.

## What it does
Reports a pipe in a RUN whose shell does not have `pipefail` set: neither by `SHELL`, in this stage or one that it is
built on, nor by `set -o pipefail` before the pipe, nor by the options of the shell that runs it (`bash -o pipefail -c`).

## Why is this bad
The status of a pipe is that of its last command. Where a download fails before `| tar x` or `| sh`, the build goes on
with what came through.

## Bad
```dockerfile
FROM debian:bookworm
RUN curl -fsSL https://example.com/a.tar.gz | tar xz -C /opt
```

## Good
```dockerfile
FROM debian:bookworm
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN curl -fsSL https://example.com/a.tar.gz | tar xz -C /opt
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Command, Facts, Finding, RuleMeta, Run, Severity, Span

from ._found import at

META = RuleMeta("DL4006", "pipe-without-pipefail", severity=Severity.WARNING, since="0.2.0", needs=("|",))

_PIPES = frozenset({"|", "|&"})
# what may stand between a command and the pipe behind it: the ends of constructs that hold it, a redirection
_PIPE = re.compile(rb"(?:[\s\\`)};]|done|fi|esac|\d?>&?[\w/.]+)*\|(?!\|)")


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    state = facts.state(run.instruction)
    if "pipefail" not in (state.shell or ()):
        message = "a failure before this pipe goes unseen; set the shell option pipefail with SHELL"
        yield from at(META, list(_pipes(run, facts.document.data)), message)


def _pipes(run: Run, data: bytes) -> Iterator[Span]:
    """Where the pipes stand that run without the option."""
    for first, second in pairwise(run.script.commands):
        if _sets_pipefail(first):
            # what follows in this shell has it
            return
        if not any(word.text == "pipefail" for word in second.prefix):
            yield from _between(data, first, second)


def _sets_pipefail(command: Command) -> bool:
    return command.name == "set" and not command.context and any(a.text == "pipefail" for a in command.args)


def _between(data: bytes, first: Command, second: Command) -> Iterator[Span]:
    found = _PIPE.match(data, first.span.end, second.span.start)
    if found or second.connector in _PIPES:
        end = found.end() if found else data.rfind(b"|", 0, second.span.start) + 1
        yield Span(end - 1, end)
