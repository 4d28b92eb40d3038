"""Unknown code in a suppression.

## What it does
Reports a code in a suppression comment that no rule answers to, and a comment that is meant as a suppression and does
not have its form, such as `# imgtool: ignore=IMG101` or `# imgtool ignore IMG101`. In `# check=skip=`, names are
BuildKit's, in their case.

## Why is this bad
A misspelt code or comment silences nothing, and its author believes that it does.

## Bad
```dockerfile
# imgtool ignore=IMG1001
FROM debian:bookworm
```

## Good
```dockerfile
FROM debian:bookworm
```
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from imgtool.lint.dialects.model import Suppression
from imgtool.lint.dialects.own import misread
from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

META = RuleMeta("IMG003", "unknown-code", severity=Severity.WARNING, since="0.1.0")


def check(_document: Document, _facts: Facts) -> Iterator[Finding]:
    """Nothing: the runner, which knows all codes, calls :func:`unknown`."""
    return iter(())


def unknown(comments: Sequence[Suppression], known: Collection[str]) -> Iterator[Finding]:
    """A finding for every code that is not in ``known`` (lower case)."""
    from imgtool.lint.registry import is_shellcheck, suggestion  # noqa: PLC0415 - the registry loads this module

    for comment in comments:
        for code in comment.codes:
            if code.known is False:
                yield META.finding(code.span, f"no check is called {code.text}")
            elif (
                code.known is None
                and code.text.lower() not in known
                and not is_shellcheck(code.text, whole=True)
            ):
                yield META.finding(code.span, f"no rule is called {code.text}{suggestion(code.text)}")


def malformed(document: Document) -> Iterator[Finding]:
    """A finding for every comment that is meant as a suppression and is none."""
    for comment, form in misread(document):
        yield META.finding(comment.span, f"this comment silences nothing; the form is {form}")
