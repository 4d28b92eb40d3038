"""Signs that an image compiles: while it is built, when it runs, or in what cannot be read."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from imgtool.rule import (
    Command,
    Facts,
    Instruction,
    Operation,
    Package,
    PackageOperation,
    Run,
    Span,
    Stage,
    build_only,
    dataclass,
    levels,
    per_file,
    python_need,
    regex,
    source_build,
)

from ._commands import known

_BUILD = Operation.BUILD
_RUNFILE = Operation.RUNFILE
_INSTALL = Operation.INSTALL
_CLONE = Operation.CLONE


class When(enum.Enum):
    """When a compiler is at work. ``UNKNOWN``: it may be, in a script or a command that is not known here."""

    BUILD = enum.auto()
    RUN = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign. ``packages`` are enough for what compiles when the image runs, for the accelerator that is named."""

    when: When
    what: str
    span: Span
    packages: tuple[str, ...] = ()
    accelerator: str | None = None


# compilers and what drives them, without a version suffix
_BUILDS = frozenset(
    "nvcc gcc g++ cc c++ clang clang++ gfortran hipcc icpx icx dpcpp bisheng ccec atc msopgen "
    "make gmake cmake ninja meson scons bazel bazelisk cargo rustc configure autogen.sh autoreconf bootstrap.sh "
    "catkin_make catkin colcon swig cython".split()
)
# these move files about, fetch, print, or change accounts and settings
_HARMLESS = frozenset(
    ": [ [[ test true false cd pushd popd export set unset shopt source . trap exit eval umask read shift "
    "echo printf cat tee head tail cut tr wc sort uniq sed awk gawk grep egrep fgrep find xargs ls pwd du df stat date "
    "mkdir rm rmdir cp mv ln touch chmod chown chgrp install mktemp truncate split basename dirname readlink realpath "
    "tar unzip zip gunzip gzip zcat xz unxz bunzip2 bzip2 zstd unzstd 7z "
    "curl wget aria2c git git-lfs svn rsync gpg gpgv apt-key apt-mark apt-cache apt-config add-apt-repository "
    "debconf-set-selections dpkg-reconfigure dpkg-query rpm ldconfig update-alternatives alternatives "
    "update-ca-certificates update-ca-trust locale-gen update-locale localedef "
    "useradd groupadd usermod groupmod adduser addgroup userdel passwd chpasswd "
    "sha256sum sha512sum md5sum sha1sum uname arch nproc id whoami which command type hash sleep sync env "
    "ssh-keygen systemctl service lsb_release jq strip jupyter "
    "huggingface-cli hf modelscope hf_transfer aws gsutil".split()
)
_VERSION = regex(r"-[\d.]+\Z")
_PROGRAM = regex(r"[\w.+/-]+")
# read by builds of CUDA extensions alone
_SETTINGS = frozenset(
    "TORCH_CUDA_ARCH_LIST FORCE_CUDA CUDACXX CUDAHOSTCXX CUDAARCHS NVCC_PREPEND_FLAGS MAX_JOBS".split()
)
_SYSTEM = {"deb": "apt", "apk": "apk", "rpm": "dnf"}
# what a fork puts before the name
_OWN = regex(r"\A[a-z]+[-_]")
_FROM_SOURCE = ("no-binary", "--no-binary", "--no-build-isolation")
_STARTS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_SPEAKS = _STARTS | {"ONBUILD", "ENV", "ARG"}


@per_file
def signs(facts: Facts) -> tuple[Sign, ...]:
    """Everything in the image that ships that speaks for a compiler."""
    return tuple(_signs(facts))


def _signs(facts: Facts) -> Iterator[Sign]:
    for stage in facts.shipped:
        for instruction in stage.instructions:
            if instruction.keyword in _SPEAKS:
                yield from _of_instruction(instruction)
        for run in facts.runs(stage):
            for part in run.script.opaque:
                yield Sign(When.UNKNOWN, "what is not understood", part.span)
            operations = {id(o.command): o for o in run.operations}
            for command in run.script.commands:
                operation = operations.get(id(command))
                if operation is not None or command.name not in _HARMLESS:
                    yield from _of_command(command, operation, run, facts)


def runs(seen: Iterable[Sign]) -> list[Sign]:
    """The signs of a compiler that works when the image runs."""
    return [sign for sign in seen if sign.when is When.RUN]


def unread(seen: Iterable[Sign], stages: Iterable[Stage], facts: Facts) -> bool:
    """Whether more may be installed than is read: by requirement files, projects, scripts and unknown commands."""
    return any(sign.when is When.UNKNOWN for sign in seen) or any(
        operation.requirement_files or operation.project or operation.editable or _is_local(operation)
        for stage in stages
        for run in facts.runs(stage)
        for operation in run.operations
    )


def _is_local(operation: PackageOperation) -> bool:
    return any(package.source == "path" for package in operation.packages)


def _of_instruction(instruction: Instruction) -> Iterator[Sign]:
    if instruction.keyword == "ONBUILD":
        yield Sign(When.UNKNOWN, "ONBUILD", instruction.word.span)
    elif instruction.keyword in ("ENV", "ARG"):
        for word in instruction.words:
            name = word.text.partition("=")[0]
            if name in _SETTINGS:
                yield Sign(When.BUILD, name, word.span)
    elif instruction.keyword in _STARTS:
        yield from _of_start(_PROGRAM.findall(" ".join(instruction.args)), instruction.span)


