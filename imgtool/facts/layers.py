"""What the layers of the image that ships hold, and what a later one takes back out of an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.paths import covers, path, workdir
from imgtool.facts.placed import Content, copied, made, may_make
from imgtool.facts.remembered import per_file
from imgtool.facts.scope import below
from imgtool.facts.stages import Stage, mounts_of
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction
from imgtool.values import NamedTuple, maker


class Deletion(NamedTuple):
    """A word of a command that takes away what earlier layers hold."""

    run: Run
    command: Command
    word: Arg
    contents: tuple[Content, ...]


class Change(NamedTuple):
    """A RUN of a stage that ships, what earlier layers held before it, and the commands that it ran."""

    run: Run
    held: tuple[Content, ...]


_change = maker(Change)


def shipped_instructions(facts: Facts) -> Iterator[tuple[Stage, Instruction]]:
    """The instructions of the image that ships, oldest first."""
    for stage in reversed(facts.shipped):
        for instruction in stage.instructions:
            if not instruction.problem:
                yield stage, instruction


class Layers(NamedTuple):
    """Every RUN with what it finds, every deletion of what an earlier layer holds, and what is there at the end."""

    changes: tuple[Change, ...]
    deletions: tuple[Deletion, ...]
    left: tuple[Content, ...]


@per_file
def layers(facts: Facts) -> Layers:
    """What the instructions of the image that ships make of its layers, oldest first."""
    held: dict[str, Content] = {}
    changes: list[Change] = []
    deletions: list[Deletion] = []
    runs = {
        id(run.instruction): run for stage in facts.shipped for run in facts.runs(stage) if not run.onbuild
    }
    for _, instruction in shipped_instructions(facts):
        run = runs.get(id(instruction))
        if run is None:
            if instruction.keyword in ("COPY", "ADD"):
                for content in copied(facts, instruction):
                    held[content.path] = content
            continue
        changes.append(_change((run, tuple(held.values()))))
        if not _is_idle(run, held):
            deletions += _replayed(facts, run, held)
    return Layers(tuple(changes), tuple(deletions), tuple(held.values()))


def deletions(facts: Facts) -> Sequence[Deletion]:
    """Those of :func:`layers`, which are not asked where no command of the file takes anything away."""
    return () if _TAKES_AWAY.isdisjoint(facts.programs) else layers(facts).deletions


def _is_idle(run: Run, held: dict[str, Content]) -> bool:
    """Whether it is sure at first sight that a RUN adds nothing to what layers hold, and takes nothing away."""
    if may_make(run):
        return False
    return not held or _TAKES_AWAY.isdisjoint([command.name for command in run.script.commands])


def _replayed(facts: Facts, run: Run, held: dict[str, Content]) -> Iterator[Deletion]:
    """The deletions of a RUN; ``held`` is brought up to date."""
    mounted = [target for target in _mounts(facts, run) if target]
    own: list[str] = []
    for command, where, new in made(facts, run):
        for word in deleted_words(command) if held else ():
            target = path(facts, run, word, where)
            if target is None:
                # it may be what this RUN itself has put there
                while own:
                    held.pop(own.pop(), None)
                continue
            gone = _gone(target, held)
            older = tuple(c for c in gone.values() if c.instruction is not run.instruction)
            if not gone:
                older = _within(run, target, held)
            if older and command.unconditional:
                yield Deletion(run, command, word, older)
            for place in gone:
                del held[place]
        for content in new:
            if not any(covers(target, content.path) for target in mounted):
                held[content.path] = content
                own.append(content.path)


def _mounts(facts: Facts, run: Run) -> Iterator[str | None]:
    """Folders of a RUN that are no part of its layer."""
    for mount in mounts_of(run.instruction):
        if mount.type in ("cache", "tmpfs", "bind"):
            target = facts.expand(run.instruction, mount.target)
            yield target and below(workdir(facts, run.instruction), target)


def _gone(target: str, held: dict[str, Content]) -> dict[str, Content]:
    """What ``rm -r target`` deletes, by its path."""
    # what it begins with is compared first: nearly all lies elsewhere
    head = _LITERAL.match(target)[0].rstrip("/")  # type: ignore[index]  # the empty text matches
    return {p: content for p, content in held.items() if p.startswith(head) and holds(target, content)}


# what stands before the wildcards of a path
_LITERAL = regex(r"[^*?\[]*")


def holds(target: str, content: Content) -> bool:
    """Whether ``rm -r target`` deletes it; ``folder/*`` deletes what is in a folder."""
    return covers(target, content.path) or (content.tree and target == f"{content.path}/*")


# names that say by themselves what is there
_TELLING = regex(r"/\.git\Z|\.(?:run|whl|deb|rpm|zip|7z|tar(?:\.\w+)?|tgz)\Z")


def _within(run: Run, target: str, held: dict[str, Content]) -> tuple[Content, ...]:
    """The older folder that a path lies in, where the path's name tells that it came with the folder."""
    if not _TELLING.search(target):
        return ()
    trees = [c for c in held.values() if c.tree and target.startswith(c.path.rstrip("/") + "/")]
    return tuple(
        c._replace(path=target, source=target, tree=target.endswith("/.git"))
        for c in trees[-1:]
        if c.instruction is not run.instruction
    )


_TAKES_AWAY = frozenset({"rm", "unlink", "shred", "mv", "find"})
_FILTERS = frozenset(("-name", "-iname", "-type", "-path", "-mtime", "-size", "!", "-not", "-maxdepth"))


def deleted_words(command: Command) -> Sequence[Arg]:
    """The operands that a command takes away: of ``rm``, the sources of ``mv``, the folder of ``find -delete``."""
    if command.name not in _TAKES_AWAY:
        return ()
    operands = [word for word in command.args if not word.text.startswith("-")]
    if command.name == "mv":
        return operands[:-1]
    if command.name == "find":
        options = [word.text for word in command.args]
        return operands[:1] if "-delete" in options and _FILTERS.isdisjoint(options) else ()
    return operands
