"""What CMake installs, taken over from a folder of its own: ``DESTDIR=/install cmake --install build``.

Only where it is certain that nothing else of the build ships. The lists of the context must not do anything but build
and install, the build folder is out of the sources, and nothing speaks of it. The sources stay, as they were copied.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence

from imgtool.edits import Span
from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run, local_sources
from imgtool.regex import regex
from imgtool.rewrite import context_files
from imgtool.rewrite.commands import folder_of, joined, value_of
from imgtool.rewrite.kinds import Kind
from imgtool.rewrite.placement import BUILDS, PYTHON, Work
from imgtool.rewrite.prefixes import Place, below, is_inside, refuse_dependent, writes
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.runs import Segment
from imgtool.values import dataclass

FILES = "/install"
FOLDER = "/installed"

_DOCUMENTS = (".md", ".rst", ".cmake", "CMakeLists.txt", "Dockerfile", ".dockerignore", ".gitignore")
# neither write to other folders than the build's nor run anything
_KNOWN = frozenset(
    "cmake_minimum_required project set unset option message if elseif else endif foreach endforeach list string math "
    "find_package find_library find_path enable_language enable_testing add_test add_library add_executable "
    "add_subdirectory add_compile_options add_compile_definitions add_definitions add_link_options include_directories "
    "link_directories link_libraries target_link_libraries target_include_directories target_compile_features "
    "target_compile_options target_compile_definitions target_link_options target_link_directories target_sources "
    "set_target_properties set_property get_target_property include install cmake_policy mark_as_advanced "
    "pybind11_add_module python_add_library nanobind_add_module cuda_add_library cuda_add_executable".split()
)
_COMMAND = regex(rb"(?m)^[ \t]*(\w+)[ \t]*\(")
_COMMENT = regex(rb"#[^\n]*")
_ELSEWHERE = regex(
    rb"OUTPUT_DIRECTORY|BINARY_DIR|LINK_DEPENDS|\b(?:CODE|SCRIPT)\b|include\s*\(\s*(?!GNUInstallDirs\b)"
)
_MAKE = frozenset({"make", "gmake", "ninja", "ninja-build"})
_USE = frozenset({Kind.BUILD, Kind.QUERY, *PYTHON})
_SETS = frozenset({"chmod", "chown"})


@dataclass(frozen=True, slots=True)
class Installs:
    """``commands`` install; of the RUNs ``filling`` folders for them, the final stage runs ``replayed`` alone."""

    commands: tuple[Span, ...]
    filling: frozenset[Instruction]
    replayed: frozenset[Segment]


def installs(facts: Facts, works: Sequence[Work], later: Sequence[Instruction]) -> Installs:
    """What installs, if all that is built in these RUNs is what CMake installs; ``later`` are instructions behind.

    Raises:
        RefusedError: something else is built, or something else of it may ship.
    """
    trees, commands, replayed = dict[str, None](), list[Span](), set[Segment]()
    filling = frozenset(w.run.instruction for w in works if any(k in BUILDS - PYTHON for _, k in w.items))
    for work in works:
        apart = work.run.instruction not in filling
        for segment, kind in work.items:
            place = Place(facts, work.run, segment)
            if commands and kind in _USE:
                raise place.refused("something may use what was installed before")
            if kind is Kind.BUILD:
                trees[_built(place, trees)] = None
            elif kind is Kind.INSTALL:
                _refuse_no_installation(place, trees)
                commands.append(segment.span)
            elif kind in BUILDS and not (apart and kind in PYTHON):
                raise place.refused("something is built that is not installed")
            elif writes(place, kind, apart=apart) and not _is_done(place, trees):
                _refuse_dependent(place)
                replayed.add(segment)
    if not commands:
        raise RefusedError(
            "strategy", "nothing that is built here is installed", works[-1].run.instruction.span
        )
    _refuse_lists(facts, commands[0])
    for tree in trees:
        _refuse_shipped(facts, works, later, tree)
    return Installs(tuple(commands), filling, frozenset(replayed))


def _is_done(place: Place, trees: Iterable[str]) -> bool:
    """Whether a command is about what does not ship, or is what is done behind the copy."""
    return place.command.name == "ldconfig" or is_inside(place, trees)


# --- commands ----------------------------------------------------------------------------------------


def _built(place: Place, trees: Collection[str]) -> str:
    """The build folder of a command that builds in one, which is not that of the sources.

    Raises:
        RefusedError: it builds elsewhere, or it is not known where.
    """
    command = place.command
    if len(place.segment.commands) != 1 or command.context:
        raise place.refused("something is built in a construct")
    words = [arg.text for arg in command.args]
    folder = folder_of(command, place.run, place.facts)
    if command.name == "cmake" and "--build" not in words:
        tree, source = _configured(command, place.run, place.facts)
        plain = tree and source and not below(source, tree)
        if not plain or not tree or any("OUTPUT_DIRECTORY" in w or w.startswith("-P") for w in words):
            raise place.refused("it is not known where this builds")
        _refuse_foreign(place, source or "/")
        return tree
    given = _behind(command, "--build" if command.name == "cmake" else "-C", place.run, place.facts)
    tree = joined(folder, given if given is not None else ".")
    if command.name not in _MAKE | {"cmake"} or tree not in trees:
        raise place.refused("something is built that CMake did not set up")
    return tree or ""


def _refuse_foreign(place: Place, source: str) -> None:
    """Refuse sources that are not those of the context."""
    facts, run = place.facts, place.run
    read = context_files.read(facts, run.stage, run.instruction, f"{source}/CMakeLists.txt")
    brought = (i for stage in run.stage.lineage() for i in stage.instructions if i.keyword in ("COPY", "ADD"))
    foreign = (
        _target(facts, i) for i in brought if i.flag("from") or len(local_sources(i)) < len(i.args) - 1
    )
    if read is None or any(path is None or below(path, source) for path in foreign):
        raise place.refused("what CMake does here is not known")


def _target(facts: Facts, instruction: Instruction) -> str | None:
    """Where a COPY or ADD puts files."""
    state = facts.state(instruction)
    return joined(state.workdir, state.expand(instruction.args[-1], facts.document.escape))


def _configured(command: Command, run: Run, facts: Facts) -> tuple[str | None, str | None]:
    """The build folder and that of the sources of ``cmake [-S SOURCE] [-B BUILD] [SOURCE]``."""
    folder = folder_of(command, run, facts)
    tree, source = (_behind(command, option, run, facts) for option in ("-B", "-S"))
    valued = {"-B", "-S", "-G", "-D", "-A", "-T", "-C", "-U"}
    words = command.args
    operands = [
        word
        for at, word in enumerate(words)
        if not word.text.startswith("-") and words[at - 1].text not in valued
    ]
    if source is None and operands:
        source = value_of(operands[-1], run, facts)
    return joined(folder, tree or "."), joined(folder, source or ".")


def _behind(command: Command, option: str, run: Run, facts: Facts) -> str | None:
    """The value of an option, in a word of its own or in the same."""
    for at, word in enumerate(command.args):
        if word.text == option and at + 1 < len(command.args):
            return value_of(command.args[at + 1], run, facts)
        if not option.startswith("--") and word.text.startswith(option) and word.text != option:
            return word.text.removeprefix(option) if word.literal else None
    return None


def _refuse_no_installation(place: Place, trees: dict[str, None]) -> None:
    command = place.command
    plain = len(place.segment.commands) == 1 and not command.context and not command.wrappers
    option = {"cmake": "--install" if "--install" in {a.text for a in command.args} else "--build"}
    given = _behind(command, option.get(command.name, "-C"), place.run, place.facts)
    tree = joined(folder_of(command, place.run, place.facts), given if given is not None else ".")
    root = place.facts.state(place.run.instruction).user in (None, "root", "0")
    if not plain or not root or tree not in trees or b"DESTDIR" in place.facts.document.data:
        raise place.refused("this installation cannot be sent to another folder")


def _refuse_dependent(place: Place) -> None:
    """Refuse files that a command makes of others, or owners and modes of such that were not copied from outside."""
    refuse_dependent(place, ())
    copied = tuple(_copied(place))
    if place.command.name in _SETS and not all(
        path and any(below(path, folder) for folder in copied) for path in place.paths()
    ):
        raise place.refused("owners or modes of what is built are set")


def _copied(place: Place) -> Iterator[str]:
    """Where files of the context are put before a command."""
    facts = place.facts
    for stage in place.run.stage.lineage():
        for instruction in stage.instructions:
            if local_sources(instruction) and instruction.span.start < place.segment.span.start:
                path = _target(facts, instruction)
                yield from [path] if path else []


# --- what else may ship ------------------------------------------------------------------------------


def _refuse_lists(facts: Facts, span: Span) -> None:
    """Refuse lists that are not known to do nothing but build and install.

    Raises:
        RefusedError: there are such, or they cannot be read.
    """
    lists = dict(context_files.sources(facts, ("CMakeLists.txt", ".cmake")))
    texts = [_COMMENT.sub(b"", text) for text in lists.values()]
    names = {name.decode("ascii", "replace").lower() for text in texts for name in _COMMAND.findall(text)}
    if not context_files.all_read(facts) or not texts or names - _KNOWN:
        raise RefusedError("strategy", "what CMake does here is not known", span)
    if any(_ELSEWHERE.search(text) for text in texts):
        raise RefusedError("strategy", "CMake may write files beside the build folder", span)


def _refuse_shipped(facts: Facts, works: Sequence[Work], later: Sequence[Instruction], tree: str) -> None:
    """Refuse a build folder that is not removed, where something speaks of it."""
    runs = [work.run for work in works]
    runs += [run for run in facts.runs(works[-1].run.stage) if run.instruction in later]
    for run in runs:
        for command in run.script.commands:
            words = [value_of(word, run, facts) for word in command.args]
            paths = [joined(folder_of(command, run, facts), word) for word in words]
            if command.name == "rm" and not command.context and any(p and below(tree, p) for p in paths):
                return
    data, name = facts.document.data, posixpath.basename(tree).encode()
    texts = [data[i.span.start : i.span.end] for i in later]
    texts += [text for path, text in context_files.sources(facts, ("",)) if not path.endswith(_DOCUMENTS)]
    if any(name + b"/" in text or tree.encode() in text for text in texts):
        message = f"something may use {tree} when the image runs"
        raise RefusedError("strategy", message, works[-1].run.instruction.span)


# --- text --------------------------------------------------------------------------------------------


def collect() -> str:
    """The builder's last instruction: what was installed goes to its place, so that what it lacks there is known."""
    return f"""\
# what was installed goes to its place, too; libraries that it does not find here either
RUN mkdir {FOLDER} && cp -a {FILES}/. / && ldconfig && cd {FILES} \\
 && find . -type f \\( -name '*.so*' -o -perm /111 \\) -print0 > {FOLDER}/programs \\
 && cd / && {{ {_UNRESOLVED} || [ $? = 1 ]; }} > {FOLDER}/missing"""


_UNRESOLVED = f"{{ xargs -0r ldd < {FOLDER}/programs 2>&1 || true; }} | grep 'not found'"


def copy(builder: str) -> str:
    """The instruction that takes what was installed over."""
    return f"COPY --from={builder} {FILES}/ /"


def check(builder: str) -> str:
    """The instruction behind it: the linker learns of it; fails where a library is missing that the builder has."""
    return f"""\
# fails where a library is missing that was found in the builder
RUN --mount=type=bind,from={builder},source={FOLDER},target={FOLDER} \\
    ldconfig && cd / && missing="$({_UNRESOLVED} | grep -vxFf {FOLDER}/missing || [ $? = 1 ])" \\
 && echo "$missing" && [ -z "$missing" ]"""
