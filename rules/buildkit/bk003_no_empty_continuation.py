r"""Empty line in a continued instruction.

## What it does
Reports an empty line between the lines of an instruction that goes on; once an instruction. Comment lines are no empty
lines. BuildKit's check NoEmptyContinuation.

## Why is this bad
The instruction goes on behind the empty line, which nobody expects. Docker has announced since 2017 that it will become
an error.

## Bad
```dockerfile
FROM debian:bookworm
RUN make \

    install
```

## Good
```dockerfile
FROM debian:bookworm
RUN make \
    install
```

## Fix safety
Safe: the builder leaves the line out as well.

## References
<https://docs.docker.com/reference/build-checks/no-empty-continuation/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Document,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    Span,
    regex,
)

META = RuleMeta(
    "BK003",
    "no-empty-continuation",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    aliases=("NoEmptyContinuation",),
)

# as in nearly every line
_INK = regex(rb"[!-~]")
# blank to Python, text to the builder
_TEXT = "\x1c\x1d\x1e\x1f"


def check(document: Document, _facts: Facts) -> Iterator[Finding]:
    for instruction in document.instructions:
        if instruction.empty_continuation:
            yield from _of(instruction, document)


def _of(instruction: Instruction, document: Document) -> Iterator[Finding]:
    blank = list(_blank(instruction, document))
    if blank:
        edits = tuple(Edit(span.start, span.end, "") for span in blank)
        fix = Fix("Remove the empty lines", edits, Applicability.SAFE)
        message = f"{instruction.word.text} goes on below this empty line; remove the line"
        yield META.finding(Span(blank[0].start, blank[0].start), message, fix=fix)


def _blank(instruction: Instruction, document: Document) -> Iterator[Span]:
    """The empty lines of an instruction, their newlines included; bodies of here-documents are text."""
    source = document.source
    bodies = instruction.heredocs[:1]
    end = source.line_of(bodies[0].body.start) - 1 if bodies else instruction.end_line
    starts = source.line_starts
    data = document.data
    for line in range(instruction.start_line + 1, end + 1):
        first, behind = starts[line - 1], starts[line] if line < len(starts) else len(data)
        if _INK.search(data, first, behind):
            continue
        span = Span(first, behind)
        text = source.text(span)
        if not text.strip() and not any(char in _TEXT for char in text):
            yield span
