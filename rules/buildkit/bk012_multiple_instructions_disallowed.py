"""CMD, ENTRYPOINT or HEALTHCHECK that a later one replaces.

## What it does
Reports each CMD, ENTRYPOINT and HEALTHCHECK of a stage but the last. BuildKit's check MultipleInstructionsDisallowed.

## Why is this bad
Only the last one counts; the one before it is never run, and whoever reads it believes that it is.

## Bad
```dockerfile
FROM debian:bookworm
CMD ["echo", "one"]
CMD ["echo", "two"]
```

## Good
```dockerfile
FROM debian:bookworm
CMD ["echo", "two"]
```

## References
<https://docs.docker.com/reference/build-checks/multiple-instructions-disallowed/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity, Stage

META = RuleMeta(
    "BK012",
    "multiple-instructions-disallowed",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("MultipleInstructionsDisallowed", "DL4003", "DL4004", "DL3012"),
    needs=("cmd", "entrypoint", "healthcheck"),
)

_ALIAS = {"CMD": "DL4003", "ENTRYPOINT": "DL4004", "HEALTHCHECK": "DL3012"}


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    last: dict[str, Instruction] = {}
    for node in stage.instructions:
        if node.keyword not in _ALIAS or node.problem:
            continue
        earlier = last.get(node.keyword)
        if earlier is not None:
            line = facts.document.source.line_of(node.span.start)
            message = f"this {node.keyword} is never used, as that of line {line} replaces it; remove one"
            aliases = (META.aliases[0], _ALIAS[node.keyword])
            yield META.finding(earlier.word.span, message, aliases=aliases, related=(node.word.span,))
        last[node.keyword] = node
