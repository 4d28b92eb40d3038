"""Ownership or mode of files set where they are put, not in a later layer."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from imgtool.edits import Edit
from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.layers import Change, holds, layers
from imgtool.facts.paths import braces, covers, located, path, position
from imgtool.facts.placed import Content, is_large, is_program
from imgtool.facts.remembered import per_file
from imgtool.facts.stages import Stage, copy_source
from imgtool.findings import Applicability, Fix
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction
from imgtool.syntax.words import variables
from imgtool.transforms.commands import without
from imgtool.transforms.instructions import remove_instruction, set_flag
from imgtool.transforms.joined import joined
from imgtool.values import NamedTuple

# how many of the contents before a command are looked at
_HELD_BEFORE = 200
# of more copies than these no fix is looked for
_MOST = 20
_PROGRAMS = frozenset({"chown", "chgrp", "chmod"})
# folders of some text files
_SETTINGS = regex(
    r"/\.ssh|^/etc/|(?:^|[-_/])(?:scripts?|configs?|conf|patches|templates|common|tools?|ci)/?\Z"
)
_RECURSIVE = regex(r"-[A-Za-z]*R[A-Za-z]*\Z|--recursive\Z")
_OPTION = regex(r"-[A-Za-z-]")
_LETTER = regex(r"[A-Za-z]")
_OPTIONS = regex(r"-[Rvcfh]+\Z|--(?:recursive|verbose|changes|silent|quiet|no-dereference)\Z")
_WILDCARD = regex(r"[*?[]")
_OCTAL = regex(r"[0-7]{3,4}")
_NAME = r"(?:[A-Za-z_][\w-]*\$?|\d+|\$\w+|\$\{\w+\})"
_OWNER = regex(rf"({_NAME})?(?:([:.])({_NAME})?)?")
# folders that images hold files in; what lies below one of the last may be new
_HELD = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",  # noqa: S108 - a name in a table
    "/usr",
    "/var",
    "/workspace",
)
# instructions that put nothing into the image's tree and change nobody's rights
_HARMLESS = frozenset("ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD STOPSIGNAL".split())
_PARENTS = frozenset({"/", "/opt", "/srv", "/home", "/mnt", "/media"})


class Recursive(NamedTuple):
    """``chown -R WHO FOLDER`` and the like: the word for who or which mode, and those for folders."""

    command: Command
    flag: Arg
    value: Arg
    targets: tuple[Arg, ...]


class Recopy(NamedTuple):
    """A change of owner or mode that stores again what earlier layers hold.

    ``target`` is the first folder that the command names, ``hits`` are its words with what they change.
    """

    change: Change
    found: Recursive
    target: str | None
    hits: tuple[tuple[Arg, list[Content]], ...]

    @property
    def held(self) -> list[Content]:
        return [content for _, contents in self.hits for content in contents]

    @property
    def makers(self) -> list[Instruction]:
        """The instructions that put it there."""
        return list(dict.fromkeys(content.instruction for content in self.held))


def recopies(facts: Facts, stage: Stage) -> Iterator[Recopy]:
    """Those of a stage that ships, in order."""
    for change in layers(facts).changes if not _PROGRAMS.isdisjoint(facts.programs) else ():
        if change.run.stage is stage and change.held and _may_change(change.run):
            yield from _in_run(facts, change)


def _may_change(run: Run) -> bool:
    return not _PROGRAMS.isdisjoint([command.name for command in run.script.commands])


def _in_run(facts: Facts, change: Change) -> Iterator[Recopy]:
    stored: set[str] = set()
    for command, where in located(facts, change.run):
        found = recursive(command)
        if found is None or not command.unconditional:
            continue
        targets = [(word, path(facts, change.run, word, where)) for word in found.targets]
        # a second change in the same layer stores nothing again
        hits = [(word, _changed(facts, change, target, stored)) for word, target in targets]
        hits = [(word, held) for word, held in hits if held]
        stored.update(content.path for _, held in hits for content in held)
        if hits:
            yield Recopy(change, found, targets[0][1], tuple(hits))


def folded(facts: Facts, recopy: Recopy) -> Fix | None:
    """The change made where the files are: by COPY, or in the RUN directly before."""
    fold = _folded(facts, recopy.change, recopy.found, recopy.target, recopy.held) if recopy.target else None
    return fold or joined(facts, recopy.change.run, recopy.makers)


def _changed(facts: Facts, change: Change, target: str | None, stored: set[str]) -> list[Content]:
    """What earlier layers hold of a target, so far as it is worth a word."""
    return [
        c
        for c in change.held[-_HELD_BEFORE:]
        if target and _is_at(facts, change, target, c) and c.path not in stored and _counts(facts, c)
    ]


def _counts(facts: Facts, content: Content) -> bool:
    if _SETTINGS.search(content.path) or _SETTINGS.search(content.source) or "[" in content.source:
        # COPY file[s] takes what may not be there
        return False
    return content.tree or is_large(facts, content) or is_program(content)


def _is_at(facts: Facts, change: Change, target: str, content: Content) -> bool:
    if holds(target, content):
        return True
    # a folder below a copied one came with it, where no command makes it
    below = content.tree and content.command is None and target.startswith(content.path.rstrip("/") + "/")
    return below and content.path != "/" and not _is_made(facts, change.run, target)


def _is_made(facts: Facts, run: Run, target: str) -> bool:
    """Whether a command makes a folder, or one below it, by the time a RUN is over."""
    made = _made_folders(facts)
    if _WILDCARD.search(target):
        return any(covers(target, folder) for folder, _ in made)
    prefix = target.rstrip("/")
    for at in range(bisect_left(made, (prefix, 0)), len(made)):
        folder, start = made[at]
        if not folder.startswith(prefix):
            return False
        if covers(target, folder) and start <= run.instruction.span.start:
            return True
    return False


@per_file
def _made_folders(facts: Facts) -> list[tuple[str, int]]:
    """The folders that commands of the image that ships make, in order of their names, with the RUN's place."""
    runs = (run for stage in facts.shipped for run in facts.runs(stage))
    return sorted({(folder, run.instruction.span.start) for run in runs for folder in _mkdirs(facts, run)})