def _of_start(words: Sequence[str], span: Span) -> Iterator[Sign]:
    """Compilers anywhere in what starts, and a package that compiles as the program or after ``-m``."""
    for before, word in pairwise(["-m", *words]):
        name = _program(word)
        if name in _BUILDS:
            yield Sign(When.RUN, name, span)
        elif before == "-m":
            yield from _of_need(name.partition(".")[0], (), span)


def _program(word: str) -> str:
    name = word.rpartition("/")[2]
    return _VERSION.sub("", name) if "-" in name else name


def _of_command(
    command: Command, operation: PackageOperation | None, run: Run, facts: Facts
) -> Iterator[Sign]:
    name = _program(command.name)
    if name in _BUILDS:
        yield Sign(When.BUILD, name, command.argv[0].span)
    elif operation is not None:
        yield from _of_operation(operation)
        yield from _of_variables(operation, run, facts)
        yield from _of_clone(operation, run, facts)
    elif command.argv and name not in _HARMLESS and not _installs_pip(command):
        yield Sign(When.UNKNOWN, command.argv[0].text, command.argv[0].span)
        if command.argv[0].text.startswith("$"):
            # PIP_INSTALL="pip install …", and then packages by name
            for arg in command.args:
                yield from _of_source(arg.text, arg.span)


def _installs_pip(command: Command) -> bool:
    return bool(command.args) and command.args[0].text.rpartition("/")[2] == "get-pip.py"


def _of_operation(operation: PackageOperation) -> Iterator[Sign]:
    program = operation.command.argv[0].span
    if operation.operation is _BUILD:
        yield Sign(When.BUILD, f"{operation.manager} {operation.verb}".strip(), program)
    elif operation.operation is _RUNFILE:
        yield Sign(When.UNKNOWN, operation.command.argv[0].text, program)
    elif operation.operation is _INSTALL:
        from_source = operation.editable or operation.has(*_FROM_SOURCE)
        # setup.py compiles what a wheel would hold
        if from_source or operation.manager == "python":
            yield Sign(When.BUILD, f"{operation.manager} {operation.verb}", program)
        if not operation.complete:
            yield Sign(When.UNKNOWN, f"{operation.manager} {operation.verb}", program)
        for word in operation.editable:
            yield from _of_source(word.text, word.span)
        for package in operation.packages:
            yield from _of_package(operation, package)


def _of_variables(operation: PackageOperation, run: Run, facts: Facts) -> Iterator[Sign]:
    """Wheels that stand in variables."""
    if operation.operation is _INSTALL and operation.ecosystem == "python":
        for arg in operation.command.args:
            file = known(arg.text, run, facts).rpartition("/")[2] if "$" in arg.text else ""
            if file.endswith(".whl"):
                yield from _of_need(file.partition("-")[0], (), arg.span)


def _of_clone(operation: PackageOperation, run: Run, facts: Facts) -> Iterator[Sign]:
    """Repositories of what compiles when it runs."""
    if operation.operation is _CLONE:
        for url in operation.urls:
            name = known(url.text, run, facts).rstrip("/").rpartition("/")[2].removesuffix(".git")
            yield from _of_need(name, (), url.span)


def _of_package(operation: PackageOperation, package: Package) -> Iterator[Sign]:
    if operation.ecosystem == "python":
        yield from _of_python_package(package)
    elif operation.ecosystem == "conda":
        yield from _of_need(package.name, package.extras, package.span)
    elif operation.ecosystem in _SYSTEM:
        tool = build_only(_SYSTEM[operation.ecosystem], package.name)
        if tool is not None and tool.kind != "headers":
            yield Sign(When.BUILD, package.name, package.span)


def _of_python_package(package: Package) -> Iterator[Sign]:
    wheel = package.raw.rstrip("\"'").endswith(".whl")
    project = source_build(package.name, "") if package.name else None
    if not wheel and (package.source != "index" or (project and project.sdist)):
        yield Sign(When.BUILD, package.name or package.raw, package.span)
    if package.name:
        yield from _of_need(package.name, package.extras, package.span)
    elif package.source != "index":
        yield from _of_source(package.raw.strip("\"'"), package.span)


def _of_source(source: str, span: Span) -> Iterator[Sign]:
    """A project by its folder, or by the repository of an archive (``…/Theano/archive/master.zip``), or a fork of it."""
    name = source.partition("/archive/")[0].rstrip("/").rpartition("/")[2]
    named = next((n for n in (name, _OWN.sub("", name)) if python_need(n)), None)
    if named is not None:
        yield from _of_need(named, (), span)


def _of_need(name: str, extras: tuple[str, ...], span: Span) -> Iterator[Sign]:
    need = python_need(name, extras)
    level = next((n for n in levels(need.accelerator) if n.name == need.level), None) if need else None
    if level is not None and (level.deb or level.name in ("devel", "toolkit")):
        yield Sign(When.RUN, name, span, level.deb, level.accelerator)
