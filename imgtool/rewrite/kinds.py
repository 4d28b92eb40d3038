"""What kind of thing a command is, for the question where it must run.

Total and conservative: whatever is not in a table here or in the data is ``UNKNOWN``. A program, a file or a
construct is never judged by what it probably does.
"""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Iterable, Sequence
from itertools import pairwise

from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.packages import operations as packages_of
from imgtool.facts.shell import analyse
from imgtool.families.commands import program, script_file, sourced_file
from imgtool.regex import regex
from imgtool.rewrite import context_files, environments, python_code, python_packages
from imgtool.rewrite.commands import OWN_SHELL, earlier, is_setup_install, value_of
from imgtool.rewrite.commands import operations_of as operations_of  # noqa: PLC0414 - for those who have kinds
from imgtool.syntax.nodes import Text
from imgtool.transforms.runs import Segment
from imgtool.values import replace


class Kind(enum.StrEnum):
    """Kinds of commands; the value names the rule in ``--explain``.

    ``STATE`` changes the shell for what follows in the same RUN (cd, export, set). ``REPLAY`` changes the system
    the same way on either base (useradd, ldconfig, files of /etc), packages that cannot be taken apart among it.
    ``FILES`` moves, edits or makes other files (mkdir, cp, sed -i, tar), which earlier commands may have made: it
    goes wherever they go, so what is captured takes its effect along. ``FETCH`` brings files from elsewhere. ``PREFIX`` fills one folder with
    a whole environment (venv, conda). ``BUILD`` writes where it is told, or in place; ``INSTALL`` copies what was
    built to a prefix. ``CLEAN`` empties a cache of its own program. ``QUERY`` leaves nothing behind.
    """

    STATE = "state"
    SYSTEM_PACKAGES = "system-packages"
    PACKAGE_LISTS = "package-lists"
    REPLAY = "replay"
    FILES = "files"
    FETCH = "fetch"
    PYTHON_PACKAGES = "python-packages"
    PYTHON_PROJECT = "python-project"
    PREFIX = "prefix"
    BUILD = "build"
    INSTALL = "install"
    CLEAN = "clean"
    QUERY = "query"
    UNKNOWN = "unknown"


_PYTHON = regex(r"(?:python|pypy)[0-9.]*t?")
_SHELLS = frozenset("sh bash dash zsh ksh".split())
# start another program and change nothing about what it does to files
_TRANSPARENT = frozenset(
    "sudo doas env nice time timeout command exec eatmydata stdbuf ionice xvfb-run".split()
)
_NOWHERE = ("/dev/", "&")
_SYSTEM_FILES = ("/etc/", "/usr/share/keyrings/", "/usr/local/share/ca-certificates/", "/root/.ssh/")
_PACKAGE_CACHES = ("/var/lib/apt/lists", "/var/cache/apt", "/var/cache/yum", "/var/cache/dnf")
_SYSTEM = frozenset({Kind.SYSTEM_PACKAGES, Kind.PACKAGE_LISTS, Kind.REPLAY})
_PYTHON_KINDS = frozenset({Kind.PYTHON_PACKAGES, Kind.PYTHON_PROJECT})
_MADE = frozenset({Kind.PREFIX, Kind.BUILD, Kind.INSTALL})
# weakest first: what a construct with several kinds counts as
_ORDER = (Kind.QUERY, Kind.STATE, Kind.CLEAN, Kind.PACKAGE_LISTS, Kind.FILES, Kind.FETCH, Kind.REPLAY)
MAX_COMMANDS = 1_000
_MAX_DEPTH = 4


def kind(segment: Segment, run: Run, facts: Facts) -> Kind:
    """The kind of one item of a RUN's list. Never raises."""
    commands = segment.commands
    many = max(len(run.script.commands), len(facts.runs(run.stage))) > MAX_COMMANDS
    if not commands or not run.script.understood or many:
        return Kind.UNKNOWN
    found = [(command, _kind(command, run, facts)) for command in commands]
    if len(found) == 1:
        command, one = found[0]
        if not command.context and _TRANSPARENT.issuperset(command.wrappers):
            return one if one not in _PYTHON_KINDS or not command.wrappers else Kind.BUILD
    if _feeds_a_shell(commands):
        return Kind.UNKNOWN
    kinds = {one for _, one in found}
    if kinds <= {Kind.STATE, Kind.QUERY}:
        outside = any(one is Kind.STATE and not _is_own(command) for command, one in found)
        return Kind.STATE if outside else Kind.QUERY
    last = commands[-1] is run.script.commands[-1]
    return together(one for command, one in found if one is not Kind.STATE or not (last or _is_own(command)))


