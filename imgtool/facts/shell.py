"""RUN instructions and shell scripts as the commands they run."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from imgtool.edits import Span
from imgtool.facts import shell_chain, shell_plain
from imgtool.facts.argv import basename
from imgtool.facts.commands import SCRIPT_STRING, Arg, Assignment, Command, Opaque, Redirect, Script
from imgtool.facts.shell_flow import Outcome
from imgtool.facts.shell_place import Place, Shell, Simple
from imgtool.facts.shell_walk import Walk
from imgtool.facts.shell_words import Source, Word, join, without_tabs
from imgtool.facts.wrappers import POSIX_SHELLS, SHELLS, unwrap
from imgtool.regex import regex
from imgtool.syntax.nodes import Heredoc, Instruction, Text
from imgtool.syntax.source import decode
from imgtool.values import NamedTuple, maker

_new_script, _new_source = maker(Script), maker(Source)
_NO_ESCAPES = Source._field_defaults["escapes"]

__all__ = [
    "SCRIPT_STRING",
    "Arg",
    "Assignment",
    "Command",
    "GivenScript",
    "Opaque",
    "Redirect",
    "Script",
    "analyse",
    "exec_script",
    "run_script",
    "with_programs",
]


def analyse(text: Text, dialect: str = "sh") -> Script:
    """The commands of a script that ``dialect`` runs. Never raises: what is not understood is opaque."""
    return _script(Source(text), _Started(dialect))


def run_script(
    run: Instruction, shell: tuple[str, ...], heredocs: tuple[Heredoc, ...] | None = None
) -> Script:
    """The commands of a RUN under the SHELL in effect.

    ``heredocs`` are those of the instruction; an ONBUILD holds them for the RUN inside it. Never raises.
    """
    documents = run.heredocs if heredocs is None else heredocs
    if run.json:
        return _exec_form(run)
    if len(documents) == 1 and _ONLY_HEREDOC.fullmatch(run.rest.data):
        source = Source(_body(documents[0]))
        if source.data.startswith(b"#!"):
            return _shebang(source)
    else:
        source = _new_source((_with_bodies(run.rest, documents) if documents else run.rest, _NO_ESCAPES))
    return _shell_form(source, shell)


def with_programs(script: Script, values: Mapping[str, str | None]) -> Script:
    """The script with the programs that stand in variables of the build by name (``$PIP install``).

    The words of such a program keep the place of the variable.
    """
    for command in script.commands:
        if not command.name and command.argv:
            break
    else:  # as nearly always
        return script
    assigned = {a.name for command in script.commands for a in command.assignments}
    commands = (_with_program(c, values, assigned) if not c.name and c.argv else c for c in script.commands)
    return script._replace(commands=tuple(commands))


_ONE_VARIABLE = regex(r"\"?\$(?:(\w+)|\{(\w+)\})\"?")
# a program, with plain words behind it
_PROGRAM = regex(r"[\w./+-]+(?: [\w./+=-]+)*")


def _with_program(command: Command, values: Mapping[str, str | None], assigned: Collection[str]) -> Command:
    found = _ONE_VARIABLE.fullmatch(command.argv[0].raw)
    variable = found and (found[1] or found[2])
    value = values.get(variable) if variable and variable not in assigned else None
    if value is None or not _PROGRAM.fullmatch(value):
        return command
    _, raw, start, end, _, _ = command.argv[0]
    words = tuple(Arg(text, raw, start, end, literal=True) for text in value.split())
    return command._replace(name=basename(words[0]), argv=(*words, *command.argv[1:]))


# BuildKit's own test for a RUN that is one here-document and nothing else
_ONLY_HEREDOC = regex(rb"\s*\d*<<-?\s*[^<\s]+\s*")
_SHEBANG = regex(rb"#![ \t]*(\S+)(?:[ \t]+([^\r\n]*[^\s]))?")


def _script(source: Source, shell: _Started) -> Script:
    drafts = shell_plain.read(source)
    if drafts:
        chain = shell_chain.chain(drafts, shell.wrappers, pipefail=shell.pipefail)
        if chain is not None:
            operators = frozenset([draft.ended_by for draft in drafts if draft.ended_by])
            return _new_script((source.text, shell.name, tuple(chain), (), operators))
    walk = Walk(Shell(shell.errexit, shell.pipefail))
    place = Place(source, wrappers=shell.wrappers, posix=shell.name in POSIX_SHELLS)
    if drafts is None:
        outcome = walk.parsed(source, place, top=True)
    else:
        outcome = walk.listed(drafts, source, place, top=True)
    return _finished(walk, outcome, source.text, shell.name)


def _finished(walk: Walk, outcome: Outcome, text: Text, dialect: str) -> Script:
    return Script(text, dialect, walk.finish(outcome), tuple(walk.opaque), frozenset(walk.operators))


def _unknown(text: Text, dialect: str, reason: str) -> Script:
    return Script(text, dialect, (), (Opaque(text.span(0, len(text.data)), reason),), frozenset())


def _body(heredoc: Heredoc) -> Text:
    """A here-document's lines as BuildKit hands them on."""
    whole = Text(heredoc.content, (0,), (heredoc.body.start,))
    return without_tabs(whole) if heredoc.chomp else whole


