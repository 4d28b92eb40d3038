"""Projects with CUDA code that a stage builds from source."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    BaseImage,
    Facts,
    NamedTuple,
    Operation,
    Package,
    PackageOperation,
    Run,
    SourceBuild,
    Span,
    Stage,
    contents,
    regex,
    source_build,
)

_CLONE = Operation.CLONE
_INSTALL = Operation.INSTALL
_BUILD = Operation.BUILD
_REPOSITORY = regex(r"(?<![\w.-])([\w.-]+?)(?:\.git)?(?:[@#].*)?\Z")
_BUILDERS = frozenset({"make", "cmake", "ninja"})
_NO_BINARY = ("no-binary", "--no-binary")
_BRANCHES = frozenset({"if", "else", "case"})


class Build(NamedTuple):
    """One project that is built. ``certain``: not only where no prebuilt wheel fits."""

    name: str
    fact: SourceBuild
    span: Span
    certain: bool


def builds(stage: Stage, facts: Facts, text: str) -> Iterator[Build]:
    """What a stage compiles; ``text`` is all that was said up to its end."""
    # a character is a byte there
    last = stage.instructions[-1].span.end if stage.instructions else 0
    cloned: list[tuple[str, Span]] = []
    for run in facts.runs(stage):
        end = len(text) - (last - run.instruction.span.end)
        for operation in run.operations:
            if not _BRANCHES.isdisjoint(operation.command.context):
                continue
            if operation.operation is _CLONE:
                cloned += _repositories(operation)
            elif operation.operation is _INSTALL and operation.ecosystem == "python":
                for package in operation.packages:
                    yield from _of_package(package, operation, text, end)
        if _compiles(run):
            here = [entry for entry in cloned if _is_in(entry[0], run, facts)]
            cloned = [entry for entry in cloned if entry not in here]
            for name, span in here:
                fact = _built(name, text, end)
                if fact is not None:
                    yield Build(name, fact, span, certain=True)


def compiles_cuda(base: BaseImage) -> bool:
    """Whether an image is known to compile CUDA code, and so what it says of architectures: nothing."""
    return base.accelerator == "cuda" and contents(base).holds("nvcc") is True


def said(stage: Stage, facts: Facts) -> str:
    """The text of a stage, those it is FROM, and the arguments above them."""
    document = facts.document
    first = document.instructions[0].span.start
    parts = [document.data[first : facts.stages[0].from_.span.start]]
    for link in stage.lineage():
        end = link.instructions[-1].span.end if link.instructions else link.from_.span.end
        parts.append(document.data[link.from_.span.start : end])
    return b"\n".join(parts).decode("latin-1")


def _repositories(operation: PackageOperation) -> Iterator[tuple[str, Span]]:
    for url in operation.urls:
        found = _REPOSITORY.search(url.text.rstrip("/"))
        if found:
            yield found[1], url.span


def _built(name: str, text: str, end: int) -> SourceBuild | None:
    """The project of a name; what asks for its CUDA part (``FORCE_CUDA``) is said before the end of the build."""
    fact = source_build(name, text)
    return fact if fact is None or fact.when is None else source_build(name, text[:end])


def _of_package(package: Package, operation: PackageOperation, text: str, end: int) -> Iterator[Build]:
    wheel = package.raw.strip("\"'").endswith(".whl")
    fact = _built(package.name, text, end) if package.name and not wheel else None
    # a part of a repository is another project
    if fact is None or "subdirectory=" in package.raw:
        return
    source = package.source != "index" or operation.has(*_NO_BINARY)
    if source or fact.sdist:
        yield Build(package.name, fact, package.span, certain=source)


def _compiles(run: Run) -> bool:
    """Whether a RUN builds a project in a folder."""
    for operation in run.operations:
        if operation.operation is _BUILD or operation.editable or operation.project:
            return True
        if operation.operation is _INSTALL and operation.ecosystem == "python":
            named = (package.source for package in operation.packages)
            if operation.manager == "python" or any(source in ("path", "file") for source in named):
                return True
    return any(command.name in _BUILDERS for command in run.script.commands)


def _is_in(name: str, run: Run, facts: Facts) -> bool:
    """Whether a RUN works in the folder of a repository: it clones it, names it, or stands in it."""
    folder = facts.state(run.instruction).workdir or ""
    return name in str(run.script.text) or name in folder.split("/")