def together(kinds: Iterable[Kind]) -> Kind:
    """The kind of several commands that are placed as one: in an ``if``, a loop, a pipe, a script.

    Packages among them are then replayed or captured as a whole. A change of the system beside a build is
    ``UNKNOWN``: the first must be replayed, the second must not.
    """
    found = set(kinds) - {Kind.QUERY}
    if not found:
        return Kind.QUERY
    if len(found) == 1 and not found & (_PYTHON_KINDS | {Kind.SYSTEM_PACKAGES}):
        return found.pop()
    made = found & (_MADE | _PYTHON_KINDS)
    if found & {Kind.UNKNOWN, Kind.STATE} or (made and found & _SYSTEM):
        # STATE: the commands after it see what it changed, wherever the rest goes
        return Kind.UNKNOWN
    if made:
        return Kind.BUILD
    return Kind.REPLAY if found & _SYSTEM else max(found, key=_ORDER.index)


def _is_own(command: Command) -> bool:
    return bool(OWN_SHELL.intersection(command.context))


def _feeds_a_shell(commands: Iterable[Command]) -> bool:
    """``curl … | sh``: nobody can read here what runs."""
    return any(
        c.connector in ("|", "|&") and (c.name in _SHELLS or _PYTHON.fullmatch(c.name)) and not _script(c)
        for c in commands
    )


# --- one command -------------------------------------------------------------------------------------


def _kind(command: Command, run: Run, facts: Facts, depth: int = 0) -> Kind:
    """What one command does, its redirections among it."""
    if any(name.startswith("function ") for name in command.context):
        return Kind.UNKNOWN
    if not command.argv:
        one = Kind.STATE if command.assignments else Kind.QUERY
    elif not command.name:
        one = _behind_variable(command, run)
    else:
        one = _program(command, run, facts, depth)
    return _redirected(one, command)


def _redirected(one: Kind, command: Command) -> Kind:
    files = [
        r.target.text
        for r in (*command.redirects, *command.outer_redirects)
        if r.operator in (">", ">>", ">|", "&>", "&>>") and r.target
    ]
    written = [file for file in files if not file.startswith(_NOWHERE) and not file.isdigit()]
    if not written or one not in (Kind.QUERY, Kind.STATE):
        return one
    return Kind.REPLAY if all(file.startswith(_SYSTEM_FILES) for file in written) else Kind.FILES


def _behind_variable(command: Command, run: Run) -> Kind:
    """``$PIP_INSTALL x``, where the RUN says what the variable holds."""
    name = command.argv[0].raw.strip('"').removeprefix("$").strip("{}")
    values = [a.value for c in run.script.commands for a in c.assignments if a.name == name and not c.argv]
    words = values[0].text.split() if len(values) == 1 and values[0] and values[0].literal else []
    if not words:
        return Kind.UNKNOWN
    joined_up = " ".join(posixpath.basename(word) for word in words)
    return next((one for start, one in _VARIABLE_PROGRAMS if joined_up.startswith(start)), Kind.UNKNOWN)


# no step can take these apart, so each is captured or replayed as it stands
_VARIABLE_PROGRAMS = (
    ("apt-get install", Kind.REPLAY),
    ("apt install", Kind.REPLAY),
    ("git clone", Kind.FETCH),
    ("pip", Kind.BUILD),
    ("python -m pip", Kind.BUILD),
    ("python3 -m pip", Kind.BUILD),
)


def _program(command: Command, run: Run, facts: Facts, depth: int) -> Kind:
    if is_setup_install(command):
        return Kind.PYTHON_PROJECT if _active_system(command, run, facts) else Kind.BUILD
    operations = operations_of(command, run) or packages_of((command,))
    if len(operations) > 1:
        return Kind.UNKNOWN
    if operations:
        found = _of_operation(operations[0], run, facts)
        if found is not None and "uv run" in command.wrappers:
            return together((found, _of_program(command, run, facts, depth)))
        if found is not None:
            return found
    return _of_program(command, run, facts, depth)


def _active_system(command: Command, run: Run, facts: Facts) -> bool:
    return environments.active_prefix(command, run, facts) == environments.SYSTEM


