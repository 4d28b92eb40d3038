"""What the instructions of a file put where, as far as their words tell: copies, downloads, clones, archives."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from imgtool.facts.commands import Arg, Command
from imgtool.facts.context import BuildContext
from imgtool.facts.facts import Facts, Run, local_sources
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.paths import filled, located, path, workdir
from imgtool.facts.remembered import per_file, per_part
from imgtool.facts.scope import State, below, normal, under
from imgtool.facts.stages import copy_source
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction
from imgtool.values import NamedTuple

_FETCH = Operation.FETCH
_CLONE = Operation.CLONE
_ENVIRONMENT = Operation.ENVIRONMENT


class Content(NamedTuple):
    """Files at a path. ``tree``: a folder with whatever in it. ``source`` is the word that names where it is from.

    ``instruction`` put it there, with ``command`` where it is a RUN.
    """

    path: str
    source: str
    instruction: Instruction
    command: Command | None = None
    tree: bool = False


# --- COPY and ADD ------------------------------------------------------------------------------------

_FOLDER_NAMES = frozenset({"", ".", ".."})


def copied(facts: Facts, instruction: Instruction) -> tuple[Content, ...]:
    """What a COPY or ADD puts into the image; nothing where a word is not known."""
    if instruction.problem or instruction.keyword not in ("COPY", "ADD") or len(instruction.args) < 2:
        return ()
    known = _copied_in(facts)
    # with the instruction, or another could get its place in memory
    found = known.get(id(instruction))
    if found is None:
        found = known[id(instruction)] = instruction, _copied(facts, instruction)
    return found[1]


@per_file
def _copied_in(_facts: Facts) -> dict[int, tuple[Instruction, tuple[Content, ...]]]:
    """What is known of the instructions of a file: many ask."""
    return {}


def _copied(facts: Facts, instruction: Instruction) -> tuple[Content, ...]:
    state, escape = facts.state(instruction), facts.document.escape
    *words, last = instruction.args
    target = _known(state, last, escape)
    if target is None:
        return ()
    into = normal(target) if target[:1] == "/" else below(workdir(facts, instruction), target)
    folder = len(words) > 1 or target.endswith(("/", "/.")) or target in _FOLDER_NAMES
    found: list[Content] = []
    for written in words:
        source = _known(state, written, escape)
        if source is not None and not source.startswith("<<"):
            found += _placed(facts, instruction, source, written, into, folder=folder)
    return tuple(found)


def _known(state: State, word: str, escape: str) -> str | None:
    text = state.expand(word, escape)
    return filled(word, state.values) if text is None else text


def _placed(
    facts: Facts, instruction: Instruction, source: str, written: str, into: str, *, folder: bool
) -> Iterator[Content]:
    place = source.partition("?")[0] if "://" in source else source
    name = place.rstrip("/").rpartition("/")[2]
    if is_folder(facts, instruction, source):
        yield Content(into, written, instruction, tree=True)
        return
    # without a dot it may be a folder, whose files then go into the target itself
    ambiguous = "." not in name
    if ambiguous or not folder:
        yield Content(into, written, instruction, tree=ambiguous)
    # a target that is a folder takes a file under its own name
    yield Content(under(into, name), written, instruction)


def is_folder(facts: Facts, instruction: Instruction, source: str) -> bool:
    """Whether a source of COPY is a folder, so far as its name or the build context tells."""
    if source.rpartition("/")[2] in _FOLDER_NAMES:
        return True
    # what the context says first: each source of thousands asks
    there = facts.context is not None and facts.context.is_folder(source)
    return there and source in local_sources(instruction)


# what is large, and what is not, as far as a name tells
_LARGE = regex(
    r"\.(?:run|tar|t?gz|tgz|bz2|xz|zst|zip|7z|whl|deb|rpm|apk|jar|war|bin|so(?:\.[\d.]+)?|iso|exe|msi|pt|pth|ckpt|onnx|om|pb"
    r"|h5|gguf|safetensors|npz|npy|engine|plan|egg|AppImage|qcow2|img|parquet)\Z",
    re.IGNORECASE,
)
_SMALL = regex(
    r"\.(?:sh|bash|py|txt|md|rst|json|ya?ml|toml|cfg|conf|ini|list|repo|sources|gpg|asc|key|pub|pem|crt|patch|diff|env|lock|in"
    r"|service|sql|html?|css|xml|properties|cmake|R|jl|rb|lua|pl)\Z"
)
_INSTALLER = regex(r"conda|forge|cmake|cuda|cann|ascend|linux|x86|aarch64", re.IGNORECASE)
_LARGE_FOLDERS = regex(
    r"(?:^|[-_.])(?:packages?|pkgs?|wheels?|wheelhouse|dist|installers?|software|downloads?|models?|weights|checkpoints?"
    r"|data|datasets?|third[-_]?party|src|sources?|build|artifacts?)(?:$|[-_.])",
    re.IGNORECASE,
)
_TEXTS = frozenset(
    {"LICENSE", "LICENCE", "README", "NOTICE", "VERSION", "Makefile", "Dockerfile", "entrypoint"}
)
MEGABYTE = 1_000_000


def is_program(content: Content) -> bool:
    """Whether a copied file without extension is a program, by its name."""
    name = _name(content.source)
    return content.command is None and bool(name) and "." not in name and name not in _TEXTS


def weight(facts: Facts, content: Content) -> int | None:
    """Bytes of what a COPY took from the build context, where that is known and was looked through whole."""
    if content.command is not None or facts.context is None or copy_source(content.instruction):
        return None
    return _copied_bytes(facts.context, content.source) if "$" not in content.source else None


# whether it is large is asked first, and then how large
@lru_cache(maxsize=64)
def _copied_bytes(context: BuildContext, source: str) -> int | None:
    listing = context.copied([source])
    return listing.size if listing.complete and listing.files else None


def is_large(facts: Facts, content: Content) -> bool:
    """Whether it is worth a word: its size where that is known, else what its name tells."""
    known = weight(facts, content)
    if known is not None:
        return known >= MEGABYTE
    name = posixpath.basename(content.path)
    source = _name(content.source)
    if name == ".git":
        return True
    if _LARGE.search(name) or _LARGE.search(source):
        return True
    if content.command is not None:
        small = _SMALL.search(name) or _SMALL.search(source)
        return not small or bool(_INSTALLER.search(source))
    if _SMALL.search(source):
        return False
    if copy_source(content.instruction):
        return True
    return source in _FOLDER_NAMES or bool(_LARGE_FOLDERS.search(source))


# --- RUN ---------------------------------------------------------------------------------------------

_ARCHIVE = regex(r"\.(?:tar(?:\.(?:gz|bz2|xz|zst|lzma|Z))?|tgz|tbz2?|txz|zip)\Z")


Made = Sequence[tuple[Command, str | None, tuple[Content, ...]]]
_NOTHING: list[PackageOperation] = []


@per_part
def made(facts: Facts, run: Run) -> Made:
    """The commands of a RUN, where each works, and what it puts into the image."""
    return list(_made(facts, run))


def _made(facts: Facts, run: Run) -> Iterator[tuple[Command, str | None, tuple[Content, ...]]]:
    by_command: dict[int, list[PackageOperation]] = {}
    for operation in run.operations:
        if operation.operation in _MAKES:
            by_command.setdefault(id(operation.command), []).append(operation)
    for command, where in located(facts, run):
        operations = by_command.get(id(command), _NOTHING)
        if not operations and command.name not in _PLACES:
            yield command, where, ()
            continue
        found = []
        for source, word, name, tree in _targets(command, operations):
            at = where if word is None else path(facts, run, word, where)
            if name and at is not None:
                named = Arg(name, name, *command.span, literal="$" not in name, expands="$" in name)
                at = path(facts, run, named, at)
            if at is not None:
                found.append(Content(normal(at), source, run.instruction, command, tree))
        yield command, where, tuple(found)


def may_make(run: Run) -> bool:
    """Whether :func:`made` may find that a RUN puts anything into the image: which of its commands are there tells."""
    for operation in run.operations:
        if operation.operation in _MAKES:
            return True
    return not _PLACES.isdisjoint([command.name for command in run.script.commands])


_MAKES = frozenset({Operation.FETCH, Operation.CLONE, Operation.ENVIRONMENT})
# what puts files somewhere and is no operation on packages
_PLACES = frozenset({"aria2c", "tar", "unzip", "cp", "mv"})
# source as written, the word that names the place (None: the working directory), a name below it, whether a folder
_Target = tuple[str, Arg | None, str, bool]


def _targets(command: Command, operations: list[PackageOperation]) -> Iterator[_Target]:
    for operation in operations:
        if operation.operation is _FETCH and operation.ecosystem == "http":
            yield from _downloads(operation)
        elif operation.operation is _CLONE and operation.verb == "clone" and operation.urls:
            url = operation.urls[0]
            # a variable may hold all of the address, and its last part alone is the folder's name
            name = _name(url.text).removesuffix(".git") if "/" in url.text else "$"
            yield url.text, operation.output, "" if operation.output else name, True
        elif operation.operation is _ENVIRONMENT:
            target = operation.environment or next(iter(operation.arguments), None)
            if target is not None and "/" in target.text:
                yield target.text, target, "", True
    if command.name == "aria2c":
        yield from _aria2(command)
    elif command.name == "tar":
        yield from _untarred(command)
    elif command.name == "unzip":
        yield from _unzipped(command)
    elif command.name in ("cp", "mv"):
        yield from _placed_by(command)


def _name(url: str) -> str:
    return url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]


def _downloads(operation: PackageOperation) -> Iterator[_Target]:
    outputs = [o.value for o in operation.options if o.name == "output" and o.value]
    folder = next((o.value for o in operation.options if o.name == "output-dir"), None)
    source = operation.urls[0].text if operation.urls else "a download"
    for word in outputs:
        if not word.text.startswith(("-", "/dev/")):
            yield source, word, "", False
    if not outputs and (operation.manager == "wget" or operation.has("remote-name")):
        for url in operation.urls:
            if _name(url.text) and not url.text.endswith("/"):
                yield url.text, folder, _name(url.text), False
    redirect = next(
        (r for r in operation.command.redirects if r.operator in (">", ">|") and r.fd in (None, "1")), None
    )
    if (
        redirect is not None
        and redirect.target is not None
        and operation.urls
        and not redirect.target.text.startswith("/dev/")
    ):
        yield source, redirect.target, "", False


def _aria2(command: Command) -> Iterator[_Target]:
    folder, file = _after(command.args, "-d", "--dir"), _after(command.args, "-o", "--out")
    url = next((word for word in command.args if "://" in word.text and not word.text.startswith("-")), None)
    if url is not None and (file is None or file.literal):
        yield url.text, folder, file.text if file else _name(url.text), False


def _untarred(command: Command) -> Iterator[_Target]:
    words = command.args
    flags = words[0].text if words and not words[0].text.startswith("--") else ""
    extracts = any(w.text in ("--extract", "--get") for w in words) or "x" in flags[:6]
    if not extracts:
        return
    folder = _after(words, "-C", "--directory")
    archive = next((w for w in words if _ARCHIVE.search(w.text)), None)
    stripped = any(w.text.startswith("--strip") for w in words)
    if folder is not None:
        yield (archive.text if archive else folder.text), folder, "", True
    if archive is not None and not stripped:
        yield archive.text, folder, _ARCHIVE.sub("", _name(archive.text)), True


def _unzipped(command: Command) -> Iterator[_Target]:
    archive = next((w for w in command.args if w.text.endswith(".zip")), None)
    if archive is not None:
        folder = _after(command.args, "-d")
        if folder is not None:
            yield archive.text, folder, "", True
        yield archive.text, folder, _ARCHIVE.sub("", _name(archive.text)), True


def _placed_by(command: Command) -> Iterator[_Target]:
    """``cp`` and ``mv``: a folder goes into one that is there, or takes the target's name."""
    operands = [word for word in command.args if not word.text.startswith("-")]
    if len(operands) < 2 or any(w.text in ("-t", "--target-directory") for w in command.args):
        return
    *sources, target = operands
    options = "".join(w.text for w in command.args if re.fullmatch("-[A-Za-z]+", w.text))
    for source in sources:
        name = _name(source.text)
        tree = "." not in name and (command.name == "mv" or bool(set("rRa") & set(options)))
        yield source.text, target, name if name not in _FOLDER_NAMES else "", tree
        if len(sources) == 1 and not target.text.endswith("/"):
            yield source.text, target, "", tree


def _after(words: tuple[Arg, ...], *options: str) -> Arg | None:
    """The value of an option that stands in the next word."""
    return next((words[n + 1] for n, w in enumerate(words[:-1]) if w.text in options), None)
