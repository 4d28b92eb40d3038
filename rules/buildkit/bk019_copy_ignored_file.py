"""COPY of a path that .dockerignore keeps out.

## What it does
Reports a source of COPY or ADD that the build context's `.dockerignore` keeps from the builder. Nothing is said where
that file has a line with `!`: it may let in a part of what is copied. `COPY .` is reported where everything is kept out.
BuildKit's check CopyIgnoredFile.

## Why is this bad
The builder does not see the path: the build fails, or copies less than it seems.

## Bad
```dockerfile
FROM debian:bookworm
COPY build/app /usr/bin/app
```
```text file=.dockerignore
build
```
```text file=build/app
```

## Good
```dockerfile
FROM debian:bookworm
COPY build/app /usr/bin/app
```
```text file=.dockerignore
.git
```
```text file=build/app
```

## References
<https://docs.docker.com/reference/build-checks/copy-ignored-file/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BuildContext,
    Document,
    Facts,
    Finding,
    Instruction,
    RuleMeta,
    Severity,
    local_sources,
)

META = RuleMeta(
    "BK019",
    "copy-ignored-file",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("CopyIgnoredFile",),
    needs=("copy", "add"),
)

_EVERYTHING = frozenset({"*", "**", "**/*"})


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    if not facts.contexts or not all(_speaks(context) for context in facts.contexts):
        return
    for instruction in document.instructions:
        if instruction.keyword in ("COPY", "ADD"):
            yield from _of(instruction, facts)


def _speaks(context: BuildContext) -> bool:
    """Whether what it keeps out can be told, and is anything."""
    ignore = context.ignore
    return not ignore.errors and not ignore.has_exclusions and bool(ignore.patterns)


def _of(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    sources = local_sources(instruction)
    for word in instruction.words[:-1] if sources else ():
        path = facts.expand(instruction, word.text) if word.text in sources else None
        # where the context is a guess, each that it may be has to agree
        if path and all(_kept_out(path, context) for context in facts.contexts):
            ignored = facts.contexts[0].ignore_file
            name = ignored.name if ignored else ".dockerignore"
            yield META.finding(
                word.span,
                f"{path} does not reach the builder, as {name} keeps it out; let it in there with a line of ! and its path",
            )


def _kept_out(path: str, context: BuildContext) -> bool:
    ignore = context.ignore
    if path.strip("/") in ("", "."):
        return any(pattern.text in _EVERYTHING for pattern in ignore.patterns)
    return ignore.matches(path)
