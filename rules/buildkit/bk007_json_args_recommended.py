r"""CMD or ENTRYPOINT in shell form.

## What it does
Reports a CMD or ENTRYPOINT that is not a JSON array of strings, an empty one and an array with a mistake in it included.
Nothing is said where SHELL is set, by the file or by the base image: whoever chooses a shell wants it. BuildKit's check
JSONArgsRecommended.

## Why is this bad
The program runs below `/bin/sh -c`, which does not pass signals on: `docker stop` waits ten seconds and kills it. An
ENTRYPOINT in shell form also ignores CMD and the arguments of `docker run`.

## Bad
```dockerfile
FROM debian:bookworm
CMD sleep 60
```

## Good
```dockerfile
FROM debian:bookworm
CMD ["sleep", "60"]
```

## Fix safety
Unsafe: the program becomes process 1 of the container, and there is no shell around it any more. Offered where the words
mean the same to both: no variables, quotes, wildcards, redirections, assignments or words of the shell. On Windows, where
much is built into the shell, there is none.

## References
<https://docs.docker.com/reference/build-checks/json-args-recommended/>
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
    Stage,
    json_form,
)

META = RuleMeta(
    "BK007",
    "json-args-recommended",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("JSONArgsRecommended", "DL3025"),
    needs=("cmd", "entrypoint"),
)

# what holds on Linux and on Windows where no image says another
_NO_SHELL_SET = (None, ("/bin/sh", "-c"), ("cmd", "/S", "/C"))


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for node, state in zip(stage.instructions, facts.states(stage), strict=False):
        if node.keyword not in ("CMD", "ENTRYPOINT") or node.json or node.problem:
            continue
        if not state.shell_set and state.shell in _NO_SHELL_SET:
            message = f"{node.keyword} in shell form does not pass signals on; write it as a JSON array"
            yield META.finding(node.word.span, message, fix=None if stage in facts.windows else _fix(node))


def _fix(node: Instruction) -> Fix | None:
    edit = json_form(node)
    message = "Write it as a JSON array (unsafe: it then runs without a shell, as process 1)"
    return Fix(message, (edit,), Applicability.UNSAFE) if edit else None
