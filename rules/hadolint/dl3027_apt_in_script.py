"""Called apt in place of apt-get.

## What it does
Reports `apt` in a RUN.

## Why is this bad
`apt` is made for people at a terminal: it warns that its interface is not stable, and what it prints and how it picks
packages changes between versions. `apt-get` and `apt-cache` stay as they are.

## Bad
```dockerfile
FROM debian:bookworm
RUN apt update
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get update && rm -rf /var/lib/apt/lists/*
```

## Fix safety
Safe for `update` and `clean`, which do the same under both names. Unsafe for what picks packages: since version 3, `apt`
has another solver than `apt-get`. There is no fix for sub-commands that `apt-get` does not have.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Command,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Run,
    Severity,
)

from ._found import at, called

META = RuleMeta(
    "DL3027",
    "apt-in-script",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("apt",),
)

_APT = frozenset({"apt"})
_SAME = frozenset({"update", "clean", "autoclean"})
_SOLVES = frozenset(
    {"install", "reinstall", "remove", "purge", "autoremove", "build-dep", "source", "download"}
)


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    verbs = {id(operation.command): operation.verb for operation in run.operations}
    for command in called(run, _APT):
        fix = _renamed(command, verbs.get(id(command), ""))
        message = "apt is made for people at a terminal; scripts call apt-get or apt-cache"
        yield from at(META, (command.argv[0].span,), message, fix)


def _renamed(command: Command, verb: str) -> Fix | None:
    word = command.argv[0]
    if verb not in _SAME | _SOLVES or word.raw.strip('"') != word.text:
        return None
    end = word.span.end - word.raw.endswith('"')
    edits = (Edit(end, end, "-get"),)
    if verb in _SAME:
        return Fix("Call apt-get", edits, Applicability.SAFE)
    return Fix("Call apt-get (unsafe: apt 3 has another solver)", edits)
