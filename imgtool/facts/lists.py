"""Who reads apt's package lists after a RUN has fetched them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.remembered import per_part
from imgtool.facts.stages import Stage
from imgtool.families.caches import PackageCache, cache_of
from imgtool.values import NamedTuple

_INSTALLS = frozenset({Operation.INSTALL, Operation.UPGRADE, Operation.DOWNLOAD, Operation.BUILD})
# read the lists, or install from them without fetching them
_READERS = frozenset(
    {"rosdep", "gdebi", "mk-build-deps", "apt-cache", "apt-file", "tasksel", "apt-rdepends", "apt-build"}
)
_BUILDS = frozenset({"configure", "autogen.sh", "bootstrap.sh", "b2", "gradlew", "mvnw"})
_SHELLS = frozenset({"", "sh", "bash", "dash", "ash", "zsh", "source", "."})


class Later(NamedTuple):
    """A later command that uses the lists: for ``sure``, or perhaps."""

    command: Command
    sure: bool


@per_part
def lists_needed(facts: Facts, run: Run) -> Later | None:
    """The later command that installs from the lists which a RUN leaves; None where nothing does.

    Looks at the rest of the stage and at the stages that stand on it, each up to its next ``apt-get update``.
    """
    perhaps: Later | None = None
    own = facts.runs(run.stage)
    after = bisect_right(own, run.instruction.span.start, key=lambda r: r.instruction.span.start)
    waiting: list[tuple[Stage, Iterable[Run]]] = [(run.stage, islice(own, after, None))]
    while waiting:
        stage, runs = waiting.pop()
        fetched = False
        for later in _uses(runs):
            if later is None:
                fetched = True
                break
            if later.sure:
                return later
            perhaps = perhaps or later
        if not fetched:
            waiting += [(s, facts.runs(s)) for s in facts.stages if s.parent is stage]
    return perhaps


def may_install(run: Run, cache: PackageCache) -> bool:
    """Whether a RUN installs by the manager that a cache is of, or runs what may do so."""
    for operation in run.operations:
        if operation.operation in _INSTALLS and cache_of(operation.manager) == cache:
            return True
    return not run.script.understood or any(c.name in _READERS or _is_script(c) for c in run.script.commands)


def last_use(run: Run, cache: PackageCache) -> Command | None:
    """The last command of a RUN that fills a cache or may read it; None where it may be in a function."""
    own = {id(o.command) for o in run.operations if cache_of(o.manager) == cache}
    commands = run.script.commands
    if any(name.startswith("function") for command in commands for name in command.context):
        return None
    uses = (c for c in reversed(commands) if id(c) in own or c.name in _READERS or _is_script(c))
    return next(uses, None)


def _uses(runs: Iterable[Run]) -> Iterator[Later | None]:
    """The uses in order; None where the lists are fetched anew."""
    for run in runs:
        operations: dict[int, PackageOperation] = {id(o.command): o for o in run.operations}
        for command in run.script.commands:
            operation = operations.get(id(command))
            if operation is not None and operation.ecosystem == "deb":
                if operation.operation is Operation.REFRESH and command.unconditional:
                    yield None
                elif operation.operation in _INSTALLS and operation.manager != "dpkg":
                    yield Later(command, sure=True)
            elif command.name in _READERS:
                yield Later(command, sure=True)
            elif _is_script(command):
                yield Later(command, sure=False)
        if not run.script.understood and run.script.commands:
            yield Later(run.script.commands[0], sure=False)


def _is_script(command: Command) -> bool:
    """Whether it runs a script, which may do anything."""
    name, argv = command.name, command.argv
    if not argv or name in _BUILDS:
        return False
    if name in _SHELLS or name.endswith((".sh", ".bash")):
        return True
    program = argv[0].text
    return "/" in program and not program.startswith(("/usr/", "/bin/", "/sbin/", "/opt/conda/"))
