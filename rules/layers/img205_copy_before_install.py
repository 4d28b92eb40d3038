"""Whole source tree copied before dependencies are installed.

## What it does
Reports a COPY or ADD of the whole build context, or of a whole folder of sources, before a RUN that installs what a
file in it asks for: `pip install -r`, `uv pip install -r`, `uv sync --no-install-project`, `poetry install --no-root`,
`npm ci`, `yarn install`, `pnpm install`, `conda env create -f`, `go mod download`, `bundle install`; or, of the whole context,
directly before a RUN that installs packages by name and reads nothing of it.

An installation that builds the tree itself (`pip install .`, `-e .`, `poetry install`, `setup.py`) is left alone, and so
is one of a file that a command made or changed. The rule looks at every stage that is built: a cache that never
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
copied alone; of a folder called `requirements`, all is copied. The fix is offered for one requirement file, in a RUN
behind the COPY that does nothing but install.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from imgtool.rule import (
    Arg,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    Operation,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    cut,
    regex,
)

from ._paths import located, path, position
from ._trees import Tree
from ._trees import trees as copied_trees

META = RuleMeta(
    "IMG205", "copy-before-install", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.SOMETIMES
)

# what a manager reads in its working directory: its manifest
_MANIFESTS = {
    "npm": "package.json",
    "yarn": "package.json",
    "pnpm": "package.json",
    "poetry": "pyproject.toml",
    "uv": "pyproject.toml",
    "go": "go.mod",
    "bundle": "Gemfile",
    "bundler": "Gemfile",
}
# without one of these the project itself is installed
_WITHOUT_PROJECT = frozenset(
    {"--no-root", "--no-install-project", "--no-install-workspace", "--no-install-local", "--only-deps"}
)
_REQUIREMENTS = regex(r"req(?:uirement)?s?", re.IGNORECASE)


# how many copies before an installation are looked at
_FOLLOWED = 50


class Manifest(NamedTuple):
    """The file that an installation reads: its path, its word if it is named."""

    path: str
    word: Arg | None
    operation: PackageOperation


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.built:
        return
    runs = {run.instruction: run for run in facts.runs(stage) if not run.onbuild}
    trees: list[Tree] = []
    touched = bytearray()
    unrelated: dict[Instruction, Finding] = {}
    for instruction in stage.instructions:
        trees += copied_trees(facts, instruction)
        run = runs.get(instruction)
        if run is None or not trees:
            continue
        found = _first(facts, run, trees, touched)
        if found is not None:
            tree, manifest = found
            yield _finding(facts, run, tree, manifest)
            # one finding a COPY
            trees = [t for t in trees if t.instruction is not tree.instruction]
            unrelated.pop(tree.instruction, None)
        elif not touched and trees[-1].whole and (operation := _unrelated(run)):
            unrelated[trees[-1].instruction] = _of_unrelated(facts, trees[-1], operation)
        touched += instruction.rest.data + b"\n"
    yield from unrelated.values()


def _first(facts: Facts, run: Run, trees: list[Tree], touched: bytearray) -> tuple[Tree, Manifest] | None:
    """The first installation of a RUN that reads nothing of a tree but a manifest, and that tree."""
    for manifest in _manifests(facts, run):
        tree = next((t for t in trees[: -_FOLLOWED - 1 : -1] if _is_below(manifest.path, t.path)), None)
        name = posixpath.basename(manifest.path)
        if tree is not None and name.encode() not in touched and not _needs_tree(run, manifest, name):
            return tree, manifest
    return None


# what commands beside an installation may do without the tree
_ALONGSIDE = frozenset(
    "rm mkdir echo set ln chmod chown ldconfig update-alternatives locale-gen apt-mark true groupadd useradd".split()
)


def _unrelated(run: Run) -> PackageOperation | None:
    """The installation in a RUN that installs packages from indexes by name and does nothing else."""
    node = run.instruction
    if node.json or not run.script.understood or node.flag("mount"):
        return None
    operations = {id(o.command): o for o in run.operations}
    for command in run.script.commands:
        operation = operations.get(id(command))
        if operation is None and (command.name not in _ALONGSIDE or command.redirects):
            return None
        if operation is not None and not _is_from_index(operation):
            return None
    installs = (o for o in run.operations if o.operation is Operation.INSTALL and o.packages)
    return next(installs, None)


_REFRESHES = frozenset({Operation.REFRESH, Operation.CLEAN, Operation.UPGRADE})


def _is_from_index(operation: PackageOperation) -> bool:
    if operation.operation in _REFRESHES:
        return True
    other = (
        operation.requirement_files
        or operation.constraint_files
        or operation.editable
        or operation.find_links
    )
    named = operation.packages and all(p.source == "index" for p in operation.packages)
    return bool(
        operation.operation is Operation.INSTALL
        and operation.ecosystem in ("deb", "rpm", "apk", "python", "conda")
        and operation.manager not in ("dpkg", "rpm")
        and operation.complete
        and named
        and not (other or operation.project or operation.targets)
    )


def _of_unrelated(facts: Facts, tree: Tree, operation: PackageOperation) -> Finding:
    what = " ".join(filter(None, (operation.manager, operation.verb)))
    line = facts.document.source.line_of(operation.command.span.start)
    message = f"any change in the tree repeats {what} of line {line}, which reads nothing of it; install first and copy then"
    return META.finding(tree.span, message)


def _is_below(place: str, folder: str) -> bool:
    return place.startswith(folder.rstrip("/") + "/")


# programs that may read or change files of the tree
_WORKS = frozenset(
    "sed git grep awk make cmake python python3 cp mv cat echo tee find bash sh touch chmod".split()
) | {""}


def _needs_tree(run: Run, manifest: Manifest, name: str) -> bool:
    """Whether the installation, or a command before it in its RUN, takes more than the manifest from the tree."""
    own = [o for o in run.operations if o.command.span.start <= manifest.operation.command.span.start]
    if any(o.editable or any(p.source in ("path", "file") for p in o.packages) for o in own):
        return True
    for command in run.script.commands:
        if command is manifest.operation.command:
            return False
        installs = any(o.command is command for o in own)
        if not installs and (command.name in _WORKS or any(name in arg.text for arg in command.args)):
            return True
    return False


def _manifests(facts: Facts, run: Run) -> Iterator[Manifest]:
    operations = {
        id(o.command): o for o in run.operations if o.operation in (Operation.INSTALL, Operation.DOWNLOAD)
    }
    for command, where in located(facts, run):
        operation = operations.get(id(command))
        if operation is None or not command.unconditional:
            continue
        for word in operation.requirement_files:
            place = path(facts, run, word, where)
            if place is not None and "://" not in word.text:
                yield Manifest(place, word, operation)
        if where is not None and _reads_project(operation):
            yield Manifest(posixpath.join(where, _MANIFESTS[operation.manager]), None, operation)


def _reads_project(operation: PackageOperation) -> bool:
    if operation.manager not in _MANIFESTS or operation.targets:
        return False
    if operation.manager in ("poetry", "uv"):
        return operation.project and operation.has(*_WITHOUT_PROJECT)
    if operation.manager in ("npm", "yarn", "pnpm"):
        return operation.project and not operation.packages
    return operation.operation is Operation.DOWNLOAD


def _finding(facts: Facts, run: Run, tree: Tree, manifest: Manifest) -> Finding:
    what = " ".join(filter(None, (manifest.operation.manager, manifest.operation.verb)))
    line = facts.document.source.line_of(manifest.operation.command.span.start)
    message = (
        f"any change in the tree repeats {what} of line {line}; "
        f"copy {_source(tree, manifest)} alone and install before the rest is copied"
    )
    return META.finding(tree.span, message, fix=_fix(facts, run, tree, manifest))


def _source(tree: Tree, manifest: Manifest) -> str:
    """Where the manifest is in the build context: the folder, where requirements have one and so may name others."""
    place = posixpath.normpath(
        posixpath.join(tree.source.strip("*"), posixpath.relpath(manifest.path, tree.path))
    )
    folder = posixpath.dirname(place)
    return folder if _REQUIREMENTS.fullmatch(posixpath.basename(folder)) else place


# commands that read nothing of the tree
_APART = frozenset({"cd", "set", "export", "rm", "conda", "mamba", "source", ".", "echo"})
_BETWEEN = frozenset({"WORKDIR", "ENV", "ARG", "LABEL", "EXPOSE"})


def _fix(facts: Facts, run: Run, tree: Tree, manifest: Manifest) -> Fix | None:
    """COPY of the manifest where the tree was copied, and the tree behind the RUN."""
    copy = tree.instruction
    body = run.stage.instructions
    between = body[position(body, copy) + 1 : position(body, run.instruction)]
    operations = {id(o.command) for o in run.operations if not o.editable}
    if (
        copy.keyword != "COPY"
        or (copy.json or copy.heredocs or len(copy.args) != 2 or copy.flag("exclude"))
        or any(i.keyword not in _BETWEEN for i in between)
        or any(c.name not in _APART and id(c) not in operations for c in run.script.commands)
        or not (tree.whole and manifest.word and manifest.word.literal)
        or len({f.text for o in run.operations for f in o.requirement_files}) != 1
    ):
        return None
    moved = any(i.keyword == "WORKDIR" for i in between) and not copy.words[1].text.startswith("/")
    if moved and tree.path.startswith("//"):
        return None
    return _moved(facts, run, tree, manifest, f"{tree.path}/" if moved else copy.words[1].text)


def _moved(facts: Facts, run: Run, tree: Tree, manifest: Manifest, target: str) -> Fix:
    document, copy = facts.document, tree.instruction
    source = _source(tree, manifest)
    is_file = posixpath.basename(source) == posixpath.basename(manifest.path)
    folder = posixpath.dirname(source) if is_file else source
    plain = not folder and (target == "." or target.endswith("/"))
    first = target if plain else posixpath.join(target, folder).rstrip("/") + "/"
    head = cut(document.data, Span(copy.span.start, copy.words[0].span.start))
    whole = f"{head}{tree.source} {target}"
    end = run.instruction.span.end
    # the instruction is replaced from its keyword on: no other fix may change what is moved
    edits = (
        Edit(copy.span.start, copy.words[1].span.end, f"{head}{source} {first}"),
        Edit(end, end, f"{document.source.newline}{whole}"),
    )
    return Fix(f"Copy {source} alone and the rest behind the RUN (unsafe: it may name other files)", edits)