def _mkdirs(facts: Facts, run: Run) -> Iterator[str]:
    for command, where in located(facts, run):
        if command.name in ("mkdir", "install"):
            for word in command.args:
                yield from braces(path(facts, run, word, where) or "")


def recursive(command: Command) -> Recursive | None:
    """A recursive change of owner or mode; None where its words are not plain."""
    if command.name not in _PROGRAMS:
        return None
    flags = [word for word in command.args if _RECURSIVE.match(word.text)]
    operands = [word for word in command.args if not _OPTION.match(word.text)]
    if not flags or len(operands) < 2:
        return None
    return Recursive(command, flags[0], operands[0], tuple(operands[1:]))


def advice(facts: Facts, recopy: Recopy) -> str:
    """What to do, as part of a sentence."""
    found, copy = recopy.found, recopy.held[0].instruction
    if recopy.held[0].command is not None:
        return f"run {found.command.name} in the RUN that made it"
    flag = "chmod" if found.command.name == "chmod" else "chown"
    value = _flag_value(found, copy)
    use = f"use {copy.keyword} --{flag}" + (f"={value}" if value else "")
    if flag == "chmod" or not _comes_late(found, recopy.change, copy, facts):
        return use
    return f"create the user before {copy.keyword}, which fails without it, or take numeric ids, and {use}"


def _comes_late(found: Recursive, change: Change, copy: Instruction, facts: Facts) -> bool:
    """Whether a user or group that the command names is created after COPY."""
    if not _LETTER.search(found.value.text):
        return False
    start, end = copy.span.start, change.run.instruction.span.start
    runs = (run for stage in facts.shipped for run in facts.runs(stage))
    between = (run for run in runs if start < run.instruction.span.start < end)
    created = any(c.name in _CREATES for run in between for c in run.script.commands)
    return created or _creates_users(change.run, found.command)


# --- the fix -----------------------------------------------------------------------------------------


def _flag_value(found: Recursive, copy: Instruction) -> str | None:
    """What --chown or --chmod must be given for the same effect; None where that cannot be said."""
    text = found.value.text
    if found.command.name == "chmod":
        return text if _OCTAL.fullmatch(text) else None
    if found.command.name == "chgrp":
        return f"0:{text}" if re.fullmatch(_NAME, text) and not copy_source(copy) else None
    owner = _OWNER.fullmatch(text)
    if owner is None or (owner[2] and not owner[3]):
        return None
    user, group = owner[1], owner[3]
    if user and group:
        return f"{user}:{group}"
    # what the other half was before: COPY gives 0 to what comes from the context
    if copy_source(copy) or copy.flag("chown"):
        return None
    return f"{user}:0" if user else f"0:{group}"


def _folded(
    facts: Facts, change: Change, found: Recursive, target: str, held: Sequence[Content]
) -> Fix | None:
    """The change made by COPY; the command keeps the folder itself."""
    run = change.run
    if len(held) > _MOST:
        return None
    # small files behind them, too: they would keep the old owner; what is before, the tree mostly holds again
    behind = held[0].instruction.span.end
    small = [c for c in change.held if c.command is None and c.instruction.span.start > behind]
    also = [content for content in small if _is_at(facts, change, target, content)]
    copies = list(dict.fromkeys(content.instruction for content in (*held, *also)))
    options = [word for word in found.command.args if _OPTION.match(word.text)]
    if len(copies) != 1 or len(found.targets) != 1 or not all(_OPTIONS.match(o.text) for o in options):
        return None
    if _WILDCARD.search(target):
        # without -R the command would still store what the wildcard matches
        return None
    (copy,) = copies
    value = _flag_value(found, copy)
    if value is None or not _foldable(facts, run, found, copy, value):
        return None
    flag = "chmod" if found.command.name == "chmod" else "chown"
    doubt = _doubt(facts, change, found, target, copy)
    edits = (set_flag(copy, flag, value), *_kept(facts, run, found, target, copy))
    message = f"Let {copy.keyword} set it" + (f" (unsafe: {doubt})" if doubt else "")
    return Fix(message, edits, Applicability.UNSAFE if doubt else Applicability.SAFE)


