"""Caches of package managers: which RUN leaves one in its layer, and which later RUN deletes it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.globs import is_wild
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.paths import braces, covers, located, path
from imgtool.facts.remembered import per_file, per_part
from imgtool.facts.scope import Variables
from imgtool.facts.stages import Stage, mounts_of
from imgtool.families.caches import PackageCache, cache_of, package_caches
from imgtool.families.inherited import system
from imgtool.regex import regex
from imgtool.values import NamedTuple

_UPGRADE = Operation.UPGRADE
_CLEAN = Operation.CLEAN
_DELETES = frozenset({"rm", "unlink", "shred"})
_EMPTIES = _DELETES | {"find"}
# `apt-get clean` deletes archives and keeps the lists
_DELETES_LISTS = frozenset({"distclean", "dist-clean"})
_OFF = frozenset({"0", "false", "no", "off", "n", "f"})
_LOCAL = frozenset({"path", "file"})


class Kept(NamedTuple):
    """A cache that a RUN leaves in its layer, and the operations that filled it."""

    cache: PackageCache
    run: Run
    fills: tuple[PackageOperation, ...]


_OF_SYSTEMS = frozenset({"deb", "rpm", "apk"})


def is_foreign_manager(facts: Facts, kept: Kept) -> bool:
    """Whether the system that a stage stands on is known not to have the manager, and nothing there installs it."""
    stage = kept.run.stage
    base = facts.base(stage) if kept.fills[0].ecosystem in _OF_SYSTEMS else None
    known = system(base) if base else None
    if known is None or not known.managers or any(cache_of(m) == kept.cache for m in known.managers):
        return False
    return _installed(facts, stage).isdisjoint(kept.cache.managers)


@per_part
def _installed(facts: Facts, stage: Stage) -> frozenset[str]:
    """The packages that a stage and those that it stands on install."""
    runs = (run for each in stage.lineage() for run in facts.runs(each))
    return frozenset([package.name for run in runs for o in run.operations for package in o.packages])


class Cleaned(NamedTuple):
    """A RUN that empties caches that earlier layers hold, with the word that does so."""

    cache: PackageCache
    run: Run
    command: Command
    word: Arg
    kept: tuple[Kept, ...]


class History(NamedTuple):
    """What the layers of the image that ships keep, and what later ones only hide."""

    kept: tuple[Kept, ...]
    cleaned: tuple[Cleaned, ...]
    emptied: Mapping[Run, frozenset[PackageCache]]


@per_file
def history(facts: Facts) -> History:
    """The caches in the layers of the stages that ship, oldest first."""
    kept: dict[str, list[Kept]] = {}
    cleaned: list[Cleaned] = []
    empties: dict[Run, frozenset[PackageCache]] = {}
    for stage in reversed(facts.shipped):
        for run in facts.runs(stage):
            if run.onbuild:
                continue
            filled = _filled(run) if run.operations else {}
            emptied = cleanings(facts, run) if _may_empty(run) else {}
            if emptied:
                empties[run] = frozenset(emptied)
            for cache, (command, word) in emptied.items():
                # who installs cleans up after himself; who only cleans does it for others
                if cache not in filled and (older := kept.pop(cache.name, None)):
                    cleaned.append(Cleaned(cache, run, command, word, tuple(older)))
            for left in left_behind(facts, run, emptied) if filled else ():
                kept.setdefault(left.cache.name, []).append(left)
    return History(tuple(k for found in kept.values() for k in found), tuple(cleaned), empties)


# --- filling -----------------------------------------------------------------------------------------


def left_behind(
    facts: Facts, run: Run, emptied: Mapping[PackageCache, tuple[Command, Arg]]
) -> Iterator[Kept]:
    """The caches that a RUN fills and does not empty; nothing where part of it is not understood."""
    found = _filled(run)
    if not found or not run.script.understood:
        return
    for cache, operations in found.items():
        after = _behind(run, operations, emptied[cache][0]) if cache in emptied else tuple(operations)
        if after and not covered(facts, run, cache) and not switched_off(facts, run, cache):
            yield Kept(cache, run, after)


def _behind(run: Run, operations: list[PackageOperation], last: Command) -> tuple[PackageOperation, ...]:
    """Those that a command does not come after."""
    order = {id(command): n for n, command in enumerate(run.script.commands)}
    least = order[id(last)]
    return tuple([o for o in operations if order[id(o.command)] > least])


@lru_cache(maxsize=1)
def _filled(run: Run) -> dict[PackageCache, list[PackageOperation]]:
    """The operations that fill each cache."""
    found: dict[PackageCache, list[PackageOperation]] = {}
    for operation in run.operations:
        cache = cache_of(operation.manager)
        if cache is not None and fills(operation):
            found.setdefault(cache, []).append(operation)
    return found


def fills(operation: PackageOperation) -> bool:
    """Whether an operation leaves something in its manager's cache."""
    cache = cache_of(operation.manager)
    if cache is None or operation.operation not in cache.operations or operation.no_cache:
        return False
    command = operation.command
    elsewhere = "chroot" in command.wrappers or (operation.ecosystem != "python" and operation.has("root"))
    if elsewhere or (command.context and any(name.startswith("function") for name in command.context)):
        return False
    if operation.manager == "uv" and operation.verb in ("run", "tool run"):
        # what they run stands in the place of their own words
        return False
    if operation.has("--dry-run", "--simulate", "--no-index", "--no-network", "--offline", "--print-uris"):
        return False
    named = operation.packages or operation.requirement_files or operation.editable
    if operation.manager == "pip":
        return bool(named or not operation.complete) and not _only_local(operation)
    if operation.ecosystem == "conda":
        return bool(named) or operation.operation is _UPGRADE or not operation.complete
    return True


