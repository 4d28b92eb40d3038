"""Trees copied behind the installations that read none of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from imgtool.edits import Edit, Span, cut
from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.paths import home_of, located, path, position
from imgtool.facts.stages import Stage
from imgtool.facts.trees import Tree, trees
from imgtool.families import config
from imgtool.findings import Fix
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.instructions import remove_instruction
from imgtool.values import NamedTuple

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


class Early(NamedTuple):
    """A tree that is copied before a RUN whose ``operation`` reads none of it but a manifest, or nothing at all."""

    run: Run
    tree: Tree
    manifest: Manifest | None
    operation: PackageOperation


def early_copies(facts: Facts, stage: Stage) -> Iterator[Early]:
    """One a COPY; those of which nothing is read come last."""
    runs: dict[int, Run] = {}
    held: list[Tree] = []
    touched = bytearray()
    unrelated: dict[Instruction, Early] = {}
    for instruction in stage.instructions:
        if instruction.keyword in ("COPY", "ADD"):
            held += trees(facts, instruction)
        if not held or instruction.keyword != "RUN":
            continue
        runs = runs or {id(run.instruction): run for run in facts.runs(stage) if not run.onbuild}
        run = runs.get(id(instruction))
        if run is None:
            continue
        found = _first(facts, run, held, touched)
        if found is not None:
            tree, manifest = found
            yield Early(run, tree, manifest, manifest.operation)
            # one finding a COPY
            held = [t for t in held if t.instruction is not tree.instruction]
            unrelated.pop(tree.instruction, None)
        elif not touched and held[-1].whole and (operation := _unrelated(run)):
            unrelated[held[-1].instruction] = Early(run, held[-1], None, operation)
        touched += instruction.rest.data + b"\n"
    yield from unrelated.values()


def copied_late(facts: Facts, early: Early) -> Fix | None:
    """The tree copied behind the RUN, and the manifest alone where the tree was."""
    if early.manifest is None:
        return _moved_below(facts, early.run, early.tree)
    return _fix(facts, early.run, early.tree, early.manifest)


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
    operations = {id(o.command): o for o in run.operations if o.operation in _READS and _may_read(o)}
    if not operations:
        return
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


_READS = (Operation.INSTALL, Operation.DOWNLOAD)


def _may_read(operation: PackageOperation) -> bool:
    return bool(operation.requirement_files) or operation.manager in _MANIFESTS


def _reads_project(operation: PackageOperation) -> bool:
    if operation.manager not in _MANIFESTS or operation.targets:
        return False
    if operation.manager in ("poetry", "uv"):
        return operation.project and operation.has(*_WITHOUT_PROJECT)
    if operation.manager in ("npm", "yarn", "pnpm"):
        return operation.project and not operation.packages
    return operation.operation is Operation.DOWNLOAD


def _place(tree: Tree, manifest: Manifest) -> str:
    """Where the manifest is in the build context."""
    below = posixpath.relpath(manifest.path, tree.path)
    return posixpath.normpath(posixpath.join(tree.source.strip("*"), below)).lstrip("/")


def sources(facts: Facts, tree: Tree, manifest: Manifest) -> tuple[str, ...]:
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
    named = sources(facts, tree, manifest)
    target = _target(run, tree)
    if (
        target is None
        or any(c.name not in _APART and id(c) not in operations for c in run.script.commands)
        or not (tree.whole and manifest.word and manifest.word.literal)
        or len({f.text for o in run.operations for f in o.requirement_files}) != 1
        or len({posixpath.dirname(source) for source in named}) != 1
    ):
        return None
    return _moved(facts, run, tree, manifest, named, target)


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


# --- whether the image stays as it is ----------------------------------------------------------------

# where installations of a system, of Python and of conda go
_INSTALLED_TO = (
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/sbin",
    "/usr",
    "/var",
    "/opt/conda",
    "/opt/venv",
)
_CARRIED = frozenset({"chown", "chmod"})
_SETS = frozenset({"set", "true", "echo", ":"})
# options of requirement files that read nothing of the tree
_REMOTE = regex(
    r"--?(?:r|c|i|requirement|constraint|index-url|extra-index-url|trusted-host|pre|prefer-binary|no-binary|only-binary"
    r"|require-hashes|hash)\b(?!.*file:)"
)
_LOCAL = regex(r"(?!.*://).*(?:/|\.whl\b|\.zip\b|\.tar\.)")


def doubt(facts: Facts, early: Early) -> str:
    """Why the image may not stay as it is where the tree is copied behind the RUN; empty where it does.

    Read with the build context: what is installed asks for no file of the tree but those that are copied before, and
    nothing is installed where the tree goes.
    """
    run, tree = early.run, early.tree
    copy, body = tree.instruction, run.stage.instructions
    between = body[position(body, copy) + 1 : position(body, run.instruction)]
    if facts.context is None:
        return "what the tree holds is not known (--context DIR)"
    if any(flag.name not in _CARRIED for flag in copy.flags) or b"$" in copy.rest.data:
        return "its flags or variables may mean something else there"
    if any(i.keyword == "WORKDIR" for i in between):
        return "a WORKDIR stands in between"
    return _meeting(facts, run, tree) or _reading(facts, early)


def _meeting(facts: Facts, run: Run, tree: Tree) -> str:
    """Why something may be installed into the tree, or from there."""
    place, state = tree.path.rstrip("/") + "/", facts.state(run.instruction)
    home = home_of(state)
    if state.user is None or home is None or place == "/" or place.startswith("//"):
        return "where the tree goes, or who installs, is not known"
    if f"{home}/".startswith(place) or any(place.startswith(f"{folder}/") for folder in _INSTALLED_TO):
        return f"something may be installed to {tree.path}, too"
    base = facts.base(run.stage)
    # what a known image sets names no place of ours
    inherited = config(base).env if base else {}
    own = ((n, v) for n, v in state.values.items() if n != "PATH" and not (v is None and n in inherited))
    named = next((n for n, v in own if v is None or tree.path in v), None)
    if named:
        return f"{named} may name {tree.path}"
    if tree.path in (state.values.get("PATH") or ""):
        return f"PATH names {tree.path}"
    return ""


def _reading(facts: Facts, early: Early) -> str:
    """Why the RUN may read or change the tree."""
    run = early.run
    operations = {id(o.command): o for o in run.operations}
    for command in run.script.commands:
        operation = operations.get(id(command))
        plain = operation is not None and (operation is early.operation or _is_from_index(operation))
        if operation is None and not command.redirects:
            plain = command.name in _SETS or (
                command.name == "rm" and _deletes_elsewhere(command, early.tree)
            )
        if not plain or command.wrappers or _comes_from(command, early.tree):
            return f"{command.name or 'a command'} of line {run.instruction.start_line} may read or change the tree"
    if early.operation.manager == "uv" and any(
        map(_at_top(facts, early.tree), ("uv.toml", "pyproject.toml"))
    ):
        return "uv reads its settings in the tree"
    return _asking(facts, early) if early.manifest else ""


def _comes_from(command: Command, tree: Tree) -> bool:
    """Whether a program comes from the tree."""
    return bool(command.argv) and command.argv[0].text.startswith((f"{tree.path}/", "."))


def _deletes_elsewhere(command: Command, tree: Tree) -> bool:
    words = [word.text for word in command.args if not word.text.startswith("-")]
    return all(
        w.startswith("/") and not w.startswith(tree.path) and not tree.path.startswith(w) for w in words
    )


def _at_top(facts: Facts, tree: Tree) -> Callable[[str], bool]:
    folder = tree.source.strip("*")
    return lambda name: bool(
        facts.context and facts.context.holds(posixpath.normpath(f"{folder}/{name}").lstrip("/"))
    )


def _asking(facts: Facts, early: Early) -> str:
    """Why what is installed may ask for more of the tree than its manifests."""
    operation, manifest = early.operation, early.manifest
    if operation.constraint_files or operation.find_links or operation.targets or operation.editable:
        return "its options name other files"
    read = _read(facts, early.tree, manifest) if manifest else None
    if read is None or read.folders or facts.context is None:
        return "what it asks for is not known"
    for file in read.files:
        text = facts.context.head(file, _MOST_BYTES)
        lines = [line.strip() for line in text.decode(errors="replace").splitlines()]
        asked = [line for line in lines if line and not line.startswith("#")]
        if len(text) == _MOST_BYTES or "/" in file or not facts.context.reaches(file):
            return f"{file} is not copied alone with certainty"
        if any(
            not _REMOTE.match(a) if a.startswith("-") else _LOCAL.match(a.partition(" #")[0]) for a in asked
        ):
            return f"{file} may name other files"
    return ""
