"""What the program needs at run time beyond files: compilers for packages that compile while they run, and
tools that its start commands, scripts and sources name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

from imgtool.edits import Span
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.shell import analyse
from imgtool.facts.stages import Stage
from imgtool.families.needs import Need, python_need
from imgtool.regex import regex
from imgtool.rewrite import context_files, requirements
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax.nodes import Instruction, Text
from imgtool.values import dataclass

# nvcc and its companions are in every toolchain image and in no other
TOOLKIT_TOOLS = frozenset({"nvcc", "cuobjdump", "nvprune", "cuda-gdb", "nsys", "ncu"})

# a source that compiles device code while it runs; setup.py and its like compile while they build
_COMPILES_DEVICE_CODE = regex(
    rb"cpp_extension\.load|load_inline\s*\(|\bNVRTC\b|[\"']nvcc\b|numba\.cuda|from\s+numba\s+import\s+cuda"
)
_COMPILES_HOST_CODE = regex(
    rb"torch\.compile\s*\(|import\s+triton|from\s+triton\b|[\"'](?:gcc|g\+\+|cc)[\"' ]|\bcffi\b|\bpyximport\b"
)
_BUILD_SCRIPTS = ("setup.py", "build.py", "conftest.py")

_NEEDS_COMPILER = "cc"
_NEEDS_TOOLKIT = frozenset({"jit", "devel", "toolkit"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What must stay in the final stage, each with the reason, or None.

    ``compiler`` is one for C, ``toolkit`` one for device code, ``cuda_libraries`` those that Python packages do not
    bring. ``unread`` are the places of what could not be read, ``tools`` programs that start commands name.
    """

    compiler: str | None = None
    toolkit: str | None = None
    cuda_libraries: str | None = None
    unread: tuple[Span, ...] = ()
    tools: tuple[str, ...] = ()


def of_stage(facts: Facts, stage: Stage) -> Needs:
    """The run-time needs of a stage's Python packages and sources.

    Raises:
        RefusedError: something needs the toolkit at run time, or cannot be read.
    """
    if facts.context is None and facts.local_sources:
        raise RefusedError(
            "context-unknown",
            "the build context is not known, so what the program needs at run time cannot be read (--context)",
            stage.from_.span,
        )
    compiler = _from_sources(facts, stage)
    for run in facts.runs(stage):
        for operation in run.operations:
            for need, name in _python_needs(facts, stage, run, operation):
                if need.level in _NEEDS_TOOLKIT:
                    raise RefusedError(
                        "compiles-at-run-time",
                        f"{name} compiles device code while it runs",
                        operation.command.span,
                    )
                if need.level == _NEEDS_COMPILER:
                    compiler = compiler or f"{name} compiles while it runs"
    return Needs(compiler)


def _from_sources(facts: Facts, stage: Stage) -> str | None:
    compiler = None
    for path, source in context_files.sources(facts, ".py"):
        if posixpath.basename(path) in _BUILD_SCRIPTS:
            continue
        if _COMPILES_DEVICE_CODE.search(source):
            raise RefusedError(
                "compiles-at-run-time", f"{path} compiles device code while it runs", stage.from_.span
            )
        if _COMPILES_HOST_CODE.search(source):
            compiler = compiler or f"{path} compiles while it runs"
    return compiler


def _python_needs(
    facts: Facts, stage: Stage, run: Run, operation: PackageOperation
) -> Iterator[tuple[Need, str]]:
    if operation.ecosystem != "python" or operation.operation is not Operation.INSTALL:
        return
    for package in operation.packages:
        need = python_need(package.name, package.extras)
        if need:
            yield need, package.name
    for requirement in required(facts, stage, run.instruction, operation):
        need = python_need(requirement.name, requirement.extras)
        if need:
            yield need, requirement.name


def required(
    facts: Facts, stage: Stage, instruction: Instruction, operation: PackageOperation
) -> tuple[requirements.Requirement, ...]:
    """What the requirement files of a pip command ask for.

    Raises:
        RefusedError: a file cannot be read, or holds what a wheelhouse cannot serve.
    """
    found: list[requirements.Requirement] = []
    for file in operation.requirement_files:
        data = context_files.read(facts, stage, instruction, file.text) if file.literal else None
        if data is None:
            raise RefusedError(
                "requirements-unreadable", f"{file.text} is not found in the build context", file.span
            )
        try:
            found += requirements.parse(data)
        except requirements.UnsupportedRequirementError as error:
            raise RefusedError("requirement", f"{file.text}: {error}", file.span) from None
    return tuple(found)


# --- tools that the start commands name --------------------------------------------------------------


def refuse_run_time_tools(facts: Facts, stage: Stage, *, dropped: frozenset[str]) -> None:
    """Refuse where a start command or a script it runs names a program that the final stage will not have.

    Raises:
        RefusedError: it does, or a script cannot be read.
    """
    for instruction in stage.instructions:
        if instruction.keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            _check(instruction, _programs(facts, stage, instruction), dropped)


def _check(at: Instruction, programs: Iterator[str], dropped: frozenset[str]) -> None:
    for program in programs:
        name = posixpath.basename(program)
        if re.sub(r"[\d.-]+\Z", "", name) in dropped or name in dropped:
            raise RefusedError(
                "tool-at-run-time", f"{at.keyword} uses {name}, which only building seemed to need", at.span
            )


def _programs(facts: Facts, stage: Stage, instruction: Instruction) -> Iterator[str]:
    """Programs that a start command runs, itself and through the script that it names."""
    if instruction.json:
        words = list(instruction.args)
        if words and words[0] == "CMD":
            words = words[1:]
        if len(words) == 3 and words[1].startswith("-") and words[1].endswith("c"):
            yield from _script_programs(words[2].encode(), instruction)
        yield from words[:1]
        # python -m pip and the like: the module is a program too
        yield from (w for before, w in pairwise(words) if before == "-m")
        yield from _scripts(facts, stage, instruction, words)
    else:
        yield from _script_programs(instruction.rest.data.removeprefix(b"CMD "), instruction)
        yield from _scripts(facts, stage, instruction, str(instruction.rest).split())


def _scripts(facts: Facts, stage: Stage, instruction: Instruction, words: list[str]) -> Iterator[str]:
    for word in words:
        places = [word] if "/" in word else [word, f"/usr/local/bin/{word}", f"/usr/bin/{word}", f"/{word}"]
        contents = (context_files.read(facts, stage, instruction, place) for place in places)
        content = next((c for c in contents if c is not None), None)
        if content is None and word.endswith((".sh", ".bash")):
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
        words = [arg.text for arg in command.argv]
        yield from (w for before, w in pairwise(words) if before == "-m")