def _only_local(operation: PackageOperation) -> bool:
    """Whether files that are there already are all that is installed."""
    local = all(p.source in _LOCAL for p in operation.packages) and operation.complete
    return operation.has("--no-deps") and local and not operation.requirement_files


def switched_off(facts: Facts, run: Run, cache: PackageCache) -> bool:
    """Whether a variable or a configuration file does."""
    values = facts.state(run.instruction).values
    for name in cache.off:
        value = values.get(name, "")
        if value is None or (value and (cache.name == "pip-cache" or value.lower() not in _OFF)):
            return True
        if f"{name}=".encode() in run.script.text.data:
            return True
    return cache.name == "pip-cache" and _configured(facts, run)


_PIP_CONFIG = regex(rb"config\s+(?:--\w+\s+)*set\s+\S*no-cache-dir")


def _configured(facts: Facts, run: Run) -> bool:
    """Whether pip's configuration may switch its cache off by the time a RUN runs."""
    first = min([_first_configured(facts, stage) for stage in run.stage.lineage()])
    return first <= run.instruction.span.start


@per_part
def _first_configured(_facts: Facts, stage: Stage) -> float:
    """Where a stage first may do so; infinite where it never does."""
    for instruction in stage.instructions:
        keyword = instruction.keyword
        if keyword == "RUN":
            found = _PIP_CONFIG.search(instruction.rest.data) is not None
        else:
            # a name has no line end
            found = keyword in ("COPY", "ADD") and "pip.conf" in "\n".join(instruction.args)
        if found:
            return instruction.span.start
    return math.inf


def covered(facts: Facts, run: Run, cache: PackageCache) -> bool:
    """Whether a mount keeps the cache out of the layer."""
    for mount in mounts_of(run.instruction.inner or run.instruction):
        if mount.type in ("cache", "tmpfs") or not mount.readonly:
            target = facts.expand(run.instruction, mount.target)
            if target is None or any(_holds(target, folder) for folder in _folders(facts, run, cache)):
                return True
    return False


def _folders(facts: Facts, run: Run, cache: PackageCache) -> Iterator[str]:
    yield from cache.folders
    if cache.variable:
        moved = facts.state(run.instruction).values.get(cache.variable)
        if moved:
            yield moved


def _holds(target: str, folder: str) -> bool:
    """Whether a cache folder is a path or below it; one below a home is so below any home."""
    target = target.rstrip("/")
    if folder.startswith("/"):
        return folder == target or folder.startswith(target + "/") or target.startswith(folder + "/")
    return target.endswith(_above(folder))


@lru_cache(maxsize=256)
def _above(folder: str) -> tuple[str, ...]:
    """A folder of the data and those above it."""
    parts = folder.split("/")
    return tuple("/" + "/".join(parts[:n]) for n in range(1, len(parts) + 1))


