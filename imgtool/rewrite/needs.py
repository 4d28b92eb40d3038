"""What the program needs at run time beyond files: compilers for what compiles while it runs, CUDA libraries that
no Python package brings, and tools that its start commands, scripts and sources name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from imgtool.edits import Span
from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run, local_sources
from imgtool.facts.packages import Operation, PackageOperation, PackageSource
from imgtool.facts.shell import analyse
from imgtool.facts.stages import Stage, copy_source, mounts_of
from imgtool.facts.wrappers import SHELLS
from imgtool.families import identify
from imgtool.families.needs import Need, python_need, software_of
from imgtool.families.packages import build_only
from imgtool.regex import regex
from imgtool.rewrite import context_files, requirements
from imgtool.rewrite.commands import folder_of, joined, value_of
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax.nodes import Instruction, Text
from imgtool.values import dataclass

# what build-essential brings with compilers, in toolchain images too: programs by the package that has them
_BROUGHT = {
    "xz-utils": "xz unxz xzcat lzma",
    "bzip2": "bzip2 bunzip2 bzcat",
    "patch": "patch",
    "make": "make",
    "binutils": "ar as ld nm objcopy objdump ranlib readelf strings strip",
}
# nvcc and its companions are in every toolchain image and in no other
TOOLKIT_TOOLS = frozenset({"nvcc", "cuobjdump", "nvprune", "cuda-gdb", "nsys", "ncu"}).union(
    *(programs.split() for programs in _BROUGHT.values())
)

# a source that compiles device code while it runs; setup.py and its like compile while they build
_COMPILES_DEVICE_CODE = regex(
    rb"\bcpp_extension\b|load_inline\s*\(|\bnvcc\b"
    rb"|numba\.cuda|from\s+numba\s+import\s+[^\n]*\bcuda\b|\bpycuda\.compiler\b"
)
_COMPILES_HOST_CODE = regex(
    rb"torch\.compile\b|import\s+triton|from\s+triton\b|[\"'](?:gcc|g\+\+|cc|clang)[\"' ]|\bcffi\b|\bpyximport\b"
    rb"|torch\._inductor|torch\._dynamo|\bcython\.inline\b|numba\.pycc"
)
# model.compile() of a torch program
_COMPILES_MODULE = regex(rb"(?<!\bre)\.compile\s*\(")
_LIBRARY = (
    rb"(?:cublas|cufft|curand|cusolver|cusparse|cudnn|cutensor|nccl|nvrtc|npp[a-z]*|nvjpeg|nvinfer|nvjitlink|cufile"
    rb"|nvtoolsext|nvblas|nvfatbin)"
)
# in toolchain images alone, and in no package of what stays
_TOOLCHAIN_LIBRARY = regex(
    rb"(?:\b|-l)(?:lib)?(?:cupti|nvperf_host|nvperf_target|accinj64|cuinj64)\b", re.IGNORECASE
)
# opened by name while it runs, or linked to what is built
_OPENS_LIBRARY = regex(
    rb"[\"'](?:[^\"'\n]*/)?(?:lib)?" + _LIBRARY + rb"(?:Lt)?(?:\.so[.\d]*)?[\"']|\bNVRTC\b"
    rb"|\b(?:Raw|Elementwise|Reduction)Kernel\b|\bRawModule\b"
)
_LINKS_LIBRARY = regex(
    rb"-l" + _LIBRARY + rb"\b|CUDA::" + _LIBRARY + rb"|\b" + _LIBRARY + rb"\b", re.IGNORECASE
)
_NEEDED_LIBRARY = regex(rb"lib" + _LIBRARY + rb"(?:Lt)?\.so")
_LINKING_FILES = ("setup.py", "CMakeLists.txt", "Makefile", "makefile", "meson.build", "BUILD.bazel", "BUILD")
_LINKING_SUFFIXES = (".cmake", ".mk", ".cu", ".cuh", ".cpp", ".cc", ".cxx", ".c", ".h", ".hpp", ".pyx", ".rs")
_BUILD_SCRIPTS = ("setup.py", "build.py", "conftest.py")

_NEEDS_COMPILER = "cc"
_NEEDS_TOOLKIT = frozenset({"jit", "devel", "toolkit"})
_NEEDS_LIBRARIES = frozenset({"runtime", "cudnn-runtime"})
# an image of one program that links to nothing of an accelerator
_PLAIN_PROGRAMS = frozenset("uv busybox tini gosu dumb-init caddy curl s6-overlay grpc-health-probe".split())
_SHELLS = frozenset("sh bash dash zsh fish tmux".split())
_UNREAD = "what was not read may compile while it runs"


@dataclass(frozen=True, slots=True)
class Needs:
    """What must stay in the final stage; each is a reason, or None.

    ``compiler``: a C compiler and headers. ``toolkit``: the accelerator's own compiler besides. ``cuda_libraries``:
    libraries of CUDA beyond the runtime's, which no Python package brings. ``unread`` are the places in the file
    that name what could not be read. ``tools`` are the programs that the start commands name.
    """

    compiler: str | None = None
    toolkit: str | None = None
    cuda_libraries: str | None = None
    unread: tuple[Span, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reason:
    """One thing that is needed, by the field of :class:`Needs`, and why."""

    what: str
    why: str


def of_stage(facts: Facts, stage: Stage, *, assume_no_jit: bool = False) -> Needs:
    """The run-time needs of what a stage installs, copies and starts.

    ``assume_no_jit``: what cannot be read compiles nothing at run time.

    Raises:
        RefusedError: what cannot be read without the build context may compile for the accelerator at run time;
            a library is named that only toolchain images have.
    """
    for instruction in (i for link in stage.lineage() for i in link.instructions if i.keyword == "ENV"):
        _refuse_toolchain_library("ENV", instruction.rest.data, stage)
    _refuse_libraries_removed(facts, stage)
    _refuse_theano(facts, stage)
    tools = _tools(facts, stage)
    reasons = [*_of_packages(facts, stage), *_of_sources(facts, stage), *_of_images(facts, stage)]
    if facts.context is None or tools <= _SHELLS:
        # the program that runs is not to be seen
        reasons += _of_uses(facts, stage, assume_no_jit=assume_no_jit)
    unread = tuple(dict.fromkeys(_unread(facts, stage)))
    if unread and facts.context is None and _takes_context(facts, stage) and not assume_no_jit:
        raise RefusedError(
            "context-unknown",
            "the build context is not known, so whether something compiles for the accelerator at run time cannot "
            "be read (--context DIR, or --assume no-jit)",
            unread[0],
        )
    if unread:
        reasons.append(_Reason("compiler", _UNREAD))
        reasons += [] if assume_no_jit else [_Reason("toolkit", _UNREAD)]
    toolkit = _first(reasons, "toolkit")
    return Needs(
        # the accelerator's compiler calls the host's
        _first(reasons, "compiler") or toolkit,
        toolkit,
        _first(reasons, "cuda_libraries"),
        unread,
        tuple(sorted(tools)),
    )


def _first(reasons: Iterable[_Reason], what: str) -> str | None:
    return next((reason.why for reason in reasons if reason.what == what), None)


# --- packages ----------------------------------------------------------------------------------------


def _of_packages(facts: Facts, stage: Stage) -> Iterator[_Reason]:
    base = facts.base(stage)
    accelerator = base.accelerator if base else None
    for run, requirement in _required(facts, stage):
        need = python_need(requirement.name, requirement.extras)
        if need:
            yield from _of_need(need, requirement.name, accelerator)
        if need and base and base.accelerator == need.accelerator and _compiles_late(need, run, base.version):
            yield _Reason("toolkit", f"{requirement.name} compiles device code in some uses")
    for run in _runs(facts, stage):
        for operation in run.operations:
            if operation.operation is Operation.INSTALL and operation.ecosystem in ("deb", "rpm"):
                yield from _of_system(operation)


def _required(facts: Facts, stage: Stage) -> Iterator[tuple[Run, requirements.Requirement]]:
    """Every Python package that is installed in a stage, and in those that it copies from."""
    stages = facts.graph.reachable(stage)
    for run in (run for each in facts.stages if each in stages for run in facts.runs(each)):
        for operation in run.operations:
            if operation.operation is Operation.INSTALL:
                yield from ((run, requirement) for requirement in _installed(facts, run, operation))
        yield from ((run, requirement) for requirement in _behind_variables(run))


def _behind_variables(run: Run) -> Iterator[requirements.Requirement]:
    """What ``$PIP_INSTALL …`` may install: every word of it that could be a package."""
    for command in run.script.commands:
        for word in command.args if command.argv and not command.name else ():
            yield requirements.Requirement(_SPEC.split(word.text, maxsplit=1)[0])


_SPEC = regex(r"[\[<>=!~;@ ]")


def _compiles_late(need: Need, run: Run, version: str | None) -> bool:
    """Whether a package itself, and not the program that uses it, compiles device code in some uses.

    vLLM has FlashInfer and DeepGEMM do so. TensorFlow's optimizers do from 2.11 on, which takes CUDA 11 or later.
    """
    if need.name == "vllm":
        return True
    if need.name != "tensorflow" or need.bundles or not version or int(version.partition(".")[0]) < _XLA_CUDA:
        return False
    text = run.script.text.data.decode("utf-8", "replace")
    pinned = [tuple(map(int, found.groups())) for found in _TENSORFLOW.finditer(text)]
    return not pinned or max(pinned) >= _XLA_TENSORFLOW


_XLA_CUDA = 11
_XLA_TENSORFLOW = (2, 11)
_TENSORFLOW = regex(r"\btensorflow(?:[-_]gpu)?\s*(?:==|~=)\s*(\d{1,4})\.(\d{1,4})")


_COMPILER_PACKAGES = frozenset({"build-essential", "g++"})


def _of_uses(facts: Facts, stage: Stage, *, assume_no_jit: bool) -> Iterator[_Reason]:
    """What packages take in uses that only a program shows (``torch.compile``, ``numba.cuda``)."""
    base = facts.base(stage)
    required = list(_required(facts, stage))
    # an installation behind a variable is replayed whole
    compiles = any(requirement.name in _COMPILER_PACKAGES for _, requirement in required)
    for _, requirement in required:
        need = python_need(requirement.name, requirement.extras)
        if need is None or base is None or base.accelerator != need.accelerator:
            continue
        if _NEEDS_COMPILER in need.raised.values() and not compiles:
            yield _Reason("compiler", f"a program that is not seen may have {requirement.name} compile")
        if need.name == "numba" and not assume_no_jit:
            yield _Reason("toolkit", "a program that is not seen may compile with numba.cuda")
    for run in (run for each in facts.graph.reachable(stage) for run in facts.runs(each)):
        packages = (p for o in run.operations if o.ecosystem == "python" for p in o.packages)
        if any(p.source is PackageSource.VCS for p in packages):
            yield _Reason("compiler", "what a repository depends on is not seen and may compile")


def _runs(facts: Facts, stage: Stage) -> Iterator[Run]:
    for link in reversed(list(stage.lineage())):
        yield from facts.runs(link)


def _of_need(need: Need, name: str, accelerator: str | None) -> Iterator[_Reason]:
    if need.level == _NEEDS_COMPILER:
        yield _Reason("compiler", f"{name} compiles while it runs")
    elif accelerator not in (None, need.accelerator):
        return
    elif need.level in _NEEDS_TOOLKIT:
        yield _Reason("toolkit", f"{name} compiles device code while it runs")
    elif need.level in _NEEDS_LIBRARIES:
        yield _Reason("cuda_libraries", f"{name} takes them from the image")


def _installed(facts: Facts, run: Run, operation: PackageOperation) -> Iterator[requirements.Requirement]:
    """The Python packages that an operation names itself, by files, or by its project."""
    if operation.ecosystem not in ("python", "conda"):
        return
    folder = folder_of(operation.command, run, facts)
    for package in operation.packages:
        if package.source == "path":
            yield from (
                requirements.of_project(facts, run, joined(folder, package.raw.partition("[")[0])) or ()
            )
        else:
            name = package.name or posixpath.basename(package.raw).partition("@")[0].removesuffix(".git")
            yield requirements.Requirement(name, package.extras)
    for word in operation.editable:
        path = value_of(word._replace(text=word.text.partition("[")[0]), run, facts)
        yield from requirements.of_project(facts, run, joined(folder, path)) or ()
    if operation.project:
        yield from requirements.of_project(facts, run, folder) or ()
    if operation.ecosystem == "conda":
        for word in operation.requirement_files:
            path = joined(folder, value_of(word, run, facts))
            data = context_files.read(facts, run.stage, run.instruction, path) if path else None
            yield from requirements.of_conda_file(data) if data else ()
    else:
        yield from requirements.asked(facts, run, operation).named


def _of_system(operation: PackageOperation) -> Iterator[_Reason]:
    for package in operation.packages:
        owner = software_of("packages", package.name)
        if owner is not None and owner.id == "cuda":
            yield _Reason("cuda_libraries", f"{package.name} may need others of them")


# --- sources of the context --------------------------------------------------------------------------


_PYTHON_CUDA = regex(r"(?:site|dist)-packages/nvidia(?:/|$|\W)")


def _refuse_libraries_removed(facts: Facts, stage: Stage) -> None:
    """Refuse where libraries that packages bring are deleted, so that the image's own are loaded, CUPTI among them.

    Raises:
        RefusedError: they are.
    """
    for command in (c for run in _runs(facts, stage) for c in run.script.commands):
        if command.name in ("rm", "find") and any(_PYTHON_CUDA.search(arg.text) for arg in command.args):
            message = (
                "it deletes CUDA libraries of Python packages, so those of the toolchain image are loaded"
            )
            raise RefusedError("library-at-run-time", message, command.span)


def _refuse_theano(facts: Facts, stage: Stage) -> None:
    """Refuse Theano beside cuDNN: it goes without cuDNN, and says little of it, where the headers are missing.

    Raises:
        RefusedError: both are there.
    """
    base = facts.base(stage)
    if base is None or not (base.addon or "").startswith("cudnn"):
        return
    for command in (c for run in _runs(facts, stage) for c in run.script.commands):
        if any(_THEANO.search(arg.text) for arg in command.args):
            message = "Theano compiles with the headers of cuDNN, which images with the toolchain alone have"
            raise RefusedError("library-at-run-time", message, command.span)


_THEANO = regex(r"\btheano\b", re.IGNORECASE)


def _of_sources(facts: Facts, stage: Stage) -> Iterator[_Reason]:
    for path, source in context_files.sources(facts, (".py", ".pyx", ".ipynb")):
        if posixpath.basename(path) in _BUILD_SCRIPTS:
            continue
        _refuse_toolchain_library(path, source, stage)
        if _COMPILES_DEVICE_CODE.search(source):
            yield _Reason("toolkit", f"{path} compiles device code while it runs")
        if _COMPILES_HOST_CODE.search(source) or (b"torch" in source and _COMPILES_MODULE.search(source)):
            yield _Reason("compiler", f"{path} compiles while it runs")
        if _OPENS_LIBRARY.search(source):
            yield _Reason("cuda_libraries", f"{path} opens one while it runs")
    for path, source in context_files.sources(facts, (*_LINKING_FILES, *_LINKING_SUFFIXES)):
        _refuse_toolchain_library(path, source, stage)
        if _LINKS_LIBRARY.search(source):
            yield _Reason("cuda_libraries", f"{path} links to one")
    for path, program in context_files.programs(facts):
        _refuse_toolchain_library(path, program or b"", stage)
        if program is None or _NEEDED_LIBRARY.search(program):
            yield _Reason("cuda_libraries", f"{path} {'may be' if program is None else 'is'} linked to one")


def _refuse_toolchain_library(path: str, content: bytes, stage: Stage) -> None:
    found = _TOOLCHAIN_LIBRARY.search(content)
    if found:
        message = f"{path} names {found[0].decode()}, a library that images with the toolchain alone have"
        raise RefusedError("library-at-run-time", message, stage.from_.span)


def _of_images(facts: Facts, stage: Stage) -> Iterator[_Reason]:
    """Programs from other images and stages may be linked to what those have."""
    for link in stage.lineage():
        for instruction in link.instructions:
            source = copy_source(instruction)
            if source and not _is_plain(facts, source):
                yield _Reason("cuda_libraries", f"programs from {source} may be linked to them")


def _is_plain(facts: Facts, source: str) -> bool:
    """Whether what a COPY takes from another image knows nothing of CUDA."""
    other = facts.graph.find(source)
    image = facts.base(other) if other else identify(source)
    if image is not None:
        return not image.accelerator
    return posixpath.basename(source.partition("@")[0]).partition(":")[0] in _PLAIN_PROGRAMS


# --- what could not be read --------------------------------------------------------------------------


def _unread(facts: Facts, stage: Stage) -> Iterator[Span]:
    """Places that name files which are not known here and may say or be what runs."""
    if facts.context is None:
        for link in stage.lineage():
            yield from (i.span for i in link.instructions if _copies_program(i))
    elif not context_files.all_read(facts):
        yield stage.from_.span
    yield from _hidden_programs(facts, stage)
    for run in _runs(facts, stage):
        for operation in run.operations:
            if operation.ecosystem in ("python", "conda"):
                yield from _unread_of(facts, run, operation)
            if operation.operation is Operation.CLONE and _runs_from(facts, stage, run, operation):
                yield operation.command.span


# run code that somebody brings when the container runs
_WORKSHOPS = frozenset("jupyter jupyter-lab jupyter-notebook jupyterhub ipython code-server".split())


def _hidden_programs(facts: Facts, stage: Stage) -> Iterator[Span]:
    """Start commands whose Python code is not in the file, nor in its context: it is mounted, fetched or typed."""
    starts = [i for i in _starts(stage) if i.keyword != "HEALTHCHECK"]
    words = [word for i in starts for word in (i.args if i.json else str(i.rest).split())]
    for position, word in enumerate(words):
        name = posixpath.basename(word)
        python = without_version(name) == "python" and not any(w in ("-m", "-c") for w in words[position:])
        scripts = [w for w in words[position + 1 :] if w.endswith(".py")]
        if name in _WORKSHOPS or (python and not words[position + 1 :]):
            yield starts[-1].span
        elif python or name.endswith(".py"):
            seen = scripts or [word]
            if not all(_is_read(facts, stage, starts[-1], script) for script in seen):
                yield starts[-1].span


def _is_read(facts: Facts, stage: Stage, start: Instruction, script: str) -> bool:
    """Whether a script is in the file or its context: all sources of the context are read."""
    if context_files.read(facts, stage, start, script) is not None:
        return True
    name = posixpath.basename(script)
    return any(posixpath.basename(path) == name for path, _ in context_files.sources(facts, (".py",)))


def _takes_context(facts: Facts, stage: Stage) -> bool:
    """Whether a stage, or one that it takes from, has files of the build context: else there is nothing to show."""
    found = (i for each in facts.graph.reachable(stage) for i in each.instructions)
    return any(local_sources(i) or any(m.type == "bind" and not m.from_ for m in mounts_of(i)) for i in found)


_NO_PROGRAM = regex(
    r"(?:[\w.*-]*requirements[\w.*-]*\.(?:txt|in)|.*\.(?:conf|cfg|ini|lock|list|pem|crt|key|md|json|txt|toml|ya?ml))"
)


def _copies_program(instruction: Instruction) -> bool:
    return any(not _NO_PROGRAM.fullmatch(source) for source in local_sources(instruction))


def _unread_of(facts: Facts, run: Run, operation: PackageOperation) -> Iterator[Span]:
    if operation.operation is not Operation.INSTALL:
        return
    if operation.ecosystem == "python":
        yield from requirements.asked(facts, run, operation).unread
    elif operation.requirement_files and not list(_installed(facts, run, operation)):
        yield operation.command.span
    if not operation.complete:
        yield operation.command.span
    folder = folder_of(operation.command, run, facts)
    if (operation.project or operation.editable) and requirements.of_project(facts, run, folder) is None:
        yield operation.command.span


def _runs_from(facts: Facts, stage: Stage, run: Run, operation: PackageOperation) -> bool:
    """Whether the program starts in a repository that was cloned."""
    final = facts.final_state(stage)
    started = [arg for i in stage.instructions if i.keyword in ("CMD", "ENTRYPOINT") for arg in i.args]
    name = operation.output.text if operation.output else ""
    for url in operation.urls if not name else ():
        name = posixpath.basename(url.text.rstrip("/")).removesuffix(".git")
    word = operation.output or (operation.urls[0]._replace(text=name) if operation.urls else None)
    path = joined(folder_of(operation.command, run, facts), value_of(word, run, facts)) if word else None
    if path is None or path == "/":
        return bool(operation.urls)
    below = [final.workdir or "", *(part for arg in started for part in arg.split())]
    found = final.values.get("PYTHONPATH") or ""
    return any((place + "/").startswith(path + "/") for place in (*below, *found.split(":")))


# --- tools that the start commands name --------------------------------------------------------------


def refuse_run_time_tools(facts: Facts, stage: Stage, *, dropped: frozenset[str]) -> None:
    """Refuse where a start command or a script it runs names a program that the final stage will not have.

    Raises:
        RefusedError: it does, or a script cannot be read.
    """
    dropped -= _asked_for(facts, stage)
    for instruction in _starts(stage):
        for program in _programs(facts, stage, instruction):
            name = posixpath.basename(program)
            if without_version(name) in dropped or name in dropped:
                message = f"{instruction.keyword} uses {name}, which only building seemed to need"
                raise RefusedError("tool-at-run-time", message, instruction.span)
    for path, source in context_files.sources(facts, (".py",)):
        if posixpath.basename(path) not in _BUILD_SCRIPTS:
            _refuse_started(path, source, stage, dropped)


def _asked_for(facts: Facts, stage: Stage) -> frozenset[str]:
    """Programs that toolchains bring, and that a package brings here because the author wants it."""
    asked = {
        p.name for run in _runs(facts, stage) for operation in run.operations for p in operation.packages
    }
    kept = {name for name in asked & _BROUGHT.keys() if build_only("apt", name) is None}
    return frozenset(word for name in kept for word in _BROUGHT[name].split())


def _refuse_started(path: str, source: bytes, stage: Stage, dropped: frozenset[str]) -> None:
    """Refuse where a source starts such a program, by name, in a list of words or a command line."""
    for found in _STARTED.finditer(source):
        for command in _BETWEEN.split(found[1].decode("utf-8", "replace")):
            name = posixpath.basename(command.strip().partition(" ")[0])
            if name in dropped and name not in _KEPT_FOR_SOURCES:
                message = f"{path} starts {name}, which only building seemed to need"
                raise RefusedError("tool-at-run-time", message, stage.from_.span)


_STARTED = regex(
    rb"(?:subprocess\.\w+|os\.system|os\.popen|Popen|check_call|check_output|which|os\.exec\w+|os\.spawn\w+)"
    rb"\s*\(\s*[\[(]?\s*[rfb]*[\"']+([^\"'\n]+)"
)
_BETWEEN = regex(r"[;&|]+")
# a compiler that a source names stays with its reason
_KEPT_FOR_SOURCES = frozenset({"gcc", "g++", "cc", "clang", "nvcc"})


def _starts(stage: Stage) -> Iterator[Instruction]:
    for link in stage.lineage():
        yield from (i for i in link.instructions if i.keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"))


def without_version(name: str) -> str:
    """A program's name as ``gcc`` is in ``gcc-12``."""
    return re.sub(r"[\d.-]+\Z", "", name)