def _of_program(command: Command, run: Run, facts: Facts, depth: int) -> Kind:
    words = tuple(arg.text for arg in command.args)
    verb = next((w for w in words if not w.startswith("-") and "=" not in w), "")
    # cmake -E has its verb in an option
    verb = words[0] if words[:1] == ("-E",) else verb
    if command.name == "exit":
        return Kind.QUERY if words and words[0].isdigit() and int(words[0][-3:]) else Kind.UNKNOWN
    if command.name in (".", "source"):
        return _sourced(command, run, facts, depth)
    code = _python_code(command)
    if code is not None:
        return Kind(python_code.kind(code))
    found = program(command.name, posixpath.basename(verb), words)
    if found is None:
        return _of_script(command, run, facts, depth)
    return _adjusted(Kind(found.kind), command, words, run, facts)


def _adjusted(one: Kind, command: Command, words: tuple[str, ...], run: Run, facts: Facts) -> Kind:
    """What a table cannot say of a program."""
    match command.name:
        case "make" | "gmake" | "ninja" | "ninja-build" | "cmake" if one is Kind.BUILD:
            return Kind.INSTALL if _installs(words) and _follows_rules(command, run, facts) else one
        case "awk" | "gawk" | "mawk" if any("system(" in w or "|" in w for w in words):
            return Kind.UNKNOWN
        case "awk" | "gawk" | "mawk" if any(">" in w for w in words):
            return Kind.FILES
        case "rm" if _all_below(words, _PACKAGE_CACHES):
            return Kind.PACKAGE_LISTS
        case "tar" | "bsdtar" if words and words[0].lstrip("-").startswith("t"):
            return Kind.QUERY
        case "find" if any(w in ("-exec", "-execdir", "-ok") for w in words):
            return _found(words)
    if one is Kind.FILES and _all_below(words, _SYSTEM_FILES):
        return Kind.REPLAY
    return one


def _all_below(words: Iterable[str], folders: tuple[str, ...]) -> bool:
    """Whether every path among the words of a command lies in one of some folders."""
    paths = [word for word in words if "/" in word and not word.startswith(("-", "s/", "/s/"))]
    return bool(paths) and all(path.startswith(folders) for path in paths)


_CHANGES_FILES = frozenset("rm chmod chown chgrp strip mv cp ln sed touch gzip ls grep cat echo sh".split())


def _found(words: Sequence[str]) -> Kind:
    """``find … -exec PROGRAM``."""
    programs = {posixpath.basename(b) for a, b in pairwise(words) if a in ("-exec", "-execdir", "-ok")}
    return Kind.FILES if programs <= _CHANGES_FILES - {"sh"} else Kind.UNKNOWN


_INSTALL_TARGET = regex(r"(?:[A-Za-z0-9]++[-_])?install(?:[-_/.]++[A-Za-z0-9]++)*+")


def _installs(words: Sequence[str]) -> bool:
    """Whether a target of make or ninja installs."""
    return any(_INSTALL_TARGET.fullmatch(word) for word in words)


_WRITE_MAKEFILES = frozenset("cmake configure autogen.sh meson bootstrap configure.sh Configure".split())


def _follows_rules(command: Command, run: Run, facts: Facts) -> bool:
    """Whether the makefile was written by a tool whose rules know DESTDIR.

    One of somebody's own may ignore it, and would then install to a place that nobody collects.
    """
    if command.name in ("cmake", "ninja", "ninja-build"):
        return True
    words = [arg.text.lower() for arg in command.args]
    own = any(word.startswith(("prefix=", "destdir=")) for word in words)
    return not own and any(c.name in _WRITE_MAKEFILES for _, c in earlier(facts, run, command))


# --- package managers --------------------------------------------------------------------------------

_SYSTEM_ECOSYSTEMS = frozenset({"deb", "rpm", "apk"})


def _of_operation(operation: PackageOperation, run: Run, facts: Facts) -> Kind | None:
    """The kind of what a package manager does; None where the table of programs knows it."""
    if operation.operation is Operation.QUERY:
        return None if operation.manager == "dpkg" else Kind.QUERY
    if operation.operation is Operation.OTHER:
        return None
    if operation.ecosystem in _SYSTEM_ECOSYSTEMS:
        return _of_system(operation)
    if operation.operation is Operation.CLEAN:
        return Kind.FILES if operation.ecosystem in ("go", "rust") else Kind.CLEAN
    if operation.ecosystem == "conda":
        return Kind.PREFIX
    if operation.ecosystem == "python":
        return _of_python(operation, run, facts)
    if operation.ecosystem in ("git", "http"):
        return _of_fetch(operation)
    return Kind.UNKNOWN if operation.operation is Operation.RUNFILE else Kind.BUILD


def _of_fetch(operation: PackageOperation) -> Kind:
    """A download; one whose text only fills a variable leaves nothing behind."""
    command = operation.command
    printed = not (operation.output or operation.has("--remote-name", "--remote-name-all"))
    return Kind.QUERY if operation.manager == "curl" and printed and _is_own(command) else Kind.FETCH


