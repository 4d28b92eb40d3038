"""Artefact for another architecture.

## What it does
Reports installers, wheels, packages and archives whose file name says another architecture than their stage has
(`Ascend-cann-toolkit_8.0.0_linux-x86_64.run` in a `linux/arm64` stage). The stage's is told by `FROM --platform`, by
the name or the tag of the base image, or, failing those, by the other artefacts of the stage. In a stage that asks
for its platform (`TARGETARCH`, `TARGETPLATFORM`) and so is built for several, one name written out is a warning.

Commands in `if` and `case`, names with variables, files that name both architectures and stages on the build
platform are left alone, and so is a stage whose build ends by itself on the other architecture (`arm64) exit 1`).

## Why is this bad
The build ends with `cannot execute binary file: Exec format error`, or worse: pip and dpkg refuse, an installer
unpacks files that nothing can load, and the image fails on the other machine only.

## Bad
```dockerfile
FROM --platform=linux/arm64 ubuntu:22.04
RUN --mount=type=bind,source=packages,target=/packages \
    /packages/Ascend-cann-toolkit_8.0.0_linux-x86_64.run --quiet --install --install-for-all
```

## Good
```dockerfile
FROM ubuntu:22.04
RUN --mount=type=bind,source=packages,target=/packages \
    /packages/Ascend-cann-toolkit_8.0.0_linux-"$(uname -m)".run --quiet --install --install-for-all
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Finding,
    NamedTuple,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    Text,
    copy_source,
    regex,
)

META = RuleMeta(
    "IMG114",
    "wrong-arch-artefact",
    severity=Severity.ERROR,
    since="0.2.0",
    needs=("x86", "amd64", "arm64", "aarch64"),
)

_ARCH = regex(r"(?<![a-z0-9])(x86[_-]64|amd64|aarch64|arm64(?:v8)?)(?![a-z0-9])", re.IGNORECASE)
# part of every name
_IN_ALL = "64"
_NAMED = (b"x86_64", b"x86-64", b"amd64", b"aarch64", b"arm64")
_NAMES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "arm64v8": "arm64"}
_SUFFIXES = (".run", ".whl", ".deb", ".rpm", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip", ".sh")
_BRANCHES = frozenset({"if", "else", "case"})
_ASKS = (b"TARGETARCH", b"TARGETPLATFORM")
# an arm of a case that ends the build
_REFUSED = regex(r"([^\s()|;]{1,40})\)\s{0,99}(?:(?:echo|printf)\s[^;]{0,200};\s{0,99})?exit\s+[1-9]")
# these name a file and need not run it
_SPEAKS = frozenset({"rm", "echo", "printf", "case", "test", "["})


class Artefact(NamedTuple):
    """A file by its name, its architecture, and where it is named."""

    name: str
    arch: str
    span: Span


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    flag = stage.from_.flag_value("platform") or ""
    if stage not in facts.built or "$" in flag:
        return
    found = list(_artefacts(stage, facts))
    told = _arch_of(flag) or _arch_of(stage.root.reference or "") if found else None
    if told is not None:
        for artefact in _first_of_each(a for a in found if a.arch != told):
            yield META.finding(
                artefact.span,
                f"{artefact.name} is for {artefact.arch}, and this stage is {told}; take the file for {told}",
            )
        return
    kinds = {artefact.arch for artefact in found}
    if len(kinds) > 1:
        yield from _mixed(found)
    elif kinds and _asks(stage, facts) and not _refuses_others(stage, facts, found[0].arch):
        yield from _alone(found)


def _mixed(found: list[Artefact]) -> Iterator[Finding]:
    first = found[0]
    for artefact in _first_of_each(a for a in found if a.arch != first.arch):
        yield META.finding(
            artefact.span,
            f"{artefact.name} is for {artefact.arch}, and {first.name} for {first.arch}; take both for one of them",
        )


def _alone(found: list[Artefact]) -> Iterator[Finding]:
    for artefact in _first_of_each(found):
        yield META.finding(
            artefact.span,
            f"{artefact.name} is for {artefact.arch} alone, and this stage asks for its architecture; "
            "choose the file by it",
            severity=Severity.WARNING,
        )


def _first_of_each(artefacts: Iterator[Artefact] | list[Artefact]) -> list[Artefact]:
    """One place for each file, however often it is named."""
    return list({artefact.name: artefact for artefact in reversed(list(artefacts))}.values())[::-1]


def _arch_of(text: str) -> str | None:
    kinds = {_NAMES.get(name.lower(), name.lower()) for name in _ARCH.findall(text)}
    return kinds.pop() if len(kinds) == 1 else None


def _asks(stage: Stage, facts: Facts) -> bool:
    """Whether the stage asks which architecture it is built for."""
    end = stage.instructions[-1].span.end if stage.instructions else stage.from_.span.end
    text = facts.document.data[stage.from_.span.start : end]
    return any(word in text for word in _ASKS)


def _refuses_others(stage: Stage, facts: Facts, arch: str) -> bool:
    """Whether the build ends where it is for any architecture but this: ``arm64) exit 1``, or ``*)`` after its own."""
    for link in stage.lineage():
        for run in facts.runs(link):
            text = str(run.script.text)
            for arm in _REFUSED.findall(text):
                named = _arch_of(text) if arm == "*" else _arch_of(arm)
                if named is not None and (named == arch) == (arm == "*"):
                    return True
    return False


def _artefacts(stage: Stage, facts: Facts) -> Iterator[Artefact]:
    for instruction in stage.instructions:
        if (
            instruction.keyword in ("COPY", "ADD")
            and not instruction.problem
            and _names_any(instruction.rest)
            and not copy_source(instruction)
        ):
            for word in instruction.words[:-1]:
                yield from _artefact(word.text, word.span)
    for run in facts.runs(stage):
        if _names_any(run.script.text):
            yield from _in_run(run)


def _in_run(run: Run) -> Iterator[Artefact]:
    for command in run.script.commands:
        if command.name not in _SPEAKS and _BRANCHES.isdisjoint(command.context):
            found = [a for arg in command.argv if _IN_ALL in arg.text for a in _artefact(arg.text, arg.span)]
            yield from found if found and not _guarded(run, command.statement) else ()


def _names_any(text: Text) -> bool:
    """Whether an architecture can be named: most texts name none."""
    return b"64" in text.data and any(map(text.data.lower().__contains__, _NAMED))


def _guarded(run: Run, statement: Span) -> bool:
    """Whether a test decides about the list of commands: ``[ … ] && wget …``."""
    return any(c.statement == statement and c.name in ("[", "[[", "test") for c in run.script.commands)


def _artefact(text: str, span: Span) -> Iterator[Artefact]:
    name = text.partition("?")[0].partition("#")[0].rpartition("/")[2]
    arch = _arch_of(name) if "$" not in text and name.endswith(_SUFFIXES) else None
    if arch is not None:
        yield Artefact(name, arch, span)
