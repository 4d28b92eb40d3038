"""What leads from one file to another by name: links, interpreters of scripts, Python's environments and path files,
and the programs that shell scripts run.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterator

from imgtool.facts.shell import analyse
from imgtool.syntax.nodes import Text
from imgtool.values import dataclass
from imgtool.verify.config import program
from imgtool.verify.model import CheckResult, Difference, Dropped, Image, Kind, Node, Weight, result
from imgtool.verify.python import added_folders

NAME = "scripts"
#: Linux reads so much of a ``#!`` line.
_MAX_LINE = 256
_MAX_TEXT = 1 << 20
#: Shell scripts that start one another.
_MAX_SCRIPTS = 200
_MAX_SCRIPT = 1 << 18
_SHELLS = ("sh", "bash", "dash", "ash")
#: Scripts that are there to be read.
_EXAMPLES = "/usr/share/doc/"
_SOURCING = (".", "source")
_SITES = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class _Lead:
    """Somewhere that a file leads to: a path, or the name of a program."""

    to: str
    message: str


def check(before: Image, after: Image, dropped: Dropped) -> CheckResult:
    """Compare where the files of both images lead to: what was there for a file must be there for it still."""
    found: list[Difference] = []
    looked_at = 0
    for path, node in after.tree.nodes.items():
        was = before.tree.nodes.get(path)
        leads = _leads(after, path, node) if was is not None and was.kind is node.kind else ()
        for lead in leads:
            looked_at += 1
            lost = _reached(before, lead)
            if lost and not _reached(after, lead):
                rule = dropped(lost) if node.kind is Kind.LINK else None
                found.append(Difference(NAME, Weight.FAIL, path, lead.message, rule, lost))
    found += _programs(before, after)
    return result(NAME, tuple(found), f"{looked_at:,} links, interpreters and search paths")


def _reached(image: Image, lead: _Lead) -> str | None:
    return image.tree.resolve(lead.to) if "/" in lead.to else program(image, [lead.to])


def _leads(image: Image, path: str, node: Node) -> Iterator[_Lead]:
    if node.kind is Kind.LINK:
        target = posixpath.join(posixpath.dirname(path), node.target)
        yield _Lead(target, f"the link leads to {node.target}, which is missing")
    elif node.kind is Kind.FILE:
        if (node.mode or 0) & 0o111 and not path.startswith(_EXAMPLES):
            yield from _shebang(image.tree.read_at(node, 0, _MAX_LINE))
        reader = _reader(path)
        if reader:
            text = image.tree.read_at(node, 0, _MAX_TEXT).decode("utf-8", "surrogateescape")
            yield from reader(posixpath.dirname(path), text)


def _shebang(head: bytes) -> Iterator[_Lead]:
    if not head.startswith(b"#!"):
        return
    words = head[2:].split(b"\n", 1)[0].decode("utf-8", "surrogateescape").split()
    for to in _interpreters(words):
        yield _Lead(to, f"its interpreter {to} is missing, so it does not start")


def _interpreters(words: list[str]) -> Iterator[str]:
    """The program of a ``#!`` line, and the one that it starts where it is env."""
    if not words or not words[0].startswith("/"):
        return
    yield words[0]
    if posixpath.basename(words[0]) == "env":
        rest = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        yield from rest[:1]


# --- Python ---------------------------------------------------------------------------------------------


def _reader(path: str) -> Callable[[str, str], Iterator[_Lead]] | None:
    folder, _, name = path.rpartition("/")
    if name == "pyvenv.cfg":
        return _environment
    if not folder.endswith(_SITES):
        return None
    if name.endswith(".pth"):
        return _path_file
    if name.endswith(".egg-link"):
        return _egg_link
    return _finder if name.startswith("__editable__") and name.endswith(".py") else None


def _environment(_: str, text: str) -> Iterator[_Lead]:
    """``pyvenv.cfg``: where the interpreter of a virtual environment lies."""
    pairs = (line.partition("=") for line in text.splitlines())
    values = {key.strip(): value.strip() for key, _, value in pairs}
    for key in ("home", "executable"):
        if values.get(key, "").startswith("/"):
            yield _Lead(values[key], f"{key} of the environment is {values[key]}, which is missing")


