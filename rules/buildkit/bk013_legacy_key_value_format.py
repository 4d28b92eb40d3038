"""ENV or LABEL without an equals sign.

## What it does
Reports `ENV key value` and `LABEL key value`. BuildKit's check LegacyKeyValueFormat.

## Why is this bad
The form is deprecated. It takes one key alone, and all that follows belongs to its value: `ENV A 1 B=2` sets A to
`1 B=2`.

## Bad
```dockerfile
FROM debian:bookworm
ENV GREETING hello world
```

## Good
```dockerfile
FROM debian:bookworm
ENV GREETING="hello world"
```

## Fix safety
Safe: the value stays what it is, blanks, quotes and escapes included.

## References
<https://docs.docker.com/reference/build-checks/legacy-key-value-format/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
)

META = RuleMeta(
    "BK013",
    "legacy-key-value-format",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("LegacyKeyValueFormat",),
    on=("ENV", "LABEL"),
)

_BLANKS = b" \t\v\f\r"


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    if instruction.args[2:] == ("",) and not instruction.problem:
        key = instruction.words[0]
        message = f"{instruction.keyword} {key.text} without = is deprecated; write {key.text}=…"
        yield META.finding(key.span, message, fix=_fix(instruction, facts))


def _fix(node: Instruction, facts: Facts) -> Fix | None:
    key, value = node.words
    # a comment between the two would be lost
    if b"#" in facts.document.data[key.span.end : value.span.start]:
        return None
    equals = Edit(key.span.end, value.span.start, "=")
    quotes = _quotes(node, facts.document.escape.encode())
    return None if quotes is None else Fix("Write it with =", (equals, *quotes), Applicability.SAFE)


def _quotes(node: Instruction, escape: bytes) -> list[Edit] | None:
    """What keeps a value one word: quotes around it or, where it has some, an escape before each blank outside them.

    None where its quotes do not close.
    """
    text, place = node.rest, node.words[1].span
    first = len(text.data) - len(text.data.lstrip()) + len(text.data.split(None, 1)[0])
    first += len(text.data[first:]) - len(text.data[first:].lstrip(_BLANKS))
    value = text.data[first:]
    if b'"' not in value and b"'" not in value and escape not in value:
        blank = value.translate(None, _BLANKS) != value
        return [Edit(place.start, place.start, '"'), Edit(place.end, place.end, '"')] if blank else []
    blanks = _bare_blanks(value, escape)
    if blanks is None:
        return None
    places = (text.offset(first + index) for index in blanks)
    return [Edit(at, at, escape.decode()) for at in places]


def _bare_blanks(value: bytes, escape: bytes) -> list[int] | None:
    found: list[int] = []
    quote, at = b"", 0
    while at < len(value):
        char = value[at : at + 1]
        if char == escape and quote != b"'":
            at += 1
        elif quote:
            quote = b"" if char == quote else quote
        elif char in (b'"', b"'"):
            quote = char
        elif char in _BLANKS:
            found.append(at)
        at += 1
    return None if quote else found
