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
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

META = RuleMeta(
    "DL3025",
    "shell-form-command",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("cmd", "entrypoint"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = instruction.inner or instruction
    if not _in_shell_form(node) or facts.state(instruction).shell_set:
        return
    message = f"the command of this {node.keyword} runs in a shell; write it as a JSON array"
    yield META.finding(node.word.span, message)


def _in_shell_form(node: Instruction) -> bool:
    match node.keyword:
        case "CMD" | "ENTRYPOINT":
            return not node.json and bool(node.rest.data)
        case "HEALTHCHECK":
            return not node.json and len(node.args) > 1 and node.args[0].upper() == "CMD"
    return False
