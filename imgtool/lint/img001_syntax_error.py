"""Syntax error.

## What it does
Reports what BuildKit refuses to parse, in BuildKit's words, and goes on with the rest of the file.

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

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

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

META = RuleMeta(
    "IMG001",
    "syntax-error",
    severity=Severity.ERROR,
    since="0.1.0",
    aliases=tuple(dict.fromkeys(_ALSO.values())),
)


def check(document: Document, _facts: Facts) -> Iterator[Finding]:
    if document.problems and b"\0" in document.data:
        # of a program or an archive, every line is wrong
        yield META.finding(
            document.problems[0].span,
            "this is no Dockerfile: it holds NUL bytes, as no text does",
            aliases=(),
        )
        return
    for problem in document.problems:
        also = tuple(code for part, code in _ALSO.items() if part in problem.message)
        yield META.finding(problem.span, problem.message, aliases=also)
