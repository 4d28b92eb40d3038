"""Context copied without a .dockerignore.

## What it does
Reports the first COPY or ADD of the whole build context, where no `.dockerignore` (nor `<Dockerfile>.dockerignore`)
keeps anything back; or else of a folder that holds what no image needs (`__pycache__`, virtual environments, …), or
weights among sources. Of several such folders it reports the one with most bytes of both, in a stage that ships if
there is any, and names the others. `COPY *` and `COPY src/*` count; `COPY *.py`, files by name and a COPY with
`--exclude` do not. What is known to be needless there is weighed, if its stage ships. Weights and datasets from 1 MB on
are named and weighed with it, the largest first; after the fix, IMG302 reports them. Not those that the Dockerfile
copies by name or in a folder called after them (`models`, `data`, …), nor what has an ending in common with them. A
folder without sources is copied for its weights.

The build context is known where `--context` or the configuration names it, or where all sources exist in the
Dockerfile's folder or at the root of its repository. Where nobody names it and a folder above may be it as well, a
`.dockerignore` there silences the rule, and of folders nothing is weighed, as the one above may have another of that name;
the whole context is, since it comes along either way. From standard input nothing is known. Folders are information, unless
10 MB of weights and more ship with them; the whole context is a warning.

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
CMake and Cargo, files of secrets; and for what comes with its sources (`__pycache__` with Python's). Where there is
nothing of it, there is no fix. It leaves out no weights, which the image may need, and nothing that the Dockerfile copies
or mounts by name, and is offered where it is sure which folder the context is: `--context` says so. Where there is a file meanwhile, it stays.

## References
<https://docs.docker.com/build/concepts/context/#dockerignore-files>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    NamedTuple,
    RuleMeta,
    Severity,
    per_file,
    per_part,
)

from .._patterns import compiled
from ._kinds import (
    BIG,
    HISTORY,
    MADE,
    Made,
    Summary,
    endings,
    in_bytes,
    listed,
    secret,
    summary,
    weights,
)
from ._sources import Source, mounted, sources

META = RuleMeta(
    "IMG301", "no-dockerignore", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.SOMETIMES
)

_CODE = "__pycache__"
# what makes node_modules again
_INSTALLS = rb"\b(?:npm|pnpm|yarn|bun)\b"
# less is not worth a figure
_LEAST = 1_000_000


class _Taken(NamedTuple):
    """An operand with what it takes, and the patterns that keep out of it what no image needs, by the folders' names.

    ``folders`` are the bytes of these folders, ``models`` weights and datasets, the largest first; none where another
    folder may be the context, of which it takes something else.
    """

    source: Source
    files: Summary
    patterns: Mapping[str, str]
    folders: Counter[str]
    models: Sequence[ContextFile]

    @property
    def size(self) -> int:
        """Bytes of both."""
        return self.folders.total() + sum(file.size for file in self.models)


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    context = facts.context
    if context is None or context.ignore_file is not None:
        return
    found = [source for source in sources(facts) if not source.excluded]
    whole = next((source for source in found if source.takes_all()), None)
    told = [_taken(whole, context, facts)] if whole else _worth_a_word(found, context, facts)
    if not told or any(other.ignore_file for other in facts.contexts):
        return
    first, *others = told
    complete = context.files().complete
    shipped = [taken for taken in told if taken.source.stage in facts.shipped]
    saving = sum(taken.size for taken in shipped) if complete else 0
    big = sum(file.size for taken in shipped for file in taken.models) >= BIG
    lines = _lines(told, context, facts)
    advice = f"write one with {', '.join(lines)}" if lines else "write one"
    yield META.finding(
        first.source.span,
        f"{_words(first)}, as there is no .dockerignore; {advice}{_heavy(first)}{_more(others)}",
        severity=Severity.WARNING if whole or big else Severity.INFO,
        saves_bytes=saving if saving >= _LEAST else None,
        fix=_fix(context, lines) if whole and complete and len(facts.contexts) == 1 else None,
    )


def _worth_a_word(found: Sequence[Source], context: BuildContext, facts: Facts) -> list[_Taken]:
    """Folders with what no image needs, or weights among sources: what ships first, the largest first.

    A folder of weights alone is meant.
    """
    folders = [source for source in found if source.takes_folder(context) and source.path != HISTORY]
    folders.sort(key=lambda source: source.stage not in facts.shipped)
    # one that several stages copy counts once
    firsts = {source.folder: source for source in reversed(folders)}
    all_taken = (_taken(source, context, facts) for source in folders if firsts[source.folder] is source)
    told = [taken for taken in all_taken if taken.folders or (taken.models and taken.files.code)]
    return sorted(told, key=lambda taken: (taken.source.stage not in facts.shipped, -taken.size))


def _fix(context: BuildContext, lines: Sequence[str]) -> Fix | None:
    """A .dockerignore for what is there."""
    message = "Write a .dockerignore for what is in the context (unsafe: a RUN may want what it leaves out)"
    text = "".join(f"{line}\n" for line in lines)
    return Fix(message, (), creates=((str(context.root / ".dockerignore"), text),)) if lines else None


def _lines(told: Sequence[_Taken], context: BuildContext, facts: Facts) -> list[str]:
    """Patterns for what no image needs, and for secrets, but for what the Dockerfile names."""
    found = (secret(file, context) for taken in told for file in taken.files.interesting)
    secrets = [kind.pattern for kind in found if kind]
    lines = dict.fromkeys([*chain.from_iterable(taken.patterns.values() for taken in told), *secrets])
    return [line for line in lines if not _keeps_out(facts, line)]


@per_file
def _named(facts: Facts) -> list[str]:
    """The paths of the context that the Dockerfile copies and mounts by name."""
    return [source.path for source in _by_name(facts)]


def _by_name(facts: Facts) -> Iterator[Source]:
    return (source for source in chain(sources(facts), mounted(facts)) if not source.takes_all())


# each of many folders asks for the same few
@per_part
def _keeps_out(facts: Facts, line: str) -> bool:
    """Whether a pattern keeps out what the Dockerfile names."""
    paths = _named(facts)
    if not paths:
        return False
    ignore = Ignore.parse(f"{line}\n".encode())
    return any(ignore.matches(path) for path in paths)


def _taken(source: Source, context: BuildContext, facts: Facts) -> _Taken:
    files = summary(context.copied([source.text]))
    patterns = _patterns(source, files, context, facts)
    if not _is_sure(source, facts):
        return _Taken(source, files, patterns, Counter(), ())
    return _Taken(source, files, patterns, _needless(files, patterns, facts), _models(files, patterns, facts))


def _is_sure(source: Source, facts: Facts) -> bool:
    """Whether it takes what is in the context from whatever folder may be it: each folder above holds the whole of it."""
    context, *others = facts.contexts
    return not others or (
        source.takes_all() and all(context.root.is_relative_to(other.root) for other in others)
    )


def _patterns(source: Source, files: Summary, context: BuildContext, facts: Facts) -> dict[str, str]:
    """What keeps out folders that no image needs, by their names: those that are there, or will be."""
    found = {name: f"**/{name}" for name, *_ in files.folders if name}
    if source.takes_all() and (HISTORY in found or context.holds(HISTORY)):
        history = f"**/{HISTORY}" if files.nested_history else HISTORY
        found = {HISTORY: history} | {k: v for k, v in found.items() if k != HISTORY}
    if files.python:
        found.setdefault(_CODE, f"**/{_CODE}")
    for made in MADE:
        if made.name in files.signs and _is_made(made, files, context, facts):
            found[made.name] = made.pattern
    return found


def _is_made(made: Made, files: Summary, context: BuildContext, facts: Facts) -> bool:
    """Whether a folder of that name is not there yet, or can be made again."""
    if made.shows:
        return not context.holds(made.name) or context.holds(made.shows)
    there = any(made.name in folders for folders in files.folders)
    return not there or compiled(_INSTALLS).search(facts.document.data) is not None


def _words(taken: _Taken) -> str:
    source, folders = taken.source, taken.folders
    what = "the whole build context" if source.takes_all() else f"all of {source.text.rstrip('/*')}"
    among = f", {folders.total():,} bytes of {', '.join(sorted(folders))} with it" if folders else ""
    return f"{source.instruction.keyword} takes {what}{among}"


def _needless(files: Summary, patterns: Mapping[str, str], facts: Facts) -> Counter[str]:
    """Bytes of what no image needs, by the folder's name, but for what the Dockerfile names."""
    kept_out = {name for name, line in patterns.items() if not _keeps_out(facts, line)}
    folders = Counter[str]()
    for within, size in files.folders.items():
        name = next((name for name in within if name in kept_out), None)
        if name:
            folders[name] += size
    return folders


