"""Suppression in a comment.

## What it does
Reports comments that silence the next instruction: `# hadolint ignore=`, `# imgtool ignore=` and `# check=skip=`.
Those that silence a stage or the file are left alone. The rule is off unless it is selected, for projects that keep
exceptions in the configuration alone.

## Why is this bad
An exception in a comment is made by whoever changes the file, and no review of the configuration sees it.

## Bad
```dockerfile
FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
```

## Good
```dockerfile
FROM debian:bookworm-slim
# the newest curl is wanted
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, regex

META = RuleMeta(
    "DL1001",
    "inline-suppression",
    severity=Severity.INFO,
    since="0.2.0",
    preview=True,
    needs=("hadolint", "imgtool", "check"),
)

# a word after the codes makes hadolint read none of it
_FORMS = regex(
    r"\s*(?:hadolint\s+ignore\s*=\s*[DLSC0-9]+(?:\s*,\s*[DLSC0-9]+)*\s*(?:#.*)?$"
    r"|imgtool\s+ignore\s*=|check\s*=\s*skip\s*=)"
)


def check(document: Document, _facts: Facts) -> Iterator[Finding]:
    directives = {directive.span.start for directive in document.directives}
    for comment in document.comments:
        if _FORMS.match(comment.text) and comment.span.start not in directives:
            yield META.finding(comment.span, "suppressions belong in the configuration, not in comments")
