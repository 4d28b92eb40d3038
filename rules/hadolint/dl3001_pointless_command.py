"""Command that has no purpose in a build.

## What it does
Reports `free`, `kill`, `mount`, `ps`, `service`, `shutdown`, `ssh`, `top` and `vim` in a RUN. `ssh` is fine where the
RUN mounts an agent (`--mount=type=ssh`).

## Why is this bad
A build has no terminal, no init system, and no processes but its own. What such a command starts ends with its RUN, and
what it shows is the machine that builds, not the one that runs.

## Bad
```dockerfile
FROM debian:bookworm
RUN service cron start
```

## Good
```dockerfile
FROM debian:bookworm
CMD ["cron", "-f"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity, mounts_of

from ._found import at, called, listed

_POINTLESS = frozenset({"free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"})

META = RuleMeta(
    "DL3001", "pointless-command", severity=Severity.INFO, since="0.2.0", needs=tuple(sorted(_POINTLESS))
)


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    found = called(run, _POINTLESS)
    if found and any(mount.type == "ssh" for mount in mounts_of(run.instruction.inner or run.instruction)):
        found = [command for command in found if command.name != "ssh"]
    if found:
        names = listed(command.name for command in found)
        message = f"{names} has no purpose while an image is built; leave it to the container, or out"
        yield from at(META, (command.argv[0].span for command in found), message)
