"""Stage that nothing needs.

## What it does
Reports a stage that neither the last stage needs nor, with `--stage`, the one named there: by FROM, `COPY --from`,
`RUN --mount=from=` or an ONBUILD of either. Of stages that need each other only the one at the end is reported.

A stage without a name is a warning. One with a name is information: `docker build --target` may be meant to build
it. Nothing is said of a stage that

- a variable may choose, as in `FROM base-${TARGETARCH}`;
- a comment names as a target, such as `# docker build --target debug .`;
- has a name in a file of targets: there, two or more of the stages left over are finished like an image (CMD,
  ENTRYPOINT) or an export (FROM scratch), or take from the other stages;
- has a name in a file of FROM lines alone, all of them with names: a list of pinned images.

## Why is this bad
BuildKit leaves it out without a word. Whoever wrote it believes that it is built: often a `COPY --from` is missing, or
two FROM lines were thought to add up to one image. The classic builder still builds it.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu24.04
COPY kernels.cu /src/
RUN nvcc -o /src/kernels /src/kernels.cu

FROM nvidia/cuda:12.6.3-base-ubuntu24.04
COPY serve.sh /usr/local/bin/
CMD ["serve.sh"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS build
COPY kernels.cu /src/
RUN nvcc -o /src/kernels /src/kernels.cu

FROM nvidia/cuda:12.6.3-base-ubuntu24.04
COPY --from=build /src/kernels /usr/local/bin/
COPY serve.sh /usr/local/bin/
CMD ["serve.sh"]
```

## References
<https://docs.docker.com/build/building/multi-stage/#differences-between-legacy-builder-and-buildkit>
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, Stage, variables

META = RuleMeta("IMG401", "unreachable-stage", severity=Severity.WARNING, since="0.1.0")

_FINISHED = frozenset(("CMD", "ENTRYPOINT"))
# so many stages left over that look finished are meant
_TARGETS = 2
_WORD = re.compile(r"[a-z0-9_.-]*[a-z0-9_]")


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    needs = _needs(facts)
    ends = _ends(facts, needs)
    named = [stage for stage in ends if stage.name]
    meant = bool(named) and (
        sum(_finished(stage, needs) for stage in named) >= _TARGETS or _only_pins(facts.stages)
    )
    targets = _targets(document) if named and not meant else frozenset()
    for stage in ends:
        if stage.name is None or not (meant or stage.name in targets):
            yield _finding(stage, facts)


def _finding(stage: Stage, facts: Facts) -> Finding:
    asked = facts.options.stage
    by = (
        f"neither {asked} (--stage) nor the last stage needs it"
        if asked
        else "the last stage does not need it"
    )
    if stage.name is None:
        message = f"this stage is not built, as {by}; take from it by name, or remove it"
        return META.finding(stage.base_span, message)
    message = f"{stage.name} is not built, as {by}, unless by --target {stage.name}"
    return META.finding(stage.base_span, message, severity=Severity.INFO)


_Needs = Mapping[Stage, Collection[Stage]]


def _needs(facts: Facts) -> _Needs:
    """What each stage needs, or may need where a variable chooses."""
    needs: dict[Stage, list[Stage]] = {stage: [] for stage in facts.stages}
    for edge in facts.graph.edges:
        if edge.target is not None:
            needs[edge.stage].append(edge.target)
    for stage in facts.stages:
        if "$" in stage.base:
            needs[stage] += _choices(stage, facts)
    return needs


def _choices(stage: Stage, facts: Facts) -> Iterator[Stage]:
    """The stages that FROM's operand may name, its variables being anything."""
    pieces, past = [], 0
    for variable in variables(stage.base, facts.document.escape):
        if variable.start >= past:
            pieces += [re.escape(stage.base[past : variable.start]), ".*"]
            past = variable.end
    pieces.append(re.escape(stage.base[past:]))
    # a variable alone mostly stands for an image: its default tells
    if pieces == ["", ".*", ""] and stage.reference and stage.parent is None:
        return
    form = re.compile("".join(pieces))
    yield from (s for s in facts.stages[: stage.index] if s.name and form.fullmatch(s.name))


def _ends(facts: Facts, needs: _Needs) -> list[Stage]:
    """The stages that no build without --target makes, and no other stage needs."""
    seen: set[Stage] = set()
    queue = [stage for stage in (facts.target, facts.graph.final) if stage]
    while queue:
        stage = queue.pop()
        if stage not in seen:
            seen.add(stage)
            queue += needs[stage]
    needed = {goal for goals in needs.values() for goal in goals}
    return [stage for stage in facts.stages if stage not in seen and stage not in needed]


def _finished(stage: Stage, needs: _Needs) -> bool:
    """Whether it looks like something to build: an image, an export, or made of other stages."""
    return (
        bool(needs[stage])
        or stage.base == "scratch"
        or any(instruction.keyword in _FINISHED for instruction in stage.instructions)
    )


def _only_pins(stages: Sequence[Stage]) -> bool:
    return all(stage.name and not stage.instructions for stage in stages)


def _targets(document: Document) -> frozenset[str]:
    """All words of comments about targets."""
    texts = (comment.text.lower() for comment in document.comments)
    return frozenset(word for text in texts if "target" in text for word in _WORD.findall(text))
