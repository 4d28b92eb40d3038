"""The shell scripts of a Dockerfile as ShellCheck reads them, with the way back into the file.

What ShellCheck gets is what the shell gets: the words of BuildKit's own reading, continuation lines joined, comments
between them gone, ``<<-`` stripped. Above it stand :data:`PRELUDE_LINES` lines that tell it of the shell and of the
variables that the build sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from imgtool.edits import Span
from imgtool.facts.facts import DEFAULT_SHELL, Facts, Run
from imgtool.facts.scope import State
from imgtool.facts.shell import exec_script
from imgtool.facts.shell_words import Source, without_tabs
from imgtool.facts.stages import Stage
from imgtool.families import system
from imgtool.families.model import ShellName
from imgtool.lint.shellcheck.dialect import (
    Directives,
    Pragma,
    Shell,
    directives,
    named,
    pragmas,
    taking_file,
    taking_string,
)
from imgtool.regex import regex
from imgtool.syntax.nodes import Comment, Heredoc, Text
from imgtool.syntax.source import decode
from imgtool.values import NamedTuple

PRELUDE_LINES = 3

MAX_SCRIPT = 1 << 15
"""Bytes of the longest script that is checked: ShellCheck's time grows with the square of a script's length."""


class Snippet(NamedTuple):
    """A script and where it stands. ``data`` is what ShellCheck reads.

    ``split`` are variables whose known value the shell splits into words. ``exact``: a change of the script can be
    made in the file as it is.
    """

    source: Source
    data: bytes
    split: frozenset[str]
    exact: bool


def snippets(facts: Facts) -> Iterator[Snippet]:
    """The scripts of a file's RUN instructions, in order; those of unknown shells and too long ones are left out."""
    marks = [c for c in facts.document.comments if c.text.startswith("shellcheck")]
    settings = _Settings(tuple(pragmas(facts)), marks, {})
    relinked: dict[Stage, bool] = {}
    for stage in facts.stages:
        bash = bool(stage.parent and relinked[stage.parent])
        for run in facts.runs(stage):
            here = _Here(run, facts.state(run.instruction), "bash" if bash else _sh(facts, stage))
            yield from _of_run(here, settings)
            bash = bash or _links_bash(run)
        relinked[stage] = bash


class _Settings(NamedTuple):
    """What a file's comments say. ``scopes`` keeps variables by their scope, which many a RUN shares."""

    pragmas: Sequence[Pragma]
    marks: Sequence[Comment]
    scopes: dict[int, dict[str, str | None]]


class _Here(NamedTuple):
    """A RUN, what it sees, and the program that /bin/sh is there."""

    run: Run
    state: State
    sh: ShellName | None


class _Found(NamedTuple):
    """A script before it is dressed up for ShellCheck."""

    source: Source
    shell: Shell | None
    exact: bool = True


def _of_run(here: _Here, settings: _Settings) -> Iterator[Snippet]:
    at = here.run.instruction
    said = directives([m for m in settings.marks if m in at.comments or at.span.holds(m.span)])
    for found in _scripts(here, settings):
        source, inner = _headed(found.source)
        shell = _said(inner.shell or said.shell, found.shell, here.sh)
        data = source.data
        if shell and data.strip() and len(data) <= MAX_SCRIPT and not _CLEAN.fullmatch(data):
            known = _variables(data, _scope(here.state, settings))
            lines = _prelude(shell, data, known, (*said.disable, *inner.disable))
            split = frozenset(name for name, value in known.items() if value and not _PLAIN.fullmatch(value))
            yield Snippet(source, lines + _text(data), split, found.exact)


def _scope(state: State, settings: _Settings) -> dict[str, str | None]:
    scope = settings.scopes.get(id(state.values))
    if scope is None:
        scope = settings.scopes[id(state.values)] = dict(state.values)
    return scope


def _said(name: str, shell: Shell | None, sh: ShellName | None) -> Shell | None:
    """The shell that runs a script, but with the dialect that a directive names."""
    if not name:
        return shell
    dialect = named(name, sh)
    return Shell(dialect, errexit=bool(shell and shell.errexit)) if dialect else None


