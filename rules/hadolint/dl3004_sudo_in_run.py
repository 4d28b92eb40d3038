"""Program run through sudo.

## What it does
Reports `sudo` in a RUN.

## Why is this bad
A RUN has the user that `USER` names, root unless something else is said. `sudo` gives programs another environment, has
no terminal to ask on, and leaves a way to root in the image.

## Bad
```dockerfile
FROM debian:bookworm
RUN sudo mkdir -p /srv/app
```

## Good
```dockerfile
FROM debian:bookworm
RUN mkdir -p /srv/app
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Command, Facts, Finding, RuleMeta, Run, Severity, Span

from ._found import at

META = RuleMeta("DL3004", "sudo-in-run", severity=Severity.ERROR, since="0.2.0", needs=("sudo",))


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    spans = [span for command in run.script.commands for span in _sudos(command)]
    yield from at(META, spans, "sudo is not needed in a build; set the user with USER")


def _sudos(command: Command) -> Iterator[Span]:
    """Where sudo stands: before a command, or alone."""
    if "sudo" in command.wrappers:
        yield from (word.span for word in command.prefix if word.text.rpartition("/")[2] == "sudo")
    elif command.name == "sudo":
        yield command.argv[0].span
