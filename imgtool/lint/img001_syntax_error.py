"""Syntax error.

## What it does
Reports what BuildKit refuses to parse, in BuildKit's words, and goes on with the rest of the file. Of a program or an
archive it reports the first NUL byte alone.

A NUL byte elsewhere BuildKit reads as any other character, so that a check of the file passes; but no argument of a program,
no variable and no path can hold one, so the build fails, or the container does. It is reported where it stands, but
for comments, labels and what becomes a file: bodies of COPY, ADD and scripts with `#!`.

## Why is this bad
The image does not build. Other linters stop at the first error; here the remaining instructions are still
linted, so that one run shows everything.

## Bad
```dockerfile
FROM debian:bookworm
COPY app.py
```

## Good
```dockerfile
FROM debian:bookworm
COPY app.py /app/
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import Document, Facts, Finding, Instruction, RuleMeta, Severity, Span

# what BuildKit refuses and hadolint has a rule for, by a part of BuildKit's message
_ALSO = {
    "invalid containerPort": "DL3011",
    "invalid stage index": "DL3022",
    "variable expansion is not supported for --from": "DL3022",
    "circular dependency": "DL3023",
    "when using JSON array syntax": "DL3025",
    "isn't allowed": "DL3043",
    "no build stage in current context": "DL3061",
}

_UNKNOWN = "unknown instruction: "
_METADATA = ("LABEL", "MAINTAINER")

META = RuleMeta(
    "IMG001",
    "syntax-error",
    severity=Severity.ERROR,
    since="0.1.0",
    aliases=tuple(dict.fromkeys(_ALSO.values())),
)


def check(document: Document, _facts: Facts) -> Iterator[Finding]:
    strays: Sequence[Finding] = ()
    if b"\0" in document.data:
        at = _binary(document)
        if at >= 0:
            # every line is wrong
            message = "this is no Dockerfile: it holds NUL bytes, as no text does"
            yield META.finding(Span(at, at + 1), message, aliases=())
            return
        strays = tuple(_strays(document))
    for problem in document.problems:
        also = tuple(code for part, code in _ALSO.items() if part in problem.message)
        yield META.finding(problem.span, problem.message, aliases=also)
    yield from strays


def _binary(document: Document) -> int:
    """Where the first NUL of a program or an archive is; -1 in a text."""
    unknown = [node for node in document.instructions if node.problem and _UNKNOWN in node.problem.message]
    for node in unknown:
        at = document.data.find(b"\0", *node.span)
        if at >= 0:
            return at
    text = not unknown or any(node.keyword == "FROM" for node in document.instructions)
    return -1 if text else document.data.find(b"\0")


def _strays(document: Document) -> Iterator[Finding]:
    """The first NUL of each instruction that cannot work with one."""
    for whole in document.instructions:
        node = whole.inner or whole
        at = -1 if node.keyword in _METADATA else _nul(document, whole, node)
        if at >= 0:
            message = (
                f"{node.keyword} holds a NUL byte, which no argument of a program, no variable and no path can:"
                " the build fails, or the container does"
            )
            yield META.finding(Span(at, at + 1), message, aliases=())


def _nul(document: Document, whole: Instruction, node: Instruction) -> int:
    for flag in node.flags:
        at = document.data.find(b"\0", *flag.span)
        if at >= 0:
            return at
    at = node.rest.data.find(b"\0")
    if at >= 0:
        return node.rest.offset(at)
    for heredoc in whole.heredocs if node.keyword == "RUN" else ():
        at = -1 if heredoc.content.startswith(b"#!") else document.data.find(b"\0", *heredoc.body)
        if at >= 0:
            return at
    return -1