def _of_system(operation: PackageOperation) -> Kind:
    match operation.operation:
        case Operation.INSTALL if operation.packages and all(p.source == "index" for p in operation.packages):
            plain = "xargs" not in operation.command.wrappers
            return Kind.SYSTEM_PACKAGES if plain else Kind.UNKNOWN
        case Operation.REFRESH | Operation.CLEAN:
            return Kind.PACKAGE_LISTS
        case Operation.INSTALL | Operation.REMOVE | Operation.UPGRADE:
            return Kind.REPLAY
        case Operation.DOWNLOAD:
            return Kind.FETCH
    return Kind.UNKNOWN


def _of_python(operation: PackageOperation, run: Run, facts: Facts) -> Kind:
    """Whether a Python installation can go through wheels, fills a folder, or is captured as it stands."""
    command = operation.command
    if operation.operation is Operation.ENVIRONMENT:
        return Kind.PREFIX
    if operation.operation not in (Operation.INSTALL, Operation.UPGRADE):
        return (
            Kind.FETCH
            if operation.operation is Operation.DOWNLOAD and operation.verb != "wheel"
            else Kind.BUILD
        )
    if operation.targets:
        return Kind.PREFIX
    prefix = environments.prefix_of(command, operation, run, facts)
    if prefix is None or prefix:
        return Kind.PREFIX if prefix else Kind.BUILD
    if python_packages.unservable(run, operation, facts):
        return Kind.BUILD
    project = any(p.source == "path" for p in operation.packages)
    return Kind.PYTHON_PROJECT if project else Kind.PYTHON_PACKAGES


# --- scripts -----------------------------------------------------------------------------------------


def _script(command: Command) -> Arg | None:
    """The file that a shell or Python is told to run; None where it reads its input."""
    options = ("-", "+")
    return next((arg for arg in command.args if not arg.text.startswith(options)), None)


def _python_code(command: Command) -> str | None:
    """The text after ``python -c``, or of the here-document that Python reads."""
    if not _PYTHON.fullmatch(command.name):
        return None
    for before, word in pairwise(command.args):
        if before.text == "-c":
            return word.text
    bodies = [r.body for r in command.redirects if r.body is not None]
    if bodies and not [arg for arg in command.args if arg.text != "-"]:
        return bodies[-1].data.decode("utf-8", "replace")
    return None


def _sourced(command: Command, run: Run, facts: Facts, depth: int) -> Kind:
    if not command.args:
        return Kind.UNKNOWN
    named = sourced_file(posixpath.basename(command.args[0].text))
    return Kind(named.kind) if named else _read_script(command.args[0], run, facts, depth)


def _of_script(command: Command, run: Run, facts: Facts, depth: int) -> Kind:
    """A program in a file: known by its name, or read where the context is known."""
    if _PYTHON.fullmatch(command.name):
        return Kind(python_code.module_kind([arg.text for arg in command.args]))
    shell = command.name in _SHELLS
    word = _script(command) if shell else command.argv[0]
    if word is None or (not shell and "/" not in word.text and not word.text.endswith(".sh")):
        return Kind.UNKNOWN
    named = script_file(posixpath.basename(word.text))
    return Kind(named.kind) if named else _read_script(word, run, facts, depth)


def _read_script(word: Arg, run: Run, facts: Facts, depth: int) -> Kind:
    """The kind of a script of the build context, command by command."""
    path = value_of(word, run, facts)
    content = context_files.read(facts, run.stage, run.instruction, path) if path else None
    if content is None or depth >= _MAX_DEPTH or b"\0" in content:
        return Kind.UNKNOWN
    first = content.split(b"\n", 1)[0]
    if first.startswith(b"#!") and not _SHEBANG.match(first):
        return Kind.UNKNOWN
    script = analyse(Text(content, (0,), (0,)), "bash")
    if not script.understood or len(script.commands) > MAX_COMMANDS:
        return Kind.UNKNOWN
    inner = replace(run, script=script, operations=packages_of(script.commands))
    if _feeds_a_shell(script.commands):
        return Kind.UNKNOWN
    found = [_kind(command, inner, facts, depth + 1) for command in script.commands]
    # it has a shell of its own
    return together(one for one in found if one is not Kind.STATE)


_SHEBANG = regex(rb"#![ \t]*\S*(?:/env[ \t]+(?:-S[ \t]+)?)?(?:ba|da|z|k)?sh\b")
