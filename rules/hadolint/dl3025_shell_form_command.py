"""Command in shell form.

## What it does
Reports CMD, ENTRYPOINT and the command of HEALTHCHECK that are no JSON array, or a broken one. Where SHELL is set the shell
is meant.

## Why is this bad
The command runs under `/bin/sh -c`, which is process 1 and passes no signals on: `docker stop` waits ten seconds and kills.
An ENTRYPOINT in shell form ignores CMD and the arguments of `docker run`.

## Bad
```dockerfile
FROM debian:bookworm-slim
CMD serve --port 80
```

## Good
```dockerfile
FROM debian:bookworm-slim
CMD ["serve", "--port", "80"]
```

## Fix safety
Unsafe: the program is started without a shell, as process 1, and `docker run IMAGE arguments` reach an ENTRYPOINT. Offered for
one program with plain words; where variables, quotes or operators need a shell, and on Windows, there is no fix.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    json_form,
)

META = RuleMeta(
    "DL3025",
    "shell-form-command",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("cmd", "entrypoint"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = instruction.inner or instruction
    if not _in_shell_form(node) or facts.state(instruction).shell_set:
        return
    message = f"the command of this {node.keyword} runs in a shell; write it as a JSON array"
    # what is built into cmd is no program
    plain = node is instruction and facts.graph.stage_of(instruction) not in facts.windows
    edit = json_form(node) if plain else None
    fix = (
        Fix("Write it as a JSON array (unsafe: no shell runs)", (edit,), Applicability.UNSAFE)
        if edit
        else None
    )
    yield META.finding(node.word.span, message, fix=fix)


def _in_shell_form(node: Instruction) -> bool:
    match node.keyword:
        case "CMD" | "ENTRYPOINT":
            return not node.json and bool(node.rest.data)
        case "HEALTHCHECK":
            return not node.json and len(node.args) > 1 and node.args[0].upper() == "CMD"
    return False