def _models(files: Summary, patterns: Mapping[str, str], facts: Facts) -> Sequence[ContextFile]:
    """Weights and datasets that are worth a word, the largest first, if a pattern for them keeps out none that is meant."""
    kept_out = Ignore.parse("\n".join(patterns.values()).encode())
    found = [file for file in files.interesting if weights(file) and not kept_out.matches(file.path)]
    if sum(file.size for file in found) < _LEAST:
        return ()
    named = _meant(facts)
    meant = endings(file for file in found if any(takes(file.path) for takes in named))
    return sorted(
        (file for file in found if meant.keys().isdisjoint(endings([file]))), key=lambda file: -file.size
    )


@per_file
def _meant(facts: Facts) -> Sequence[Callable[[str], bool]]:
    """What tells whether an operand takes a file that it names, or that is in a folder called after what it holds."""
    context = facts.contexts[0]
    found = _by_name(facts)
    return [s.takes(context) for s in found if s.means_weights(facts) or not s.takes_folder(context)]


def _heavy(taken: _Taken) -> str:
    if not taken.models:
        return ""
    names, patterns = listed(file.path for file in taken.models), endings(taken.models, taken.source.folder)
    return f"; it takes {names}, {in_bytes(taken.models)}, too: add {listed(patterns)}, or copy them by name"


def _more(others: Sequence[_Taken]) -> str:
    size, folders = sum(taken.size for taken in others), listed(taken.source.folder for taken in others)
    return f"; {size:,} bytes more of the kind come with {folders}" if size else ""
