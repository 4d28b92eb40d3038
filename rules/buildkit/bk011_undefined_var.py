"""Variable that is not set.

## What it does
Reports a variable that nothing sets before it is expanded in ADD, COPY, ENV, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR,
the default of an ARG, or a `RUN --mount`; also one with a default of its own (`${NAME:-x}`), and one that the same ENV
sets. The text of RUN, CMD and ENTRYPOINT is the shell's. BuildKit's check UndefinedVar.

What a base image sets is known of many. Where it is not, only what no base image sets, or what the file shows to be a
mistake, is reported: a variable that the builder alone defines (`TARGETARCH`), one that an ARG before the first FROM,
another stage or a later line sets, and one that the same ENV sets without extending it.

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

from collections.abc import Iterator, Mapping, Sequence

from imgtool.rule import (
    Document,
    Facts,
    Finding,
    Instruction,
    RuleMeta,
    Severity,
    Span,
    State,
    WordError,
    expand,
    expand_content,
    inherited_names,
    per_file,
    regex,
    suggest,
    variables,
)

from ._words import Expanded, expanded, pairs, variable_spans

META = RuleMeta(
    "BK011",
    "undefined-var",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("UndefinedVar", "DL3044"),
    needs=("$",),
)

_NAMES_OF_BUILDKIT = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})


# a hostile file may have thousands of names, each to be compared with thousands
_HINTS = 50


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    hints = 0
    for names, place, own, state in _empty(document, facts):
        told = [name for name in names if state.closed or name in own or _is_gone(name, facts)]
        places = variable_spans(document, place) if told else {}
        for name in told:
            span = places.get(name, place)
            if name in own:
                yield META.finding(
                    span, f"{name} is not yet what the same ENV sets it to; set it in an ENV before"
                )
                continue
            hint = suggest(name, state.values) if hints < _HINTS else ""
            hints += 1
            yield META.finding(
                span, f"nothing sets {name}, which is empty here{hint}", aliases=META.aliases[:1]
            )


def _is_gone(name: str, facts: Facts) -> bool:
    """Whether a variable that is not set here is so elsewhere, and in no base image."""
    return name not in inherited_names() and name in _set_somewhere(facts)


def _empty(document: Document, facts: Facts) -> Iterator[tuple[Sequence[str], Span, frozenset[str], State]]:
    """The variables that are not set where they are expanded, with the place, what the ENV sets, and the state there."""
    find = document.data.find
    for stage in facts.stages:
        known: set[bytes] = set()
        for node, state in zip(stage.instructions, facts.states(stage), strict=False):
            if node.keyword not in _EXPANDED or (node.keyword == "RUN" and not node.flags):
                continue
            start, end = node.span
            if find(b"$", start, end) < 0 or node.problem or _all_set(node, state, known):
                continue
            found = [(names, place) for names, place in _unset(node, state, facts) if names]
            # once for all words of an instruction, which may have thousands
            own = _own(node, document.escape) if found else frozenset()
            yield from ((names, place, own, state) for names, place in found)


_EXPANDED = frozenset("ENV LABEL ARG ADD COPY RUN STOPSIGNAL USER VOLUME WORKDIR".split())
# what a $ begins, whatever stands around it; empty where that is no name
_NAMES = regex(rb"\$\{?([A-Za-z_]\w*|)")


def _all_set(node: Instruction, state: State, known: set[bytes]) -> bool:
    """Whether each name behind a $ is set, as in most files; ``known`` are those of the stage, which stay set."""
    flags = [flag for flag in node.flags if "$" in flag.raw] if node.flags else []
    if node.keyword == "RUN" or flags or node.heredocs or node.json:
        # of RUN, nothing but flags is expanded
        return node.keyword == "RUN" and not flags
    data = node.rest.data
    # letters of other scripts belong to names for the builder alone
    if not data.isascii():
        return False
    new = set(_NAMES.findall(data)) - known
    values = state.values
    for name in new:
        if name.decode() not in values:
            return False
    known |= new
    return True


def _own(node: Instruction, escape: str) -> frozenset[str]:
    """What an ENV sets, but for variables that it extends: those are taken to be there before."""
    if node.keyword != "ENV" or node.args[2:3] == ("",):
        return frozenset()
    words = {name: word.text for word, (name, _, _) in zip(node.words, pairs(node), strict=False)}
    return frozenset(
        name
        for name, text in words.items()
        if name != "PATH" and all(variable.name != name for variable in variables(text, escape))
    )


def _unset(node: Instruction, state: State, facts: Facts) -> Iterator[tuple[list[str], Span]]:
    if node.keyword == "ARG":
        yield from _defaults(node, state.values, facts)
        return
    for piece in expanded(node):
        yield _names(piece, state.values, facts), piece[1]


def _defaults(
    node: Instruction, values: Mapping[str, str | None], facts: Facts
) -> Iterator[tuple[list[str], Span]]:
    """Of ARG, whose words see what the words before them set."""
    declared: set[str] = set()
    for word, (name, _, whole) in zip(node.words, pairs(node), strict=True):
        # a default that --build-arg replaces is not expanded
        if name not in facts.options.build_args:
            piece = (word.text.partition("=")[2], whole, False)
            yield [n for n in _names(piece, values, facts) if n not in declared], whole
        declared.add(name)


def _names(piece: Expanded, values: Mapping[str, str | None], facts: Facts) -> list[str]:
    text, _, content = piece
    if "$" not in text:
        return []
    try:
        found = expand_content(text, values) if content else expand(text, values, facts.document.escape)
    except WordError:
        return []
    return sorted(found.unset - _NAMES_OF_BUILDKIT)


@per_file
def _set_somewhere(facts: Facts) -> frozenset[str]:
    nodes = (i for s in facts.stages for i in s.instructions if i.keyword in ("ARG", "ENV") and not i.problem)
    return frozenset(facts.global_state.values).union(name for node in nodes for name, _, _ in pairs(node))
