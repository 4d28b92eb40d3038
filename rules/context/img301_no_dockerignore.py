"""Context copied without a .dockerignore.

## What it does
Reports the first COPY or ADD of the whole build context, where no `.dockerignore` (nor `<Dockerfile>.dockerignore`)
keeps anything back; or else of a folder that holds what no image needs (`__pycache__`, virtual environments, …).
`COPY *` and `COPY src/*` count; `COPY *.py`, files by name and a COPY with `--exclude` do not. What is known to be
needless there is weighed, if its stage ships.

The build context is known where `--context` or the configuration names it, or where all sources exist in the
Dockerfile's folder or at the root of its repository. Where nobody names it and a folder above may be it as well, a
`.dockerignore` there silences the rule. From standard input nothing is known. A folder is information, the whole
context a warning.

## Why is this bad
`.git`, caches and old builds come along with the sources: they make the image bigger and the build slower, and every
commit or test run invalidates the layers below. A `.env` or a key comes along as silently; where one does,
IMG302 says so.

## Bad
```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY . .
CMD ["python", "main.py"]
```
```text file=main.py
print("hello")
```

## Good
```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY . .
CMD ["python", "main.py"]
```
```text file=main.py
print("hello")
```
```text file=.dockerignore
.git
.env*
**/__pycache__
**/.venv
```

A list of what is let in is shorter and safer than one of what is kept out:

```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY . .
CMD ["python", "main.py"]
```
```text file=main.py
print("hello")
```
```text file=.dockerignore
*
!main.py
!requirements.txt
!src
```

## Fix safety
Unsafe: less reaches the build, and a RUN may want what is left out. The fix writes a `.dockerignore` for what is in the
context: history, caches, environments, editors' settings, `node_modules` that the Dockerfile installs again, results of
CMake and Cargo, files of secrets. It leaves out nothing that the Dockerfile copies or mounts by name, and is offered where it is sure which folder the context is. Where there is a file meanwhile, it stays.

## References
<https://docs.docker.com/build/concepts/context/#dockerignore-files>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from imgtool.rule import (
    BuildContext,
    ContextFile,
    Document,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Ignore,
    RuleMeta,
    Severity,
)

from .._patterns import compiled
from ._kinds import interesting, needless, secret
from ._sources import Source, mounted, sources

META = RuleMeta(
    "IMG301", "no-dockerignore", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.SOMETIMES
)

_GIT = ".git"
_CODE = "__pycache__"
# (a folder of what is made, what its project has, what shows that it is made, the pattern)
_MADE = (
    ("node_modules", "package.json", "", "**/node_modules"),
    ("build", "CMakeLists.txt", "build/CMakeCache.txt", "build"),
    ("target", "Cargo.toml", "target/CACHEDIR.TAG", "target"),
)
# what makes node_modules again
_INSTALLS = rb"\b(?:npm|pnpm|yarn|bun)\b"
# less is not worth a figure
_LEAST = 1_000_000


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    context = facts.context
    if context is None or context.ignore_file is not None:
        return
    found = [source for source in sources(facts) if not source.excluded]
    whole = next((source for source in found if source.takes_all()), None)
    folder = (source for source in found if source.takes_folder(context) and source.path != _GIT)
    source = whole or next((source for source in folder if _needless(source, facts)), None)
    if source is None or any(other.ignore_file for other in facts.contexts):
        return
    complete = context.files().complete
    folders = _needless(source, facts)
    saving = folders.total() if complete and source.stage in facts.shipped else 0
    lines = _lines(source, context, facts)
    message = f"{_taken(source, folders)}, as there is no .dockerignore; write one" + (
        f" with {', '.join(lines)}" if lines else ""
    )
    yield META.finding(
        source.span,
        message,
        severity=Severity.WARNING if whole else Severity.INFO,
        saves_bytes=saving if saving >= _LEAST else None,
        fix=_fix(context, lines) if whole and complete and len(facts.contexts) == 1 else None,
    )


def _fix(context: BuildContext, lines: Sequence[str]) -> Fix | None:
    """A .dockerignore for what is there."""
    message = "Write a .dockerignore for what is in the context (unsafe: a RUN may want what it leaves out)"
    text = "".join(f"{line}\n" for line in lines)
    return Fix(message, (), creates=((str(context.root / ".dockerignore"), text),)) if lines else None


def _lines(source: Source, context: BuildContext, facts: Facts) -> list[str]:
    """Patterns for what no image needs, and for secrets, but for what the Dockerfile names."""
    files = _taken_files(source, context)
    found = (secret(file, context) for file in files if interesting(file))
    secrets = ["**/.env*", *(kind.pattern for kind in found if kind)]
    lines = dict.fromkeys([*_patterns(source, files, context, facts).values(), *secrets])
    named = _named(facts)
    return [line for line in lines if not _keeps_out(line, named)]


def _named(facts: Facts) -> list[str]:
    """The paths of the context that the Dockerfile copies and mounts by name."""
    return [source.path for source in chain(sources(facts), mounted(facts)) if not source.takes_all()]


def _keeps_out(line: str, paths: Iterable[str]) -> bool:
    ignore = Ignore.parse(f"{line}\n".encode())
    return any(ignore.matches(path) for path in paths)


def _patterns(
    source: Source, files: Sequence[ContextFile], context: BuildContext, facts: Facts
) -> dict[str, str]:
    """What keeps out folders that no image needs, by their names: those that are there, or will be."""
    found = {name: f"**/{name}" for name in filter(None, map(needless, files))}
    if source.takes_all() and (_GIT in found or context.holds(_GIT)):
        nested = any(needless(file) == _GIT and not file.path.startswith(".git/") for file in files)
        found = {_GIT: "**/.git" if nested else _GIT} | {k: v for k, v in found.items() if k != _GIT}
    if any(file.path.endswith(".py") for file in files):
        found.setdefault(_CODE, f"**/{_CODE}")
    for name, sign, made, pattern in _MADE:
        ours = [file.path for file in files if file.path.rpartition("/")[2] == sign]
        if any(pattern.startswith("**") or path == sign for path in ours) and _is_made(
            name, made, files, context, facts
        ):
            found[name] = pattern
    return found


def _is_made(name: str, sign: str, files: Iterable[ContextFile], context: BuildContext, facts: Facts) -> bool:
    """Whether a folder of that name is not there yet, or can be made again."""
    if sign:
        return not context.holds(name) or context.holds(sign)
    there = any(f"/{name}/" in f"/{file.path}" for file in files)
    return not there or compiled(_INSTALLS).search(facts.document.data) is not None


def _taken(source: Source, folders: Counter[str]) -> str:
    what = "the whole build context" if source.takes_all() else f"all of {source.text.rstrip('/*')}"
    among = f", {folders.total():,} bytes of {', '.join(sorted(folders))} with it" if folders else ""
    return f"{source.instruction.keyword} takes {what}{among}"


def _taken_files(source: Source, context: BuildContext) -> list[ContextFile]:
    takes = source.takes(context)
    return [file for file in context.files().files if takes(file.path)]


def _needless(source: Source, facts: Facts) -> Counter[str]:
    """Bytes of what no image needs, by the folder's name; nothing where another folder may be the context."""
    folders = Counter[str]()
    context = facts.context
    if context is None or len(facts.contexts) != 1:
        return folders
    files, named = _taken_files(source, context), _named(facts)
    patterns = _patterns(source, files, context, facts)
    kept_out = {name: line for name, line in patterns.items() if not _keeps_out(line, named)}
    for file in files:
        if name := _folder(file, kept_out):
            folders[name] += file.size
    return folders


def _folder(file: ContextFile, patterns: Mapping[str, str]) -> str | None:
    """The folder of those that it is in."""
    name = needless(file)
    if name in patterns:
        return name
    made = (name for name, *_ in _MADE if name in patterns)
    return next((n for n in made if _is_in(file.path, n, anywhere=patterns[n].startswith("**"))), None)


def _is_in(path: str, name: str, *, anywhere: bool) -> bool:
    return path.startswith(f"{name}/") or (anywhere and f"/{name}/" in path)