def _text(data: bytes) -> bytes:
    return data if data.isascii() else decode(data).encode()


# chains of programs that ShellCheck knows nothing of, with words in which nothing is special: three in ten scripts
# are such, and a seventh of its time
PROGRAMS = (
    "apk apt apt-get apt-mark cargo cmake conda corepack curl dnf gem git go groupadd ldconfig locale-gen make mamba"
    " microdnf micromamba ninja npm npx pip pip3 pipx pnpm poetry python python3 rpm tdnf touch unzip"
    " update-alternatives update-ca-certificates useradd uv wget yarn yum zypper"
)
_WORD = r"(?!(?:do|done|then|else|elif|fi|esac|if|for|while|until|case|in|function|select|time)(?![^\s&]))[\w./:@%+,-][\w./:@%+,=-]*"
_COMMAND = rf"(?:{'|'.join(PROGRAMS.split())})(?:[ \t]++{_WORD})*+[ \t]*+"
_CLEAN = regex(rf"\s*{_COMMAND}(?:&&[ \t]*{_COMMAND})*\s*".encode())


# --- which scripts ---------------------------------------------------------------------------------------


def _scripts(here: _Here, settings: _Settings) -> Iterator[_Found]:
    run = here.run
    node = run.instruction.inner or run.instruction
    documents = run.instruction.heredocs
    text = run.script.text
    if node.json:
        found = exec_script(node)
        if found:
            yield _Found(found.source, taking_string(found.words, here.sh), exact=False)
    elif documents and text.data.startswith(b"#!") and text.offset(0) >= documents[0].body.start:
        first, _, _ = text.data.partition(b"\n")
        words = decode(first[2:]).split()
        yield _Found(Source(text.slice(len(first) + 1, len(text.data))), taking_file(words, here.sh))
    else:
        yield _Found(Source(text), _shell(here, settings.pragmas))
        if len(documents) == 1 and node.rest.data != text.data:
            yield from _inner(node.rest, documents[0], here.sh)


def _shell(here: _Here, given: Sequence[Pragma]) -> Shell | None:
    """The shell that gets a RUN in shell form as a string."""
    words = _pragma(here, given) if given else ()
    if words:
        return taking_string(words if "-c" in words else (*words, "-c"), here.sh)
    return taking_string(here.state.shell or DEFAULT_SHELL, here.sh)


def _pragma(here: _Here, given: Sequence[Pragma]) -> tuple[str, ...]:
    """The words of the pragma that holds here: the last one since the last SHELL of the stage, else the file's."""
    stage, at = here.run.stage, here.run.instruction.span.start
    shells = [i.span.start for i in stage.instructions if i.keyword == "SHELL" and i.span.start < at]
    since = shells[-1] if shells else stage.from_.span.start
    for pragma in reversed(given):
        if since < pragma.start < at or (pragma.above_stages and not here.state.shell_set):
            return pragma.words
    return ()


_PLAIN_WORDS = regex(rb"[\w./=\s-]+")
_MARKER = regex(rb"(?<!\d)\d*+<<-?\s*[^\s;&|<>()]+")
# what the outer shell would replace before the inner one reads it
_REPLACED = regex(rb"[$`\\]")


def _inner(rest: Text, document: Heredoc, sh: ShellName | None) -> Iterator[_Found]:
    """The here-document that ``bash <<EOF`` reads as its script, where the outer shell leaves it as it is."""
    words = _MARKER.sub(b" ", rest.data)
    if not _PLAIN_WORDS.fullmatch(words) or (document.expand and _REPLACED.search(document.content)):
        return
    body = Text(document.content, (0,), (document.body.start,))
    yield _Found(
        Source(without_tabs(body) if document.chomp else body), taking_file(words.decode().split(), sh)
    )


def _sh(facts: Facts, stage: Stage) -> ShellName | None:
    base = facts.base(stage)
    known = base and system(base)
    return known.sh if known else None


