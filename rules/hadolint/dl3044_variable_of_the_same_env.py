"""ENV that reads what it sets.

## What it does
Reports a value of ENV with a variable that only the same instruction sets. What an earlier ENV or ARG of the stage or the base
image sets is left alone, and so is `${name:-default}`.

## Why is this bad
All values of one ENV are computed before any is set: the variable is empty, or the base image's.

## Bad
```dockerfile
FROM debian:bookworm-slim
ENV APP_HOME=/srv/app APP_DATA=$APP_HOME/data
```

## Good
```dockerfile
FROM debian:bookworm-slim
ENV APP_HOME=/srv/app
ENV APP_DATA=$APP_HOME/data
```
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity, variables

from ._acting import acting

META = RuleMeta(
    "DL3044",
    "variable-of-the-same-env",
    severity=Severity.ERROR,
    since="0.2.0",
    needs=("env",),
    on=("ENV", "ONBUILD"),
)

# it says itself what holds where nothing is set
_DEFAULTS = ("-", ":-", "+", ":+", "?", ":?")


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = acting(instruction, "ENV")
    if node is None or "$" not in str(node.rest) or node.args[2] == "":
        return
    names, before = node.args[::3], facts.state(instruction).values
    times = Counter(names)
    unset = {name for name in times if name not in before}
    for name, value, word in zip(names, node.args[1::3], node.words, strict=False):
        for found in variables(value, facts.document.escape) if unset else ():
            elsewhere = found.name in unset and (found.name != name or times[name] > 1)
            if elsewhere and not found.modifier.startswith(_DEFAULTS):
                message = f"${found.name} is not set yet: all values of one ENV are read before it sets any"
                yield META.finding(word.span, message)
                break