def _foldable(facts: Facts, run: Run, found: Recursive, copy: Instruction, value: str) -> bool:
    """Whether COPY can do it at all: in the same stage, by an owner who is there, with the variables of the RUN."""
    body = run.stage.instructions
    if (
        copy.span.start < run.stage.from_.span.start
        or copy.keyword not in ("COPY", "ADD")
        or found.command.wrappers
    ):
        return False
    if copy.flag("link") or (copy.keyword == "ADD" and found.command.name == "chmod"):
        return False
    between = body[position(body, copy) + 1 : position(body, run.instruction)]
    if "$" in value and (
        any(i.keyword in ("ARG", "ENV") for i in between) or not _expands(facts, copy, value)
    ):
        return False
    if not found.value.literal and "$" not in value:
        return False
    creating = [r for r in facts.runs(run.stage) if r.instruction in between or r is run]
    return found.command.name == "chmod" or not any(_creates_users(r, found.command) for r in creating)


def _expands(facts: Facts, copy: Instruction, value: str) -> bool:
    """Whether COPY has the variables of a value."""
    values = facts.state(copy).values
    return all(variable.name in values for variable in variables(value, facts.document.escape))


_CREATES = frozenset({"useradd", "adduser", "groupadd", "addgroup", "usermod", "groupmod", "newusers"})


def _creates_users(run: Run, before: Command) -> bool:
    for command in run.script.commands:
        if command is before:
            return False
        if command.name in _CREATES or not command.name:
            return True
    return not run.script.understood


def _doubt(facts: Facts, change: Change, found: Recursive, target: str, copy: Instruction) -> str:
    """Why the tree may differ; empty where it does not."""
    kind = "mode" if found.command.name == "chmod" else "owner"
    run, body = change.run, change.run.stage.instructions
    at = position(body, copy)
    before, between = body[:at], body[at + 1 : position(body, run.instruction)]
    paths = [c.path for c in change.held if c.instruction is copy]
    if any(i.keyword not in _HARMLESS for i in between) or not _leads(run, found.command):
        return f"what other commands put there keeps its {kind}"
    if not any(covers(target, place) for place in paths):
        return f"all that COPY puts there gets the {kind}"
    if any(place != target for place in paths):
        return f"other files there keep their {kind}"
    base = facts.base(run.stage)
    if base is None or not base.known or target.startswith("//") or _is_held(target):
        return f"what the base image holds there keeps its {kind}"
    if any(i.keyword == "RUN" and target.encode() in i.rest.data for i in before):
        return f"what earlier commands put there keeps its {kind}"
    parent = target.rpartition("/")[0] or "/"
    if kind == "owner" and parent not in _PARENTS and facts.state(copy).workdir not in (target, parent):
        return "folders above that COPY makes get the owner too"
    return ""


def _leads(run: Run, command: Command) -> bool:
    """Whether only other changes of owner and mode come before it in its RUN."""
    for earlier in run.script.commands:
        if earlier is command:
            return True
        if earlier.name not in _PROGRAMS:
            return False
    return False


def _is_held(target: str) -> bool:
    return any(target == held or target.startswith(held + "/") for held in _HELD) and not target.startswith(
        "/usr/src/"
    )


def _kept(facts: Facts, run: Run, found: Recursive, target: str, copy: Instruction) -> tuple[Edit, ...]:
    """The command without -R, for the folder itself; nothing of it where COPY makes that."""
    document = facts.document
    alone = len(run.script.commands) == 1
    if alone and not _may_exist(facts, target, copy):
        return (remove_instruction(document, run.instruction),)
    flag = found.flag
    if flag.text in ("-R", "--recursive"):
        return (without(document.data, flag.span),)
    return (Edit(flag.span.start, flag.span.end, flag.text.replace("R", "")),)


def _may_exist(facts: Facts, target: str, copy: Instruction) -> bool:
    """Whether the folder may be there before COPY."""
    base = facts.base(facts.target) if facts.target else None
    if base is None or not base.known or _is_held(target) or target in _PARENTS:
        return True
    earlier = [i for stage in facts.shipped for i in stage.instructions if i.span.start < copy.span.start]
    if any(i.keyword == "WORKDIR" and (facts.state(copy).workdir or "/").startswith(target) for i in earlier):
        return True
    return any(
        i.keyword in ("RUN", "COPY", "ADD", "WORKDIR", "VOLUME") and target.encode() in i.rest.data
        for i in earlier
    )
