"""Unused suppression.

## What it does
Reports a code in a suppression comment that silenced nothing, where its rule ran. Of BuildKit's `# check=skip=`, the
checks that see more on an engine (UndefinedVar, CopyIgnoredFile and others) are left alone, and so is `all`.

## Why is this bad
The defect is gone, the comment stays, and one day it hides a new one.

## Bad
```dockerfile
FROM debian:bookworm
# imgtool ignore=IMG101 we need nvcc at run time
CMD ["true"]
```

## Good
```dockerfile
FROM debian:bookworm
CMD ["true"]
```

## Fix safety
Safe: only a comment changes. Unsafe for a comment of hadolint's or BuildKit's, which may find there what imgtool does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from imgtool.edits import Edit
from imgtool.lint.dialects.model import Code, Suppression
from imgtool.rule import (
    Applicability,
    Document,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Severity,
)

META = RuleMeta(
    "IMG002", "unused-suppression", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.ALWAYS
)


def check(_document: Document, _facts: Facts) -> Iterator[Finding]:
    """Nothing: which codes are used is known only after all rules ran; the runner calls :func:`unused`."""
    return iter(())


def unused(comments: Sequence[Suppression], codes: Collection[Code]) -> Iterator[Finding]:
    """A finding for every code of ``codes``, each with a fix that takes it out of its comment."""
    for comment in comments:
        for code in comment.codes:
            if code in codes:
                fix = _fix(comment, _removal(comment, codes, code))
                yield META.finding(code.span, f"{code.text} silences nothing here; remove it", fix=fix)


def _fix(comment: Suppression, removal: Edit) -> Fix:
    if not comment.tool:
        return Fix("Remove it", (removal,), Applicability.SAFE)
    return Fix(
        f"Remove it ({comment.tool} may still find what it silences)", (removal,), Applicability.UNSAFE
    )


def _removal(comment: Suppression, codes: Collection[Code], code: Code) -> Edit:
    if all(c in codes for c in comment.codes):
        return Edit(comment.whole.start, comment.whole.end, "")
    position = comment.codes.index(code)
    if position:
        return Edit(comment.codes[position - 1].span.end, code.span.end, "")
    return Edit(code.span.start, comment.codes[1].span.start, "")