def _with_bodies(rest: Text, heredocs: Sequence[Heredoc]) -> Text:
    """The script that BuildKit puts together where the shell is to read the here-documents."""
    parts = [rest]
    for heredoc in heredocs:
        parts.append(Text(b"\n", (0,), (max(heredoc.body.start - 1, 0),)))
        parts.append(Text(heredoc.content, (0,), (heredoc.body.start,)))
        parts.append(Text(heredoc.name.encode("utf-8", "replace"), (0,), (heredoc.terminator.start,)))
    return join(parts)


def _shebang(source: Source) -> Script:
    """A here-document that is run as a file."""
    found = _SHEBANG.match(source.data)
    words = [part.decode("utf-8", "replace") for part in found.groups(b"")] if found else []
    argv = [_given(text) for part in words for text in part.split()]
    unwrapped = unwrap(argv)
    name = basename(argv[unwrapped.start]) if unwrapped.start < len(argv) else ""
    if name not in SHELLS or unwrapped.shell.program is not None:
        return _unknown(source.text, name, f"a program for {name or 'another interpreter'}")
    return _script(source, _Started(name, unwrapped.shell.errexit, unwrapped.shell.pipefail))


def _given(text: str) -> Arg:
    """A word that does not stand in this instruction."""
    return Arg(text, text, 0, 0, literal=True)


class _Started(NamedTuple):
    """The shell that reads a script, how it is started, and the programs that start it."""

    name: str
    errexit: bool = False
    pipefail: bool = False
    wrappers: tuple[str, ...] = ()
    known: bool = True


def _started(shell: tuple[str, ...]) -> _Started:
    """What a SHELL instruction names."""
    if [text.rpartition("/")[2] for text in shell] == ["_dockerfile_shell.sh"]:
        shell = _MICROMAMBA
    words = [_given(text) for text in (*shell, "")]
    unwrapped = unwrap(words)
    options = unwrapped.shell
    known = unwrapped.script == len(shell)
    name = basename(words[unwrapped.start])
    return _Started(name, options.errexit, options.pipefail, unwrapped.names[:-1], known)


_known = lru_cache(maxsize=64)(_started)


def _shell_form(source: Source, shell: tuple[str, ...]) -> Script:
    # a cache holds nothing large
    started = _known(shell) if sum(map(len, shell)) < 100 else _started(shell)
    if not started.known:
        name = started.name
        return _unknown(source.text, name, f"{name or 'the shell'} is not a shell that is known here")
    return _script(source, started)


# what the shell of mambaorg/micromamba images comes to
_MICROMAMBA = ("bash", "-o", "pipefail", "-c")

# --- exec form ---------------------------------------------------------------------------------------

_JSON_STRING = regex(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_JSON_PIECE = regex(
    rb"(?P<plain>[^\\]+)|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.",
    re.DOTALL,
)


def _exec_form(run: Instruction) -> Script:
    words = _json_words(run)
    walk = Walk()
    if not words:
        return Script(run.rest, "", (), (), frozenset())
    span = Span(words[0].arg.span.start, words[-1].arg.span.end)
    args = [word.arg for word in words]
    unwrapped = unwrap(args)
    name = basename(args[unwrapped.start]) if unwrapped.script is not None else ""
    place = Place(Source(run.rest), posix=name in POSIX_SHELLS)
    outcome = walk.run(Simple(tuple(words), (), (), span), tuple(args), unwrapped, place)
    return _finished(walk, outcome, run.rest, name)


class GivenScript(NamedTuple):
    """A script that is an operand: ``words`` are those before it, which start the shell."""

    words: tuple[str, ...]
    source: Source


def exec_script(run: Instruction) -> GivenScript | None:
    """The script that a RUN in exec form gives to a shell as a string; None where it gives none."""
    words = _json_words(run)
    index = unwrap([word.arg for word in words]).script
    if index is None:
        return None
    return GivenScript(tuple(word.arg.text for word in words[:index]), words[index].source)


def _json_words(run: Instruction) -> list[Word]:
    return [_json_word(run.rest, found) for found in _JSON_STRING.finditer(run.rest.data)]


def _json_word(rest: Text, found: re.Match[bytes]) -> Word:
    """A JSON string as a word without quoting of its own."""
    texts: list[Text] = []
    escapes: dict[int, int] = {}
    for piece in _JSON_PIECE.finditer(rest.data, *found.span(1)):
        if piece["plain"]:
            texts.append(rest.slice(*piece.span()))
            continue
        value = str(json.loads(b'"%s"' % piece[0])).encode("utf-8", "replace")
        last = rest.offset(piece.end() - 1)
        escapes[last] = rest.offset(piece.start())
        texts += [Text(bytes([byte]), (0,), (last,)) for byte in value]
    source = Source(join(texts), escapes)
    arg = Arg(decode(source.data), decode(found[0]), *rest.span(*found.span()), literal=True)
    return Word(arg, source, 0, len(source.data), None)
