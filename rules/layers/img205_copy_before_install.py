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

import posixpath
import re
from collections.abc import Iterator, Sequence
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
    Tree,
    cut,
    located,
    path,
    position,
    regex,
    remove_instruction,
    trees,
)

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


class Read(NamedTuple):
    """What requirement files of the build context say: whether they name packages, whether folders, and one another."""

    packages: bool = False
    folders: bool = False
    files: tuple[str, ...] = ()


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.built:
        return
    runs = {run.instruction: run for run in facts.runs(stage) if not run.onbuild}
    held: list[Tree] = []
    touched = bytearray()
    unrelated: dict[Instruction, Finding] = {}
    for instruction in stage.instructions:
        held += trees(facts, instruction)
        run = runs.get(instruction)
        if run is None or not held:
            continue
        found = _first(facts, run, held, touched)
        if found is not None:
            tree, manifest = found
            yield _finding(facts, run, tree, manifest)
            # one finding a COPY
            held = [t for t in held if t.instruction is not tree.instruction]
            unrelated.pop(tree.instruction, None)
        elif not touched and held[-1].whole and (operation := _unrelated(run)):
            unrelated[held[-1].instruction] = _of_unrelated(facts, run, held[-1], operation)
        touched += instruction.rest.data + b"\n"
    yield from unrelated.values()


def _first(facts: Facts, run: Run, trees: list[Tree], touched: bytearray) -> tuple[Tree, Manifest] | None:
    """The first installation of a RUN that reads nothing of a tree but a manifest, and that tree."""
    for manifest in _manifests(facts, run):
        tree = next((t for t in trees[: -_FOLLOWED - 1 : -1] if _is_below(manifest.path, t.path)), None)
        name = posixpath.basename(manifest.path)
        if tree is None or name.encode() in touched or _needs_tree(run, manifest, name):
            continue
        read = _read(facts, tree, manifest)
        if read is None or (read.packages and not read.folders):
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
    return next((o for o in installs if any(p.name not in _QUICK for p in o.packages)), None)


# installed in a moment
_QUICK = frozenset({"pip", "setuptools", "wheel"})
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


def _of_unrelated(facts: Facts, run: Run, tree: Tree, operation: PackageOperation) -> Finding:
    what = " ".join(filter(None, (operation.manager, operation.verb)))
    line = facts.document.source.line_of(operation.command.span.start)
    message = f"any change in the tree repeats {what} of line {line}, which reads nothing of it; install first and copy then"
    return META.finding(tree.span, message, fix=_moved_below(facts, run, tree))


def _moved_below(facts: Facts, run: Run, tree: Tree) -> Fix | None:
    """COPY behind the RUN."""
    target = _target(run, tree)
    if target is None:
        return None
    document, copy = facts.document, tree.instruction
    start = copy.span.start
    head = cut(document.data, Span(start, copy.words[0].span.start))
    end = run.instruction.span.end
    whole = f"{document.source.newline}{head}{tree.source} {target}"
    edits = (remove_instruction(document, copy), Edit(end, end, whole))
    return Fix("Copy the tree behind the RUN (unsafe: a file of it may change what is installed)", edits)


# --- what requirement files of the build context say -------------------------------------------------

# more than this of a file is not read, nor more files
_MOST_BYTES = 65_536
_MOST_FILES = 8
_OTHER_FILE = regex(r"(?:-r|-c|--requirement|--constraint)[ =]*(\S+)")
_FOLDER = regex(r"(?:-e|--editable)\b|\.{0,2}/|\.\Z|.*@ *file:|file:")


def _read(facts: Facts, tree: Tree, manifest: Manifest) -> Read | None:
    """What a requirement file and those that it names say; None where they are not there to be read."""
    if facts.context is None or manifest.word is None or manifest.operation.ecosystem != "python":
        return None
    waiting, seen = [_place(tree, manifest)], Read()
    while waiting:
        place = waiting.pop()
        if place in seen.files or len(seen.files) > _MOST_FILES:
            continue
        if place.startswith("..") or not facts.context.holds(place):
            return None
        text = facts.context.head(place, _MOST_BYTES).decode(errors="replace")
        lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        others = [found[1] for line in lines if (found := _OTHER_FILE.match(line))]
        packages = any(not line.startswith("-") for line in lines)
        folders = any(_FOLDER.match(line) for line in lines)
        seen = Read(seen.packages or packages, seen.folders or folders, (*seen.files, place))
        waiting += [posixpath.normpath(posixpath.join(posixpath.dirname(place), other)) for other in others]
    return seen


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
        f"copy {' and '.join(_sources(facts, tree, manifest))} alone and install before the rest is copied"
    )
    return META.finding(tree.span, message, fix=_fix(facts, run, tree, manifest))