def _path_file(folder: str, text: str) -> Iterator[_Lead]:
    """Lines of a ``.pth`` file are folders, as :mod:`site` has it, or imports."""
    for line in added_folders(text):
        yield _Lead(posixpath.join(folder, line), f"it adds {line} to sys.path, which is missing")


def _egg_link(folder: str, text: str) -> Iterator[_Lead]:
    line = text.partition("\n")[0].strip()
    if line:
        yield _Lead(posixpath.join(folder, line), f"the project is installed from {line}, which is missing")


def _finder(_: str, text: str) -> Iterator[_Lead]:
    """The finder of an editable installation, which holds its packages' folders as constants."""
    try:
        found = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for value in found:
        if isinstance(value, str) and value.startswith("/") and "\0" not in value:
            yield _Lead(value, f"a package is imported from {value}, which is missing")


# --- programs that scripts run --------------------------------------------------------------------------


def _programs(before: Image, after: Image) -> Iterator[Difference]:
    """Programs that the start commands run, themselves and through the shell scripts that they name."""
    seen: set[str] = set()
    todo = [("", script) for script in _start_scripts(after)]
    while todo and len(seen) < _MAX_SCRIPTS:
        path, text = todo.pop()
        for name, words in _commands(text):
            yield from _missing(before, after, path, name, words)
            for word in words:
                place = program(after, [word]) or (after.tree.resolve(word) if word.startswith("/") else None)
                if place and place not in seen:
                    seen.add(place)
                    todo += [(place, script) for script in _script(after, place, sourced=name in _SOURCING)]


def _missing(before: Image, after: Image, path: str, name: str, words: list[str]) -> Iterator[Difference]:
    found = program(before, [name])
    if found and program(after, [name]) is None:
        message = f"it runs {name}, which is {found} in the first image and missing in the second"
        yield Difference(NAME, Weight.FAIL, path or None, message, lost=found)
    for word in words:
        if (
            word.startswith("/")
            and word != name
            and before.tree.resolve(word)
            and not after.tree.resolve(word)
        ):
            weight = Weight.FAIL if name in _SOURCING else Weight.WARN
            message = f"{name} gets {word}, which is missing"
            yield Difference(NAME, weight, path or None, message, lost=word)


def _start_scripts(image: Image) -> Iterator[bytes]:
    """The start commands as shell code: what a shell gets is code already."""
    health = image.config.get("Healthcheck")
    test = (health.get("Test") or []) if isinstance(health, dict) else []
    for argv in (image.config.get("Entrypoint"), image.config.get("Cmd"), test[1:]):
        words = [word for word in argv or () if isinstance(word, str)]
        if test and argv == test[1:] and test[0] == "CMD-SHELL":
            yield from (word.encode("utf-8", "surrogateescape") for word in words[:1])
        elif len(words) > 2 and posixpath.basename(words[0]) in _SHELLS and words[1].endswith("c"):
            yield words[2].encode("utf-8", "surrogateescape")
        elif words:
            yield " ".join(map(_quoted, words)).encode("utf-8", "surrogateescape")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _commands(script: bytes) -> Iterator[tuple[str, list[str]]]:
    """Each program of a shell script with its words; what is not understood runs nothing that is known."""
    for command in analyse(Text(script, (0,), (0,)), "bash").commands:
        words = [arg.text for arg in command.argv if arg.literal and "\0" not in arg.text]
        yield from ((wrapper, []) for wrapper in command.wrappers)
        if words and command.argv[0].literal:
            yield words[0], words


def _script(image: Image, path: str, *, sourced: bool) -> Iterator[bytes]:
    """The text of a shell script; nothing where a file is none."""
    data = image.tree.read(path, _MAX_SCRIPT) or b""
    words = data[:_MAX_LINE].partition(b"\n")[0].decode("utf-8", "replace").removeprefix("#!").split()
    if sourced or (data.startswith(b"#!") and any(posixpath.basename(word) in _SHELLS for word in words)):
        yield data
