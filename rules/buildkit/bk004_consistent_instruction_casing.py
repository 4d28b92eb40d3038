"""Instruction in another case than most.

## What it does
Reports an instruction whose keyword is not in upper case; in a file that has more keywords in lower case than in upper
case, one that is not in lower case. ARG before the first FROM and what follows ONBUILD are not looked at. BuildKit's check
ConsistentInstructionCasing.

## Why is this bad
Keywords of one case tell instructions from arguments at a glance.

## Bad
```dockerfile
FROM debian:bookworm
run make
Env A=1
CMD ["true"]
```

## Good
```dockerfile
FROM debian:bookworm
RUN make
ENV A=1
CMD ["true"]
```

## Fix safety
Safe: the builder takes keywords in any case.

## References
<https://docs.docker.com/reference/build-checks/consistent-instruction-casing/>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    Word,
)

META = RuleMeta(
    "BK004",
    "consistent-instruction-casing",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    aliases=("ConsistentInstructionCasing",),
)

_KEYWORDS = frozenset(
    "FROM RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD SHELL HEALTHCHECK STOPSIGNAL"
    " MAINTAINER".split()
)


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    if not [node for node in document.instructions if node.word.text != node.keyword]:
        return
    nodes = [n for s in facts.stages for n in (s.from_, *s.instructions) if n.keyword in _KEYWORDS]
    lower = _mostly_lower(nodes)
    for node in nodes:
        wanted = node.keyword.lower() if lower else node.keyword
        if node.word.text != wanted:
            message = f"{node.word.text} is in another case than most instructions; write {wanted}"
            fix = Fix(f"Write {wanted}", tuple(_edits(node, lower=lower)), Applicability.SAFE)
            yield META.finding(node.word.span, message, fix=fix)


def _mostly_lower(nodes: Sequence[Instruction]) -> bool:
    lower = sum(node.word.text == node.keyword.lower() for node in nodes)
    upper = sum(node.word.text == node.keyword for node in nodes)
    return lower > upper


def _edits(node: Instruction, *, lower: bool) -> Iterator[Edit]:
    yield _recased(node.word, lower=lower)
    # an AS that agrees with its FROM goes with it
    if node.keyword == "FROM" and len(node.words) == 3 and _case(node.words[1]) == _case(node.word):
        yield _recased(node.words[1], lower=lower)


def _case(word: Word) -> str:
    return "upper" if word.text.isupper() else "lower" if word.text.islower() else "mixed"


def _recased(word: Word, *, lower: bool) -> Edit:
    return Edit(word.span.start, word.span.end, word.text.lower() if lower else word.text.upper())
