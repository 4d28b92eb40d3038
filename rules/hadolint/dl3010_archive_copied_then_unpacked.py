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

from collections.abc import Iterator, Mapping

from imgtool.rule import Command, Facts, Finding, Instruction, RuleMeta, Severity, Stage, copy_source

from ._found import called, listed

META = RuleMeta(
    "DL3010", "archive-copied-then-unpacked", severity=Severity.INFO, since="0.2.0", needs=("tar", ".t")
)

# what ADD unpacks, by the usual endings
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tb2", ".tar.xz", ".txz")
_TAR = frozenset({"tar", "bsdtar", "gtar"})
_RENAMES = ("--strip", "--transform", "--xform")


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    copies = [
        instruction
        for instruction in stage.instructions
        if instruction.keyword == "COPY"
        and not instruction.problem
        and any(map(_is_archive, instruction.args))
    ]
    unpacked = _unpacked(stage, facts) if copies else {}
    for copy in copies:
        if copy_source(copy) is None:
            yield from _copied(copy, unpacked)


def _copied(copy: Instruction, unpacked: Mapping[str, int]) -> Iterator[Finding]:
    for text, word in zip(copy.args[:-1], copy.words, strict=False):
        # one source may get another name
        names = {_base(text), *((_base(copy.args[-1]),) if len(copy.args) == 2 else ())}
        if any(_is_archive(name) and unpacked.get(name, -1) > copy.span.start for name in names):
            message = f"ADD unpacks {listed([text])} by itself and leaves no archive in a layer"
            yield META.finding(word.span, message)


def _unpacked(stage: Stage, facts: Facts) -> dict[str, int]:
    """The names of files that RUNs give to tar for unpacking, and where the last one does."""
    return {
        _base(word.text): run.instruction.span.start
        for run in facts.runs(stage)
        if not run.onbuild
        for command in called(run, _TAR)
        if _extracts(command)
        for word in command.args
    }


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
