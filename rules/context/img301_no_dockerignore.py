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
context: history, caches, environments, editors' settings, files of secrets. It leaves out nothing that the Dockerfile
names, and is offered where it is sure which folder the context is. Where there is a file meanwhile, it stays.

## References
<https://docs.docker.com/build/concepts/context/#dockerignore-files>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

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
from ._sources import Source, sources

META = RuleMeta(
    "IMG301", "no-dockerignore", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.SOMETIMES
)

_GIT = ".git"
# (what a project has, what it wants to keep out)
_USUAL = (
    (r".*\.py", "**/__pycache__"),
    (r"(?:.*/)?package\.json", "**/node_modules"),
    (r"(?:.*/)?CMakeLists\.txt", "build"),
    (r"(?:.*/)?Cargo\.toml", "target"),
)


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
    files, folders = _taken_files(source, context), _needless(source, facts)
    complete = context.files().complete
    saving = folders.total() if complete and source.stage in facts.shipped else 0
    severity = Severity.WARNING if whole else Severity.INFO
    message = f"{_taken(source, folders)}, as there is no .dockerignore; write one with {_wanted(source, files, context)}"
    fix = _fix(context, facts) if whole and complete and len(facts.contexts) == 1 else None
    yield META.finding(source.span, message, severity=severity, saves_bytes=saving or None, fix=fix)


def _fix(context: BuildContext, facts: Facts) -> Fix | None:
    """A .dockerignore for what is there; it keeps nothing out that the Dockerfile names."""
    kept = [source for source in sources(facts) if not source.takes_all()]
    lines: list[str] = []
    for line in _lines(context):
        ignore = Ignore.parse(f"{line}\n".encode())
        if not any(ignore.matches(source.path) for source in kept):
            lines.append(line)
    message = "Write a .dockerignore for what is in the context (unsafe: a RUN may want what it leaves out)"
    text = "".join(f"{line}\n" for line in lines)
    return Fix(message, (), creates=((str(context.root / ".dockerignore"), text),)) if lines else None


def _lines(context: BuildContext) -> Iterator[str]:
    """Patterns for what no image needs, and for secrets."""
    files = context.files().files
    folders = dict.fromkeys(filter(None, map(needless, files)))
    if _GIT in folders or context.holds(_GIT):
        yield _GIT
    yield from (f"**/{name}" for name in folders if name != _GIT)
    if not any(name == "__pycache__" for name in folders) and any(
        file.path.endswith(".py") for file in files
    ):
        yield "**/__pycache__"
    found = (secret(file, context) for file in files if interesting(file))
    yield from dict.fromkeys(["**/.env*", *(kind.pattern for kind in found if kind)])


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
    if facts.context and len(facts.contexts) == 1:
        for file in _taken_files(source, facts.context):
            if name := needless(file):
                folders[name] += file.size
    return folders


def _wanted(source: Source, files: Iterable[ContextFile], context: BuildContext) -> str:
    paths = [file.path for file in files]
    usual = [wanted for sign, wanted in _USUAL if any(map(compiled(sign).fullmatch, paths))]
    history = source.takes_all() and context.holds(_GIT)
    return ", ".join([*([_GIT] if history else []), "**/.env*", *usual])