def _place(tree: Tree, manifest: Manifest) -> str:
    """Where the manifest is in the build context."""
    below = posixpath.relpath(manifest.path, tree.path)
    return posixpath.normpath(posixpath.join(tree.source.strip("*"), below)).lstrip("/")


def _sources(facts: Facts, tree: Tree, manifest: Manifest) -> tuple[str, ...]:
    """What to copy alone: the folder, where requirements have one and so may name others; the files that it does name."""
    place = _place(tree, manifest)
    folder = posixpath.dirname(place)
    if _REQUIREMENTS.fullmatch(posixpath.basename(folder)):
        return (folder,)
    read = _read(facts, tree, manifest)
    return read.files if read else (place,)


# commands that read nothing of the tree
_APART = frozenset({"cd", "set", "export", "rm", "conda", "mamba", "source", ".", "echo"})
_BETWEEN = frozenset({"WORKDIR", "ENV", "ARG", "LABEL", "EXPOSE"})


def _target(run: Run, tree: Tree) -> str | None:
    """Where COPY of the whole tree puts it if it stands behind a RUN; None where it cannot stand there."""
    copy = tree.instruction
    body = run.stage.instructions
    between = body[position(body, copy) + 1 : position(body, run.instruction)]
    plain = copy.keyword == "COPY" and not (copy.json or copy.heredocs or copy.flag("exclude"))
    if not plain or len(copy.args) != 2 or any(i.keyword not in _BETWEEN for i in between):
        return None
    moved = any(i.keyword == "WORKDIR" for i in between) and not copy.words[1].text.startswith("/")
    if moved and tree.path.startswith("//"):
        return None
    return f"{tree.path}/" if moved else copy.words[1].text


def _fix(facts: Facts, run: Run, tree: Tree, manifest: Manifest) -> Fix | None:
    """COPY of the manifest where the tree was copied, and the tree behind the RUN."""
    operations = {id(o.command) for o in run.operations if not o.editable}
    sources = _sources(facts, tree, manifest)
    target = _target(run, tree)
    if (
        target is None
        or any(c.name not in _APART and id(c) not in operations for c in run.script.commands)
        or not (tree.whole and manifest.word and manifest.word.literal)
        or len({f.text for o in run.operations for f in o.requirement_files}) != 1
        or len({posixpath.dirname(source) for source in sources}) != 1
    ):
        return None
    return _moved(facts, run, tree, manifest, sources, target)


def _moved(
    facts: Facts, run: Run, tree: Tree, manifest: Manifest, sources: Sequence[str], target: str
) -> Fix:
    document, copy = facts.document, tree.instruction
    is_file = posixpath.basename(sources[0]) == posixpath.basename(manifest.path)
    folder = posixpath.dirname(sources[0]) if is_file else sources[0]
    plain = not folder and ((target == "." and len(sources) == 1) or target.endswith("/"))
    first = target if plain else posixpath.join(target, folder).rstrip("/") + "/"
    named = " ".join(sources)
    head = cut(document.data, Span(copy.span.start, copy.words[0].span.start))
    whole = f"{head}{tree.source} {target}"
    end = run.instruction.span.end
    # the instruction is replaced from its keyword on: no other fix may change what is moved
    edits = (
        Edit(copy.span.start, copy.words[1].span.end, f"{head}{named} {first}"),
        Edit(end, end, f"{document.source.newline}{whole}"),
    )
    doubt = "the order of layers changes" if _read(facts, tree, manifest) else "it may name other files"
    return Fix(f"Copy {named} alone and the rest behind the RUN (unsafe: {doubt})", edits)
