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

from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Command, Facts, Finding, RuleMeta, Run, Severity, Span

from ._found import at

META = RuleMeta("DL4006", "pipe-without-pipefail", severity=Severity.WARNING, since="0.2.0", needs=("|",))

_PIPES = frozenset({"|", "|&"})
# the ends of constructs that may hold the command before a pipe
_ENDS = frozenset({b"", b"done", b"fi", b"esac"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    state = facts.state(run.instruction)
    if "pipefail" not in (state.shell or ()):
        message = "a failure before this pipe goes unseen; set the shell option pipefail with SHELL"
        yield from at(META, list(_pipes(run, facts.document.data)), message)


def _pipes(run: Run, data: bytes) -> Iterator[Span]:
    """Where the pipes stand that run without the option."""
    inside: list[tuple[str, ...]] = []
    for first, second in pairwise(run.script.commands):
        if _sets_pipefail(first):
            inside.append(first.context)
        covered = any(second.context[: len(context)] == context for context in inside)
        if not covered and not any(word.text == "pipefail" for word in second.prefix):
            yield from _between(data, run.instruction.span.start, first, second)


def _sets_pipefail(command: Command) -> bool:
    return command.name == "set" and any(a.text == "pipefail" for a in command.args)


def _between(data: bytes, begin: int, first: Command, second: Command) -> Iterator[Span]:
    head, pipe, tail = data[first.span.end : second.span.start].partition(b"|")
    if pipe and tail[:1] != b"|" and all(map(_is_end, head.split())):
        start = first.span.end + len(head)
        yield Span(start, start + 1)
    elif second.connector in _PIPES:
        start = data.rfind(b"|", begin, second.span.start)
        # as an escape in JSON it does not stand there
        yield second.span if start < 0 else Span(start, start + 1)


def _is_end(word: bytes) -> bool:
    """Whether it ends a construct, or redirects its output."""
    return word.strip(b"\\`)};") in _ENDS or b">" in word
