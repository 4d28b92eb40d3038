"""Whole source tree copied before dependencies are installed.

## What it does
Reports a COPY or ADD of the whole build context, or of a whole folder of sources, before a RUN that installs what a
file in it asks for: `pip install -r`, `uv pip install -r`, `uv sync --no-install-project`, `poetry install --no-root`,
`npm ci`, `yarn install`, `pnpm install`, `conda env create -f`, `go mod download`, `bundle install`; or, of the whole context,
directly before a RUN that installs packages by name and reads nothing of it.

An installation that builds the tree itself (`pip install .`, `-e .`, `poetry install`, `setup.py`) is left alone, and so
is one of a file that a command made or changed. Where the build context is there, the
requirement files are read: one that names a folder of the tree, or no package at all, is left alone, and those that it names are
to be copied with it. The rule looks at every stage that is built: a cache that never
hits costs as much in a builder.

## Why is this bad
The build cache compares the files that a COPY takes. Any change to any of them makes BuildKit run everything after it
again: one changed line downloads and installs all dependencies anew, which for `torch` is gigabytes at every
push.

## Bad
```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
CMD ["python", "main.py"]
```

## Good
```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "main.py"]
```

## Fix safety
Unsafe: a requirement file may name other files or folders of the tree, which are not there yet where it is
copied alone, where the build context is not there to be read; of a folder called `requirements`, all is copied. The fix
is offered for one requirement file, in a RUN behind the COPY that does nothing but install. Before packages that are installed by
name, the COPY moves below the RUN: unsafe, as a file of the tree may be meant to change what is installed.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Early,
    Facts,
    Finding,
    FixAvailability,
    RuleMeta,
    Severity,
    Stage,
    copied_late,
    early_copies,
)
from imgtool.rule import manifest_sources as sources

META = RuleMeta(
    "IMG205", "copy-before-install", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.SOMETIMES
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.built:
        for early in early_copies(facts, stage):
            yield META.finding(early.tree.span, _message(facts, early), fix=copied_late(facts, early))


def _message(facts: Facts, early: Early) -> str:
    what = " ".join(filter(None, (early.operation.manager, early.operation.verb)))
    line = facts.document.source.line_of(early.operation.command.span.start)
    repeats = f"any change in the tree repeats {what} of line {line}"
    if early.manifest is None:
        return f"{repeats}, which reads nothing of it; install first and copy then"
    alone = " and ".join(sources(facts, early.tree, early.manifest))
    return f"{repeats}; copy {alone} alone and install before the rest is copied"
