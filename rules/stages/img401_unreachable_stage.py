"""Stage that nothing needs.

## What it does
Reports a stage that neither the last stage needs nor, with `--stage`, the one named there: by FROM, `COPY --from`,
`RUN --mount=from=` or an ONBUILD of either. Of stages that need each other only the one at the end is reported.

A stage that does nothing but FROM is information, any other a warning. Nothing is said of a stage with a name that
`docker build --target` may be meant to build:

- it is finished like an image (CMD, ENTRYPOINT) or an export (FROM scratch), or takes from other stages of the file;
- it is called after what targets are for (`test`, `dev`, `lint`, `docs`, `release`, …), or a comment names it as a
  target, such as `# docker build --target debug .`;
- a variable may choose it, as in `FROM base-${TARGETARCH}`;
- all of the file is FROM lines with names: a list of pinned images.

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

from .._patterns import compiled

META = RuleMeta("IMG401", "unreachable-stage", severity=Severity.WARNING, since="0.1.0")

_FINISHED = frozenset(("CMD", "ENTRYPOINT"))
_WORK = frozenset(("RUN", "COPY", "ADD"))
# what people build a target for
_PURPOSES = frozenset(
    """test tests testing unittest unit integration lint linter check checks format fmt validate verify coverage
    dev devel develop development devcontainer debug debugger shell docs doc ci bench benchmark release prod production
    export artifact artifacts output out binaries binary dist package wheel wheels deploy runtime run app server
    generate update vendor cross all full demo example examples""".split()
)
_WORDS = r"[a-z]+"
_WORD = r"[a-z0-9_.-]*[a-z0-9_]"


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    if len(facts.stages) < 2:
        return
    needs = _needs(facts)
    ends = _ends(facts, needs)
    targets = _targets(document) if any(stage.name for stage in ends) else frozenset()
    for stage in ends if not _only_pins(facts.stages) else ():
        if stage.name is None or not (stage.name in targets or _is_target(stage, needs)):
            yield _finding(stage, facts)


def _finding(stage: Stage, facts: Facts) -> Finding:
    asked = facts.options.stage
    by = (
        f"neither {asked} (--stage) nor the last stage needs it"
        if asked
        else "the last stage does not need it"
    )
    what = stage.name or "this stage"
    message = f"{what} is not built, as {by}; copy from it, or remove it"
    works = any((i.inner or i).keyword in _WORK for i in stage.instructions)
    severity = None if works or stage.name is None else Severity.INFO
    return META.finding(stage.base_span, message, severity=severity)


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
    head = stage.base.partition("$")[0]
    # of most no stage before is called like the beginning of an image's name, or there is none
    named = [(s.name, s) for s in facts.stages[: stage.index] if s.name and s.name.startswith(head)]
    if not named:
        return
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
    yield from (s for name, s in named if form.fullmatch(name))


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


def _is_target(stage: Stage, needs: _Needs) -> bool:
    """Whether it looks like something to build: an image, an export, made of other stages, or called so."""
    return (
        bool(needs[stage])
        or stage.base == "scratch"
        or any(instruction.keyword in _FINISHED for instruction in stage.instructions)
        or not _PURPOSES.isdisjoint(compiled(_WORDS).findall(stage.name or ""))
    )


def _only_pins(stages: Sequence[Stage]) -> bool:
    return all(stage.name and not stage.instructions for stage in stages)


def _targets(document: Document) -> frozenset[str]:
    """All words of comments about targets."""
    texts = (comment.text.lower() for comment in document.comments)
    return frozenset(word for text in texts if "target" in text for word in compiled(_WORD).findall(text))
