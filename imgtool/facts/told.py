"""What a Dockerfile's instructions leave in the history of an image, and which of them left what.

Builders spell the same instruction differently, as real builds with each of them show:

BuildKit   ``RUN |1 A=b /bin/sh -c make # buildkit``, ``COPY a /b # buildkit``, ``ENV A=b``
Docker's legacy builder   ``|1 A=b /bin/sh -c make``, ``/bin/sh -c #(nop) COPY file:4f… in /b``
Buildah, Podman   as the legacy builder, variables and lists as they stand in the file
Kaniko     ``RUN make``, and only what writes files
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from imgtool.facts.stages import Stage, triggers
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction
from imgtool.values import NamedTuple, dataclass

#: Instructions that can write files.
WRITERS = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
_KEYWORDS = frozenset(
    """ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME
    WORKDIR""".split()
)
_NOP = "#(nop)"
_BUILDKIT = " # buildkit"
_KANIKO = "kaniko"
#: What Docker's ``--squash`` says of the layer that it makes of a whole build.
_MERGED = "merge sha256:"
#: What Buildah says of a step that it wrote a layer for, or might have.
_ON = "FROM "

#: A shell's way of saying that a command follows.
_SHELL = regex(r"(?:^|\s)(?:-\w{1,12}|/[A-Za-z])(?:$| \$)")
#: The values of build arguments may hold blanks; the shell behind them is what tells where they end.
_WITH_ARGS = regex(
    r"\A\|\d{1,4} .{0,65536}? (?=(?:/\S{1,64}/)?(?:ba|z|da|a|k)?sh (?:-\w{1,12} (?:pipefail )?){0,4}-\w{0,8}c )"
)
_BEFORE_COMMAND = regex(
    r"\A(?:(?:/\S{1,64}/)?(?:ba|z|da|a|k)?sh|cmd|powershell|pwsh)(?:\.exe)? (?:[-/]\w{1,32} (?:pipefail )?){1,5}"
)
_FLAGS = regex(r"(?:--[a-z-]{1,32}(?:=\S{1,1024})? )+")
_COPIED = regex(r"(?:--[a-z]{1,16}=\S{1,1024} )*(?:file|dir|multi):[0-9a-f]{8,128} in (.*)")
#: What is not the same before and after variables are replaced and quotes are removed.
_LOOSE = regex(r"\$\{[^}]{0,1024}\}|\$\w{1,256}|[\"'\\]+")
_PRINTED = regex(r"\\+(?:[abfnrtv]|x[0-9a-f]{2})?|[][\"',]")


class Step(NamedTuple):
    """One line of a history. ``text`` is what follows the keyword, blanks joined; ``keyword`` is empty where it has none."""

    keyword: str
    text: str

    def __str__(self) -> str:
        text = self.text
        if self.keyword == "RUN":
            text = _BEFORE_COMMAND.sub("", _WITH_ARGS.sub("", text, count=1), count=1)
        return f"{self.keyword} {text}".strip()


@dataclass(frozen=True, slots=True)
class Told:
    """Which instruction left which step of a history, from its end as far as both fit.

    ``instructions`` has one for each step, None below where they part. ``below`` is how many steps are those of the
    base image; None where file and history do not fit, and ``why`` then says where they part.
    """

    instructions: tuple[Instruction | None, ...]
    below: int | None
    why: str | None = None


def read(entry: Mapping[str, Any]) -> Step:
    """Read one entry of an image's ``history``."""
    said = entry.get("created_by")
    text = " ".join(said.split()) if isinstance(said, str) else ""
    text = text.removesuffix(_BUILDKIT)
    before, nop, after = text.partition(_NOP)
    keyword, _, rest = (after.strip() if nop and len(before) < 256 else text).partition(" ")
    if keyword in _KEYWORDS:
        return Step(keyword, rest)
    return Step("RUN" if text and not nop else "", text)


def told(history: Sequence[Mapping[str, Any]], stage: Stage) -> Told:
    """Hold a history against the instructions of a stage and of those that it is FROM, last ones first."""
    found: list[Instruction | None] = [None] * len(history)
    kaniko = bool(history) and _is_kanikos(history[-1])
    at = len(history)
    for line in _lines(stage):
        entry = history[at - 1] if at and (not kaniko or _is_kanikos(history[at - 1])) else None
        if entry is not None and _fits(read(entry), line.told):
            at -= 1
            found[at] = line.at
        elif not (line.optional or (kaniko and line.told.keyword not in WRITERS)):
            # Kaniko can make one layer of them all, and says of it what it says of the last one's
            known = [None] * len(history) if kaniko else found
            return Told(tuple(known), None, _parting(None if entry is None else read(entry), line.at))
    if at and stage.root.reference == "scratch":
        first = stage.root.from_.start_line
        return Told(tuple(found), None, f"line {first} begins with nothing, and its history does not")
    return Told(tuple(found), at)


def _is_kanikos(entry: Mapping[str, Any]) -> bool:
    return entry.get("author") == _KANIKO