def _tools(facts: Facts, stage: Stage) -> set[str]:
    """The programs that start commands and the scripts they run name, as far as they can be read."""
    found: set[str] = set()
    for instruction in _starts(stage):
        try:
            found |= {posixpath.basename(program) for program in _programs(facts, stage, instruction)}
        except RefusedError:
            # whoever must know all of them asks refuse_run_time_tools
            continue
    return found - {""}


def _programs(facts: Facts, stage: Stage, instruction: Instruction) -> Iterator[str]:
    """Programs that a start command runs, itself and through the script that it names."""
    if instruction.json:
        words = list(instruction.args)
        if words and words[0] == "CMD":
            words = words[1:]
        shell = bool(words) and posixpath.basename(words[0]) in SHELLS
        if shell and len(words) > 2 and words[1].startswith("-") and words[1].endswith("c"):
            yield from _script_programs(words[2].encode(), instruction)
        yield from words[:1]
        # python -m pip and the like: the module is a program too
        yield from (w for before, w in pairwise(words) if before == "-m")
        yield from _scripts(facts, stage, instruction, words)
    else:
        yield from _script_programs(instruction.rest.data.removeprefix(b"CMD "), instruction)
        yield from _scripts(facts, stage, instruction, str(instruction.rest).split())


def _unpackers(command: Command) -> Iterator[str]:
    """Programs that tar starts, told by its options and by names of archives."""
    words = [arg.text for arg in command.argv[1:]]
    short = [w for at, w in enumerate(words) if not w.startswith("--") and (w.startswith("-") or not at)]
    options = "".join(short)
    if "J" in options or any(w.endswith((".xz", ".txz")) for w in words):
        yield "xz"
    if "j" in options or any(w.endswith((".bz2", ".tbz", ".tbz2")) for w in words):
        yield "bzip2"


def _scripts(facts: Facts, stage: Stage, instruction: Instruction, words: list[str]) -> Iterator[str]:
    for word in words:
        places = [word] if "/" in word else [word, f"/usr/local/bin/{word}", f"/usr/bin/{word}", f"/{word}"]
        contents = (context_files.read(facts, stage, instruction, place) for place in places)
        content = next((c for c in contents if c is not None), None)
        if content is None and facts.context is not None and word.endswith((".sh", ".bash")):
            raise RefusedError(
                "script-unreadable", f"{word} is not found in the build context", instruction.span
            )
        if content is not None and (
            (content.startswith(b"#!") and b"sh" in content.split(b"\n", 1)[0])
            or word.endswith((".sh", ".bash"))
        ):
            yield from _script_programs(content, instruction)


def _script_programs(script: bytes, at: Instruction) -> Iterator[str]:
    found = analyse(Text(script, (0,), (0,)), "bash")
    if not found.understood:
        raise RefusedError("script-unreadable", f"what {at.keyword} runs is not understood", at.span)
    for command in found.commands:
        yield command.name
        yield from _unpackers(command) if command.name == "tar" else ()
        words = [arg.text for arg in command.argv]
        yield from (w for before, w in pairwise(words) if before == "-m")
