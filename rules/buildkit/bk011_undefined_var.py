"""Variable that is not set.

## What it does
Reports a variable that nothing sets before it is expanded in ADD, COPY, ENV, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR,
the default of an ARG, or a `RUN --mount`; also one with a default of its own (`${NAME:-x}`), and one that the same ENV
sets. The text of RUN, CMD and ENTRYPOINT is the shell's. BuildKit's check UndefinedVar.

What a base image sets is known of many. Where it is not, only what no base image sets, or what the file shows to be a
mistake, is reported: a variable that the builder alone defines (`TARGETARCH`), one that an ARG before the first FROM,
another stage or a later line sets, and one that the same ENV sets.

## Why is this bad
It is empty, and the build goes on.

## Bad
```dockerfile
ARG VERSION=1.0
FROM debian:bookworm
COPY app-${VERSION}.tar /opt/
```

## Good
```dockerfile
ARG VERSION=1.0
FROM debian:bookworm
ARG VERSION
COPY app-${VERSION}.tar /opt/
```

## References
<https://docs.docker.com/reference/build-checks/undefined-var/>
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imgtool.rule import (
    Facts,
    Finding,
    Instruction,
    RuleMeta,
    Severity,
    Span,
    Stage,
    State,
    WordError,
    expand,
    expand_content,
    inherited_names,
    suggest,
)

from ._words import Expanded, expanded, pairs, variable_span

META = RuleMeta(
    "BK011",
    "undefined-var",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("UndefinedVar", "DL3044"),
    needs=("$",),
)

_NAMES_OF_BUILDKIT = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for node, state in zip(stage.instructions, facts.states(stage), strict=False):
        if node.problem or b"$" not in facts.document.data[node.span.start : node.span.end]:
            continue
        own = {name for name, _, _ in pairs(node)} if node.keyword == "ENV" else frozenset[str]()
        for name, place in _unset(node, state, facts):
            if state.closed or name in own or _surely(name, facts):
                hint = suggest(name, state.values)
                why = "the same ENV sets it" if name in own else f"nothing sets it here{hint}"
                aliases = META.aliases if name in own else META.aliases[:1]
                span = variable_span(facts.document, place, name)
                yield META.finding(span, f"{name} is empty here, as {why}", aliases=aliases)


def _unset(node: Instruction, state: State, facts: Facts) -> Iterator[tuple[str, Span]]:
    if node.keyword == "ARG":
        yield from _defaults(node, state.values, facts)
        return
    for piece in expanded(node):
        for name in _names(piece, state.values, facts):
            yield name, piece.span


def _defaults(
    node: Instruction, values: Mapping[str, str | None], facts: Facts
) -> Iterator[tuple[str, Span]]:
    """Of ARG, whose words see what the words before them set."""
    declared: set[str] = set()
    for word, (name, _, whole) in zip(node.words, pairs(node), strict=True):
        # a default that --build-arg replaces is not expanded
        if name not in facts.options.build_args:
            piece = Expanded(word.text.partition("=")[2], whole)
            yield from ((n, whole) for n in _names(piece, values, facts) if n not in declared)
        declared.add(name)


def _names(piece: Expanded, values: Mapping[str, str | None], facts: Facts) -> list[str]:
    if "$" not in piece.text:
        return []
    try:
        if piece.content:
            found = expand_content(piece.text, values)
        else:
            found = expand(piece.text, values, facts.document.escape)
    except WordError:
        return []
    return sorted(found.unset - _NAMES_OF_BUILDKIT)


def _surely(name: str, facts: Facts) -> bool:
    """Whether no base image is meant to set it: the builder's own, or one that the file sets elsewhere."""
    return (
        name in facts.global_state.values or name in _set_somewhere(facts)
    ) and name not in inherited_names()


def _set_somewhere(facts: Facts) -> frozenset[str]:
    nodes = (i for s in facts.stages for i in s.instructions if i.keyword in ("ARG", "ENV") and not i.problem)
    return frozenset(name for node in nodes for name, _, _ in pairs(node))