def holds_several(history: Sequence[Mapping[str, Any]], number: int) -> bool:
    """Whether the layer of a step holds what the steps before it wrote as well, as after ``--squash``."""
    entry = history[number]
    if str(entry.get("comment") or "").startswith(_MERGED) or read(entry).keyword not in WRITERS:
        return True
    for other in reversed(history[:number]):
        if not other.get("empty_layer"):
            return False
        keyword = read(other).keyword
        # what a RUN writes may be nothing; what is copied is something
        untold = keyword == "RUN" and _on(entry) and not _on(other)
        if untold or keyword in ("ADD", "COPY"):
            return True
    return False


def _on(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("comment") or "").startswith(_ON)


class _Line(NamedTuple):
    """An instruction that is ``told`` in a history; ``at`` is where it stands: a trigger stands in its ONBUILD."""

    told: Instruction
    at: Instruction
    optional: bool = False


def _lines(stage: Stage) -> Iterator[_Line]:
    """Last ones first. What not every builder tells of is optional."""
    for one in stage.lineage():
        for instruction in reversed(one.instructions):
            optional = instruction.keyword == "ONBUILD" or instruction.problem is not None
            yield _Line(instruction, instruction, optional)
        for trigger in reversed(triggers(one)):
            if trigger.inner:
                yield _Line(trigger.inner, trigger, optional=True)


def _parting(step: Step | None, instruction: Instruction) -> str:
    here = f"line {instruction.start_line}"
    if step is None:
        return f"its history ends before the {instruction.keyword} of {here}"
    if step.keyword == instruction.keyword:
        return f"its history has another {step.keyword} than {here}"
    return f"its history has {step.keyword or 'nothing known'} where {here} has {instruction.keyword}"


# --- one step and one instruction ----------------------------------------------------------------------------


def _fits(step: Step, instruction: Instruction) -> bool:
    if step.keyword != instruction.keyword:
        return False
    match step.keyword:
        case "RUN":
            return any(_runs(step.text, *form) for form in _commands(instruction))
        case "ADD" | "COPY":
            return _copies(step.text, instruction)
        case "WORKDIR":
            return _leads_to(step.text, " ".join(instruction.args))
        case "ENV" | "LABEL":
            return _names(step.text, instruction.args[::3])
        case "ARG":
            return _names(step.text, [word.partition("=")[0] for word in instruction.args])
        case "CMD" | "ENTRYPOINT":
            # a shell may stand before it
            return _bare(step.text).endswith(_bare(str(instruction.rest)))
    return True


def _commands(instruction: Instruction) -> Iterator[tuple[str, bool]]:
    """How the command of a RUN may be written, and whether a shell stands before it."""
    rest = str(instruction.rest)
    flags = " ".join(flag.raw for flag in instruction.flags)
    # as it stands: Kaniko says flags too, Buildah lists
    yield from ((rest, True), (f"{flags} {rest}", False), (rest, False))
    if instruction.json:
        yield " ".join(instruction.args), False
    if instruction.heredocs:
        bodies = [(doc.content.decode("utf-8", "surrogateescape"), doc.name) for doc in instruction.heredocs]
        yield bodies[0][0], True
        yield f"/dev/pipes/{bodies[0][1]}", True
        yield "\n".join([rest, *(body + name for body, name in bodies)]), True


def _runs(text: str, command: str, shell: bool) -> bool:
    joined = " ".join(command.split())
    if not text.endswith(joined):
        return False
    before = text.removesuffix(joined).strip()
    return _SHELL.search(before) is not None if shell else not before or before.startswith("|")


def _copies(text: str, instruction: Instruction) -> bool:
    digested = _COPIED.fullmatch(text)
    if digested:
        return _leads_to(digested[1], instruction.args[-1] if instruction.args else "")
    flags = _FLAGS.match(text)
    operands = text[flags.end() :] if flags else text
    return _like(operands, " ".join(instruction.args)) or _like(operands, str(instruction.rest))


def _leads_to(text: str, path: str) -> bool:
    """Whether a path is what another one, from the folder at hand and with its variables, leads to."""
    there, wanted = text.rstrip("/ "), posixpath.normpath(path).rstrip("/")
    while wanted.startswith("../"):
        wanted = wanted.removeprefix("../")
    if wanted in (".", ".."):
        return True
    # what a relative path starts from may be any folder
    return _like(there, wanted) or (not wanted.startswith("/") and _like(there, f"$FOLDER/{wanted}"))


def _like(text: str, pattern: str) -> bool:
    """Whether a text is a pattern with its variables replaced and its quotes removed."""
    joined = " ".join(pattern.split())
    first, *others = _LOOSE.split(joined)
    if not others or not text.startswith(first):
        return text == joined
    position = len(first)
    for piece in others[:-1]:
        position = text.find(piece, position) + len(piece)
        if position < len(piece):
            return False
    return text.endswith(others[-1]) and position + len(others[-1]) <= len(text)


def _bare(command: str) -> str:
    """What is the same of a command as it stands in a file, and as Go prints a list of words."""
    return _PRINTED.sub("", "".join(command.split()))


def _names(text: str, names: Sequence[str]) -> bool:
    """Whether all names stand in a text, in their order."""
    position = 0
    for name in names:
        bare = _LOOSE.sub("", name)
        position = text.find(bare, position)
        if position < 0:
            return False
        position += len(bare)
    return True
