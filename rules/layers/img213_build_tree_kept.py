"""Source tree kept after it was built and installed.

## What it does
Reports a source tree, in a stage that ships, that a RUN clones or unpacks, builds and installs elsewhere (`make install`,
`ninja install`, `cmake --install`), and then leaves in its layer, where nothing later in the file names it. It also
reports `COPY --from` of a CUDA toolkit's folder, or of its `lib64`, from a devel image, and of static libraries by name
(`*.a`) from any stage: they and headers link programs, and run none. An image in which something is compiled, when it
is built or when it runs, may keep them.

Where a later RUN deletes the tree, IMG202 says so.

## Why is this bad
Objects, sources and static libraries outweigh what they become. Nothing reads them at run time.

## Bad
```dockerfile
FROM debian:bookworm
RUN git clone --depth 1 --branch v1.2.0 https://github.com/example/engine.git /tmp/engine \
    && cmake -S /tmp/engine -B /tmp/engine/build \
    && cd /tmp/engine/build && make install
```

## Good
```dockerfile
FROM debian:bookworm
RUN git clone --depth 1 --branch v1.2.0 https://github.com/example/engine.git /tmp/engine \
    && cmake -S /tmp/engine -B /tmp/engine/build \
    && cd /tmp/engine/build && make install \
    && rm -rf /tmp/engine
```

## Fix safety
Unsafe: the tree is gone from the image, and something that cannot be seen here may want it. There is none where the
tree's place is not plain, and for COPY.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Content,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Run,
    Severity,
    Stage,
    append_command,
    layers,
    per_file,
    regex,
    toolchain,
)

from ..accelerator._toolchain import When, signs
from ._copies import copies
from ._leftovers import Installed, leftover, may_be_left
from ._uses import last

META = RuleMeta(
    "IMG213",
    "build-tree-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("install", "/cuda", ".a ", ".a\t", '.a"'),
)

_TOOLKIT = regex(r"/usr/local/cuda(?:-[\d.]+)?(?:/(?:lib64|targets(?:/[\w-]+(?:/lib)?)?))?/?\Z")


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    seen: set[int] = set()
    for content in layers(facts).left if may_be_left(facts) else ():
        if not content.tree or content.command is None or id(content.command) in seen:
            continue
        run = next((run for run in facts.runs(stage) if run.instruction is content.instruction), None)
        if run is None:
            continue
        after = leftover(facts, run, content.path)
        if after is not None:
            seen.add(id(content.command))
            yield _finding(facts, content, run, after)
    for edge in copies(facts, stage).values():
        found = list(_copied(facts, stage, edge.instruction, edge.target))
        if found and not _compiles(facts):
            yield from found


def _finding(facts: Facts, content: Content, run: Run, after: Installed) -> Finding:
    words = content.command.args if content.command else ()
    word = next((w for w in words if w.text == content.source), None)
    span = word.span if word else run.instruction.word.span
    message = (
        f"{last(content.path)} stays in the image, sources and objects, after {after.command.name} has installed it; "
        "delete it in the same RUN, or build it in another stage"
    )
    return META.finding(span, message, fix=_fix(facts, content, run))


_PLAIN = regex(r"/[\w.+-]+/[\w./+-]+")


def _fix(facts: Facts, content: Content, run: Run) -> Fix | None:
    if not _PLAIN.fullmatch(content.path):
        return None
    edit = append_command(facts.document, run, f"rm -rf {content.path}")
    message = f"Delete {content.path} in the same RUN (unsafe: something else may want it)"
    return Fix(message, (edit,), Applicability.UNSAFE) if edit else None


def _copied(facts: Facts, stage: Stage, instruction: Instruction, source: Stage | None) -> Iterator[Finding]:
    if instruction.problem:
        return
    toolkit = source is not None and _has_toolkit(facts, stage, source)
    for word in instruction.words[:-1]:
        text = facts.expand(instruction, word.text)
        if text and text.endswith(".a"):
            message = f"{last(text)} links programs and runs none, and nothing is compiled here; leave it in the other stage"
            yield META.finding(word.span, message)
        elif text and toolkit and _TOOLKIT.match(text):
            message = f"{text} of a devel image holds static libraries and headers, which run nothing; copy the .so files that are needed, or use the runtime image"
            yield META.finding(word.span, message)


def _has_toolkit(facts: Facts, stage: Stage, source: Stage) -> bool:
    """Whether the other stage is on an image with a toolkit; not where this one's has one, as IMG212 says then."""
    own = facts.base(stage)
    if own is not None and own.accelerator is not None:
        return False
    base = facts.base(source)
    return base is not None and base.known and toolchain(base) is not None


@per_file
def _compiles(facts: Facts) -> bool:
    """Whether something is compiled in the image that ships: while it is built, or when it runs."""
    return any(sign.when is not When.UNKNOWN for sign in signs(facts))
