"""Archive that is copied and then unpacked.

## What it does
Reports a COPY from the build context of a tar archive, plain or compressed with gzip, bzip2 or xz, that a later RUN of the
stage unpacks with `tar`, dash or not. Left alone where `tar` changes names (`--strip-components`, `--transform`).

## Why is this bad
The archive stays in the layer of the COPY, whatever becomes of it later. `ADD` unpacks local archives by itself and
leaves no copy.

## Bad
```dockerfile
FROM debian:bookworm
COPY app.tar.gz /opt/
RUN tar -xzf /opt/app.tar.gz -C /opt
```

## Good
```dockerfile
FROM debian:bookworm
ADD app.tar.gz /opt/
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Command, Facts, Finding, Instruction, RuleMeta, Severity, Stage, copy_source

from ._found import at, called, listed

META = RuleMeta(
    "DL3010", "archive-copied-then-unpacked", severity=Severity.INFO, since="0.2.0", needs=("tar", ".t")
)

# what ADD unpacks, by the usual endings
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tb2", ".tar.xz", ".txz")
_TAR = frozenset({"tar", "bsdtar", "gtar"})
_RENAMES = ("--strip", "--transform", "--xform")


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for instruction in stage.instructions:
        if instruction.keyword == "COPY" and not instruction.problem and copy_source(instruction) is None:
            yield from _copied(stage, facts, instruction)


def _copied(stage: Stage, facts: Facts, copy: Instruction) -> Iterator[Finding]:
    unpacked = _unpacked(stage, facts, copy) if any(map(_is_archive, copy.args)) else frozenset()
    for text, word in zip(copy.args[:-1], copy.words, strict=False):
        # one source may get another name
        names = {_base(text)} | ({_base(copy.args[-1])} if len(copy.args) == 2 else set())
        found = sorted(name for name in names & unpacked if _is_archive(name))
        message = f"ADD unpacks {listed(found or [text])} by itself and leaves no archive in a layer"
        yield from at(META, (word.span,) if found else (), message)


def _unpacked(stage: Stage, facts: Facts, copy: Instruction) -> frozenset[str]:
    """The names of files that later RUNs give to tar for unpacking."""
    return frozenset(
        _base(word.text)
        for run in facts.runs(stage)
        if run.instruction.span.start > copy.span.start and not run.onbuild
        for command in called(run, _TAR)
        if _extracts(command)
        for word in command.args
    )


def _extracts(command: Command) -> bool:
    words = [word.text for word in command.args]
    if any(word.startswith(_RENAMES) for word in words):
        return False
    # the letters of the first word need no dash
    letters = "".join(w for n, w in enumerate(words) if w[:2] != "--" and (w[:1] == "-" or n == 0))
    return "x" in letters or "--extract" in words or "--get" in words


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ARCHIVES)


def _base(path: str) -> str:
    return path.strip("\"'").rstrip("/").rpartition("/")[2]
