"""Comment above an ARG or a stage that does not describe it.

## What it does
Reports an ARG or a named FROM below a comment whose last line does not begin with the name that it defines. BuildKit's
check InvalidDefinitionDescription, which is experimental there: it runs with `--preview`, or in a file with
`# check=experimental=InvalidDefinitionDescription`.

## Why is this bad
`docker build --call=outline` and `--call=targets` show such a comment as the description of the argument or stage.

## Bad
```dockerfile
# this is the version
ARG VERSION=1.0
FROM debian:bookworm
```

## Good
```dockerfile
# VERSION is what is built
ARG VERSION=1.0
FROM debian:bookworm
```

## References
<https://docs.docker.com/reference/build-checks/invalid-definition-description/>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity, Word

from ._words import pairs

META = RuleMeta(
    "BK020",
    "invalid-definition-description",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("InvalidDefinitionDescription",),
    preview=True,
    needs=("#",),
)


def check(instruction: Instruction, _facts: Facts) -> Iterator[Finding]:
    if not instruction.comments or instruction.problem:
        return
    names = _names(instruction)
    comment = instruction.comments[-1]
    if names and comment.text.split(" ", 1)[0] not in [word.text for word in names]:
        wanted = names[0].text if len(names) == 1 else "<name>"
        message = f"the comment above does not describe it in the form: # {wanted} <description>"
        yield META.finding(names[0].span, message, related=(comment.span,))


def _names(node: Instruction) -> Sequence[Word]:
    if node.keyword == "ARG":
        return [Word(name, span) for name, span, _ in pairs(node)]
    named = node.keyword == "FROM" and len(node.words) == 3
    return [Word(node.words[2].text.lower(), node.words[2].span)] if named else []