# --- emptying ----------------------------------------------------------------------------------------


def _may_empty(run: Run) -> bool:
    """Whether any command of a RUN is one that may empty a cache, by its name."""
    for operation in run.operations:
        if operation.operation is _CLEAN:
            return True
    return not _EMPTIES.isdisjoint([command.name for command in run.script.commands])


def cleanings(facts: Facts, run: Run) -> dict[PackageCache, tuple[Command, Arg]]:
    """The last command of a RUN that empties each cache, and its word for it."""
    found: dict[PackageCache, tuple[Command, Arg]] = {}
    operations = {id(o.command): o for o in run.operations if o.operation is _CLEAN}
    moved: Mapping[str, str] | None = None
    for command, where in located(facts, run):
        operation = operations.get(id(command))
        if operation is None and command.name not in _EMPTIES:
            continue
        cache = cache_of(operation.manager) if operation else None
        if operation is not None and cache is not None:
            if cache.name != "apt-lists" or operation.verb in _DELETES_LISTS:
                found[cache] = command, command.argv[0]
        elif command.name in _DELETES:
            if moved is None:
                moved = _moved(facts.state(run.instruction).values)
            for word in [word for word in command.args if not word.text.startswith("-")]:
                named = path(facts, run, word, where) or word.text
                found |= dict.fromkeys(_emptied_by(named, moved), (command, word))
        elif command.name == "find":
            for cache in _emptied_by_find(command):
                found[cache] = command, command.args[0]
    return found


def _emptied_by_find(command: Command) -> Iterator[PackageCache]:
    if any(word.text in ("-delete", "rm", "-exec") for word in command.args):
        for cache in package_caches():
            if any(_is_in(command.args[0].text, folder) for folder in cache.folders):
                yield cache


def _is_in(path_: str, folder: str) -> bool:
    return folder.startswith("/") and f"{path_.rstrip('/')}/".startswith(f"{folder}/")


def _emptied_by(named: str, moved: Mapping[str, str]) -> Iterable[PackageCache]:
    if not moved and "{" not in named:
        return _emptied(named)
    return _emptied_by_each(braces(named), moved)


def _emptied_by_each(texts: Sequence[str], moved: Mapping[str, str]) -> Iterator[PackageCache]:
    for text in texts:
        own = _emptied(text)
        for cache in package_caches():
            if cache in own or (cache.name in moved and _empties(text, moved[cache.name])):
                yield cache


def _moved(values: Variables) -> dict[str, str]:
    """The caches that variables have moved, by their names, and where to."""
    movable, variables = _movable()
    if not values.may_hold(variables):
        return {}
    found = [(name, values.get(variable)) for variable, name in movable]
    return {name: place for name, place in found if place}


@lru_cache(maxsize=1)
def _movable() -> tuple[list[tuple[str, str]], frozenset[str]]:
    """Variables with the caches that they move, and the variables alone."""
    found = [(cache.variable, cache.name) for cache in package_caches() if cache.variable]
    return found, frozenset([variable for variable, _ in found])


@lru_cache(maxsize=4096)
def _emptied(target: str) -> tuple[PackageCache, ...]:
    """The caches that are emptied with a path; variables may have moved others there."""
    folders, endings = _places()
    plain = target.rstrip("/")
    if not is_wild(target) and f"\n{plain}" not in folders and not f"/{plain.lstrip('/')}".endswith(endings):
        return ()
    return tuple(c for c in package_caches() if any(_empties(target, f) for f in c.folders))


@lru_cache(maxsize=1)
def _places() -> tuple[str, tuple[str, ...]]:
    """The folders of all caches in one text, each below a line end, and how paths end that are below a home."""
    folders = [folder for cache in package_caches() for folder in cache.folders]
    absolute = [f"\n{folder}/x" for folder in folders if folder.startswith("/")]
    below_home = [folder for folder in folders if not folder.startswith("/")]
    return "".join(absolute), tuple(ending for folder in below_home for ending in _above(folder))


def _empties(target: str, folder: str) -> bool:
    if folder.startswith("/"):
        return covers(target, f"{folder}/x")
    whole = target.removesuffix("/*").removesuffix("*").rstrip("/")
    return target != "" and _holds(f"/{whole.lstrip('/')}", folder)
