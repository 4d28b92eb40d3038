"""Several sources copied to one file.

## What it does
Reports a COPY or ADD of several sources whose target does not end in a slash, its variables replaced where they are known.
`.`, `..` and what ends in `/.` are folders, too.

## Why is this bad
Without the slash the target is a file: each source replaces the one before it, and BuildKit says nothing.

## Bad
```dockerfile
FROM debian:bookworm-slim
COPY serve.sh settings.ini /srv/app
```

## Good
```dockerfile
FROM debian:bookworm-slim
COPY serve.sh settings.ini /srv/app/
```

## Fix safety
Unsafe: the files are then in a folder of that name.
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
    Word,
)

from ._acting import acting

META = RuleMeta(
    "DL3021",
    "copy-of-several-to-a-file",
    severity=Severity.ERROR,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("copy", "add"),
    on=("COPY", "ADD", "ONBUILD"),
)


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = acting(instruction, "COPY", "ADD")
    if node is None or len(node.args) < 3:
        return
    word = node.words[-1]
    target = facts.expand(instruction, word.text)
    if target and target[-1] not in "/\\" and target.rpartition("/")[2] not in (".", ".."):
        message = f"{target} is a file, which each source replaces; end it with a slash to copy into a folder"
        yield META.finding(word.span, message, fix=None if node.json else _fix(word))


def _fix(word: Word) -> Fix | None:
    if word.text.strip("\"'") != word.text or "$" in word.text:
        return None
    edit = Edit(word.span.end, word.span.end, "/")
    return Fix(
        "Copy into a folder (unsafe: what was one file becomes a folder)", (edit,), Applicability.UNSAFE
    )
