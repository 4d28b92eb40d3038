"""FROM and AS in different case.

## What it does
Reports an `as` that is not written like its `FROM`: both in upper case or both in lower case. A FROM of mixed case is
left to BK004. BuildKit's check FromAsCasing.

## Why is this bad
It does no harm but to the eye.

## Bad
```dockerfile
FROM debian:bookworm as build
```

## Good
```dockerfile
FROM debian:bookworm AS build
```

## Fix safety
Safe: the builder takes the keyword in any case.

## References
<https://docs.docker.com/reference/build-checks/from-as-casing/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Applicability, Edit, Facts, Finding, Fix, FixAvailability, RuleMeta, Severity, Stage

from ._stages import keyword_as

META = RuleMeta(
    "BK002",
    "from-as-casing",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    aliases=("FromAsCasing",),
)


def check(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    word, from_ = keyword_as(stage), stage.from_.word.text
    if word is None or from_ not in ("from", "FROM"):
        return
    wanted = word.text.lower() if from_ == "from" else word.text.upper()
    if word.text != wanted:
        fix = Fix(f"Write {wanted}", (Edit(word.span.start, word.span.end, wanted),), Applicability.SAFE)
        yield META.finding(
            word.span, f"'{word.text}' and '{from_}' are in different case; write '{wanted}'", fix=fix
        )
