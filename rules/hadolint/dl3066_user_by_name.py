"""USER by name.

## What it does
Reports a USER that is a name, of a user other than root, its variables replaced where ENV sets them. What an ARG decides is
left alone, and so is Windows, whose users have no numbers.

## Why is this bad
Kubernetes cannot tell whether a name is root's, and refuses to start the container where `runAsNonRoot` is asked for. A number
is the same on every base image.

## Bad
```dockerfile
FROM debian:bookworm-slim
RUN ["useradd", "app"]
USER app
```

## Good
```dockerfile
FROM debian:bookworm-slim
RUN ["useradd", "--uid", "1000", "app"]
USER 1000
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity, variables

META = RuleMeta(
    "DL3066", "user-by-name", severity=Severity.INFO, since="0.2.0", needs=("user",), on=("USER",)
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    if instruction.problem or facts.graph.stage_of(instruction) in facts.windows:
        return
    word = instruction.words[0]
    environment = facts.state(instruction).env
    if any(v.name not in environment for v in variables(word.text, facts.document.escape)):
        return
    name = (facts.expand(instruction, word.text) or "").partition(":")[0]
    # of root it is known who that is
    if name not in ("", "root") and not (name.isascii() and name.isdigit()):
        yield META.finding(
            word.span, f"{name} is a name, which cannot be checked without the image; write the user's number"
        )
