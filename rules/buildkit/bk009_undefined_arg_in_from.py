"""Variable in FROM that no ARG declares.

## What it does
Reports a variable in the image or the platform of FROM that no ARG before the first FROM declares, and that is none of
the builder's own (`BUILDPLATFORM`, `TARGETARCH`, …). BuildKit's check UndefinedArgInFrom.

## Why is this bad
It is empty, whatever `--build-arg` says: FROM sees neither ENV nor the ARGs of a stage.

## Bad
```dockerfile
ARG RELEASE=bookworm
FROM debian:${RELAESE:-bookworm}
```

## Good
```dockerfile
ARG RELEASE=bookworm
FROM debian:${RELEASE}
```

## References
<https://docs.docker.com/reference/build-checks/undefined-arg-in-from/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Span, Stage, WordError, expand, regex, suggest

from ._words import variable_spans

META = RuleMeta(
    "BK009",
    "undefined-arg-in-from",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("UndefinedArgInFrom",),
    needs=("$",),
)


# what a $ begins; empty where that is no name
_NAMES = regex(r"\$\{?([A-Za-z_]\w*|)")

# a hostile file may have thousands of names, each to be compared with thousands
_HINTS = 50


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    known = facts.global_state.values
    for text, place in _operands(stage):
        # letters of other scripts belong to names for the builder alone
        plain = text.isascii()
        if "$" not in text or (plain and not [name for name in _NAMES.findall(text) if name not in known]):
            continue
        try:
            unset = expand(text, known, facts.document.escape).unset
        except WordError:
            continue
        places = variable_spans(facts.document, place) if unset else {}
        for name in sorted(unset):
            span = places.get(name, place)
            hint = suggest(name, known) if stage.index < _HINTS and len(unset) < _HINTS else ""
            message = f"{name} is not declared by an ARG before the first FROM, and is empty here{hint}"
            yield META.finding(span, message)


def _operands(stage: Stage) -> Iterator[tuple[str, Span]]:
    yield stage.base, stage.base_span
    flag = stage.from_.flag("platform")
    if flag and flag.value:
        yield flag.value, flag.span