_SH = ("/bin/sh", "/usr/bin/sh")


def _links_bash(run: Run) -> bool:
    """Whether a RUN makes bash the system's sh, as many Dockerfiles do."""
    return any(
        c.name == "ln" and len(c.args) > 2 and c.args[-1].text in _SH and c.args[-2].text.endswith("bash")
        for c in run.script.commands
    )


# --- what ShellCheck is told -----------------------------------------------------------------------------

_NAME = regex(rb"(?<![\w])[A-Za-z_]\w*")
_PLAIN = regex(r"[\w.,:/@%+=~-]+")
# BuildKit hands them to every RUN
_PROXIES = frozenset("http_proxy https_proxy ftp_proxy no_proxy all_proxy".split())
_PROXIES_TOO = _PROXIES | {name.upper() for name in _PROXIES}
# only where the flow of values or of control may matter is it followed, which takes time
_FLOWS = regex(rb"[$`(]|\b(?:exit|exec|return|read|trap)\b")
_SHEBANGS = {"busybox": "sh"}


def _variables(data: bytes, values: Mapping[str, str | None]) -> dict[str, str | None]:
    """The variables of the build that a script names, with their values where they are known."""
    names = sorted({name.decode() for name in _NAME.findall(data)})
    known = {name: values[name] for name in names if name in values}
    return known | {name: None for name in names if name in _PROXIES_TOO and name not in known}


def _prelude(shell: Shell, data: bytes, known: Mapping[str, str | None], disable: Sequence[str]) -> bytes:
    """Three lines. A variable with a value that is one word is told so: unquoted, it is as good as quoted."""
    name = _SHEBANGS.get(shell.dialect, shell.dialect)
    shebang = f"#!/bin/{name}{' -e' if shell.errexit else ''}"
    says = [f"shell={shell.dialect}", *(f"disable={codes}" for codes in disable)]
    if not _FLOWS.search(data):
        says.append("extended-analysis=false")
    plain = [f"{n}=1" for n, value in known.items() if value and _PLAIN.fullmatch(value)]
    others = [n for n, value in known.items() if not (value and _PLAIN.fullmatch(value))]
    sets = [f"export {' '.join(plain)}"] if plain else []
    if others:
        sets.append(f"read -r {' '.join(others)}; export {' '.join(others)}")
    return f"{shebang}\n# shellcheck {' '.join(says)}\n{'; '.join(sets)}\n".encode()


_HEAD = regex(rb"(?:[ \t]*(?:#[^\n]*)?\n)+")
_HEAD_LINE = regex(rb"^[ \t]*#[ \t]*(shellcheck)([ \t][^\n]*)", re.MULTILINE)


def _headed(source: Source) -> tuple[Source, Directives]:
    """A script without the directives at its head, and those: below the prelude they would hold for one command."""
    head = _HEAD.match(source.data)
    if head is None or b"shellcheck" not in head[0]:
        return source, Directives()
    lines = list(_HEAD_LINE.finditer(head[0]))
    data = bytearray(source.data)
    for line in lines:
        data[slice(*line.span(1))] = b"-" * len(line[1])
    said = directives([Comment(decode(line[1] + line[2]).strip(), Span(0, 0), 0) for line in lines])
    return source._replace(text=source.text._replace(data=bytes(data))), said


# --- and back --------------------------------------------------------------------------------------------


class Lines:
    """Finds the byte of a script that a line and column of ShellCheck's mean."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *(found.end() for found in re.finditer(rb"\n", data))]

    def index(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1, of what ShellCheck has read; what lies outside is moved inside."""
        number = max(line - PRELUDE_LINES - 1, 0)
        if number >= len(self._starts):
            return len(self._data)
        start = self._starts[number]
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self._data)
        text = self._data[start:end]
        if text.isascii():
            return min(start + column - 1, end)
        before = text.decode("utf-8", "surrogateescape")[: column - 1]
        return start + len(before.encode("utf-8", "surrogateescape"))
