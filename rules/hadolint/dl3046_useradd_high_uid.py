"""User with a high number and a log file to match.

## What it does
Reports `useradd` with a user number of more than five digits and without `--no-log-init`; in any spelling (`-u N`, `-uN`,
`--uid=N`), and through variables whose value the Dockerfile says.

## Why is this bad
`useradd` enters the user in `lastlog` and `faillog`, which are indexed by number: a high one makes them gigabytes in
length. They are sparse, but a layer is a tar that does not know holes.

## Bad
```dockerfile
FROM debian:bookworm
RUN useradd -u 1000120000 app
```

## Good
```dockerfile
FROM debian:bookworm
RUN useradd --no-log-init -u 1000120000 app
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from imgtool.rule import Arg, Command, Facts, Finding, RuleMeta, Run, Severity

from ._found import at, called

META = RuleMeta("DL3046", "useradd-high-uid", severity=Severity.WARNING, since="0.2.0", needs=("useradd",))

_USERADD = frozenset({"useradd"})
_MAX_DIGITS = 5


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    for command in called(run, _USERADD):
        uid = _uid(command)
        number = facts.expand(run.instruction, uid.text) if uid else None
        if uid and number and number.isdigit() and len(number) > _MAX_DIGITS and not _without_log(command):
            message = f"the number {number} makes useradd write log files of gigabytes; add --no-log-init"
            yield from at(META, (uid.span,), message)


def _uid(command: Command) -> Arg | None:
    """The user number, the dash of a bundled option and all before it cut off."""
    for word, following in zip_longest(command.args, command.args[1:]):
        name, equals, value = word.text.partition("=")
        if name in ("-u", "--uid") and not equals:
            return following
        if name == "--uid":
            return word._replace(text=value)
        if word.text.startswith("-") and not word.text.startswith("--") and "u" in word.text:
            return word._replace(text=word.text.partition("u")[2]) if word.text[-1] != "u" else following
    return None


def _without_log(command: Command) -> bool:
    words = [word.text for word in command.args]
    return "--no-log-init" in words or any(w[:1] == "-" and w[:2] != "--" and "l" in w for w in words)
