"""Caches of package managers in mounts that builds share, instead of in layers or nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from imgtool.edits import Edit, Span
from imgtool.facts.caches import covered, fills, switched_off
from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.lists import lists_needed, may_install
from imgtool.facts.packages import Operation, PackageOperation, PackageSource
from imgtool.facts.paths import braces, covers, located, path
from imgtool.families import config
from imgtool.families.caches import PackageCache, cache_of
from imgtool.families.needs import python_need
from imgtool.regex import regex
from imgtool.syntax.nodes import Document
from imgtool.transforms.commands import without, without_options
from imgtool.transforms.relief import with_option
from imgtool.transforms.runs import is_chain, segments, without_items
from imgtool.values import NamedTuple

# stable since dockerfile 1.2
_TOO_OLD = regex(r"(?:docker\.io/)?docker/dockerfile:1\.[01](?:[.-].*)?\Z")
_ROOT = ("0", "root")
_OFFLINE = ("--offline", "--prefer-offline", "--no-network")
_DELETES = frozenset({"rm", "find", "unlink", "shred"})


class Mounted(NamedTuple):
    """The folders that a RUN gets mounts for, the edits that mount them, and why other caches of it are left alone."""

    targets: tuple[str, ...]
    edits: tuple[Edit, ...]
    left: tuple[tuple[PackageCache, str], ...]


class _Wish(NamedTuple):
    cache: PackageCache
    targets: tuple[str, ...]
    options: tuple[Edit, ...]


class _LeftError(Exception):
    """A cache is left where it is; the text says why."""


def mounted(facts: Facts, run: Run) -> Mounted:
    """Mounts for the caches that a RUN uses, and its options and clean-ups that would defeat them taken out.

    The image stays as it is but for those caches. Nothing is mounted where that, or the folder, is not certain.
    """
    wishes: list[_Wish] = []
    left: list[tuple[PackageCache, str]] = []
    for cache in _caches(run):
        if not covered(facts, run, cache):
            try:
                wishes.append(_wish(facts, run, cache))
            except _LeftError as why:
                left.append((cache, str(why)))
    try:
        return Mounted(_all_targets(wishes), _edits(facts, run, wishes) if wishes else (), tuple(left))
    except _LeftError as why:
        return Mounted((), (), (*left, *((wish.cache, str(why)) for wish in wishes)))


def _all_targets(wishes: Sequence[_Wish]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target for wish in wishes for target in wish.targets))


def _caches(run: Run) -> Sequence[PackageCache]:
    used = (cache_of(o.manager) for o in run.operations if fills(o._replace(no_cache=False)))
    return list(dict.fromkeys(cache for cache in used if cache is not None))


def _wish(facts: Facts, run: Run, cache: PackageCache) -> _Wish:
    own = [o for o in run.operations if cache_of(o.manager) == cache]
    _refuse_form(facts, run, cache, own)
    targets = tuple(_targets(facts, run, cache))
    if cache.name == "apt-lists":
        _refuse_lists(facts, run, cache, own)
    if cache.built:
        _refuse_builds(facts, run, own)
    _refuse_readers(facts, run, cache, targets)
    return _Wish(cache, targets, tuple(_options(facts, run, cache, own)))


def _refuse_form(facts: Facts, run: Run, cache: PackageCache, own: Sequence[PackageOperation]) -> None:
    node = run.instruction
    if not cache.mounts:
        raise _LeftError("its folder holds more than a cache, or is not the same everywhere")
    if run.onbuild or node.json or not run.script.understood:
        raise _LeftError("the RUN is not understood, or has no shell")
    if any(d.name == "syntax" and _TOO_OLD.match(d.value) for d in facts.document.directives):
        raise _LeftError("the syntax directive names a frontend without cache mounts")
    if not _is_root(facts, run):
        raise _LeftError("it does not run as root for certain, who owns a new mount")
    if facts.base(run.stage) is None and any(o.no_cache for o in own):
        raise _LeftError("the base image may say where its cache is")
    if any(o.command.wrappers for o in own):
        raise _LeftError(f"{own[0].command.wrappers[0] if own[0].command.wrappers else 'another'} starts it")
    if switched_off(facts, run, cache):
        raise _LeftError("the environment or a configuration file switches its cache off")


_SYSTEM = ("deb", "rpm", "apk")
_ROOTS_WORK = frozenset({Operation.INSTALL, Operation.REFRESH, Operation.UPGRADE})


def _is_root(facts: Facts, run: Run) -> bool:
    """Whether root runs it: by USER, or as the same user works on system packages elsewhere."""
    user = facts.state(run.instruction).user
    if user is not None:
        return user.partition(":")[0] in _ROOT
    body = [i for link in run.stage.lineage() for i in link.instructions]
    return not any(i.keyword == "USER" for i in body) and any(
        o.ecosystem in _SYSTEM and o.operation in _ROOTS_WORK and o.command.checked and not o.command.wrappers
        for link in run.stage.lineage()
        for other in facts.runs(link)
        if not other.onbuild
        for o in other.operations
        if o.command.unconditional
    )


def _targets(facts: Facts, run: Run, cache: PackageCache) -> Iterator[str]:
    values, text = facts.state(run.instruction).values, run.script.text.data
    names = [name for name in ("HOME", "XDG_CACHE_HOME", cache.variable) if name]
    if any(f"{name}=".encode() in text for name in names):
        raise _LeftError("the RUN itself says where its cache is")
    if cache.variable and cache.variable in values:
        value = values[cache.variable]
        if not value or not value.startswith("/") or len(cache.mounts) > 1:
            raise _LeftError(f"{cache.variable} says where its cache is")
        yield value.rstrip("/")
        return
    if not cache.mounts[0].startswith("/") and (
        "XDG_CACHE_HOME" in values or values.get("HOME", "/root") != "/root"
    ):
        raise _LeftError("the environment says where its cache is")
    yield from (folder if folder.startswith("/") else f"/root/{folder}" for folder in cache.mounts)


def _refuse_lists(facts: Facts, run: Run, cache: PackageCache, own: Sequence[PackageOperation]) -> None:
    """Lists are only there for the RUN, so that RUN must fetch them before it installs, and no other may need them."""
    if not may_install(run, cache):
        raise _LeftError("nothing here installs with the lists")
    if own[0].operation is not Operation.REFRESH or not own[0].command.unconditional:
        raise _LeftError("it does not fetch the lists before everything else")
    later = lists_needed(facts, run)
    if later is not None:
        line = facts.document.source.line_of(later.command.span.start)
        raise _LeftError(f"line {line} may install with its lists")


# a cached wheel does not tell which of these it was built with
_BUILD_SETTING = regex(
    r"(?:.*_)?(?:C|CXX|CPP|LD|NVCC)FLAGS|CMAKE_.*|.*(?:CUDA_ARCH|FORCE_|BUILD_).*|CC|CXX|NO_BUILD_ISOLATION"
)
_UNBOUND = ("--no-build-isolation", "--no-binary")


def _refuse_builds(facts: Facts, run: Run, own: Sequence[PackageOperation]) -> None:
    """Caches keep built wheels by name and version alone: one of another build's settings, torch or CUDA must not be taken."""
    packages = [package for o in own for package in o.packages]
    needs = (python_need(package.name, package.extras) for package in packages)
    names = {a.name for c in run.script.commands for a in c.assignments}
    names |= {name for name in facts.state(run.instruction).values if name not in _inherited(facts, run)}
    names |= {
        word.text.partition("=")[0] for c in run.script.commands if c.name == "export" for word in c.args
    }
    if any(o.has(*_UNBOUND) for o in own) or any(map(_BUILD_SETTING.fullmatch, names)):
        raise _LeftError("what it builds depends on this build, and its cache does not tell")
    if any(p.source == PackageSource.VCS for p in packages) or any(
        n and n.build and not n.bundles for n in needs
    ):
        raise _LeftError("it may build for the accelerator, and its cache does not tell for which")
    local = any(
        o.project or o.editable or any(p.source == PackageSource.PATH for p in o.packages) for o in own
    )
    if local and own[0].manager == "uv":
        raise _LeftError("it takes a project for built whose sources have changed")
    base = facts.base(run.stage)
    if any(o.requirement_files for o in own) and (base is None or base.accelerator):
        raise _LeftError("what its requirement files build for the accelerator is not known")


def _inherited(facts: Facts, run: Run) -> Collection[str]:
    base = facts.base(run.stage)
    return config(base).env if base else ()


def _refuse_readers(facts: Facts, run: Run, cache: PackageCache, targets: Sequence[str]) -> None:
    """Nobody else may look into the folders."""
    tails = [target.removeprefix("/root/") for target in targets]
    for stage in facts.stages:
        for other in facts.runs(stage):
            if any(cache_of(o.manager) == cache and o.has(*_OFFLINE) for o in other.operations):
                raise _LeftError(f"line {other.instruction.start_line} installs from what is there")
            if other is not run and any(_names(c, tails) for c in other.script.commands):
                raise _LeftError(f"line {other.instruction.start_line} names its folder")
    for node in facts.document.instructions:
        if node.keyword == "ENV" and node.args[:1] == (cache.variable,):
            continue
        folders = [*tails, *(f".{tail.split('/')[0].lstrip('.')}" for tail in tails if tail.startswith("."))]
        if node.keyword not in ("RUN", "ONBUILD") and any(f.encode() in node.rest.data for f in folders):
            raise _LeftError(f"line {node.start_line} names its folder")


def _names(command: Command, tails: Sequence[str]) -> bool:
    return command.name not in _DELETES and any(tail in arg.text for arg in command.args for tail in tails)


def _clean_ups(facts: Facts, run: Run, wishes: Sequence[_Wish]) -> tuple[tuple[Edit, ...], frozenset[Span]]:
    """What of a RUN would empty the mounts: words that go, and whole items."""
    targets, caches = _all_targets(wishes), [wish.cache for wish in wishes]
    cleans = {
        id(o.command)
        for o in run.operations
        if o.operation is Operation.CLEAN and cache_of(o.manager) in caches
    }
    words: list[Edit] = []
    whole: set[int] = set()
    for command, where in located(facts, run):
        if id(command) in cleans:
            whole.add(id(command))
        elif command.name in _DELETES:
            operands = [w for w in command.args if not w.text.startswith("-")]
            gone = [w for w in operands if _is_inside(path(facts, run, w, where) or w.text, targets)]
            if command.name != "rm" and gone:
                raise _LeftError(f"{command.name} works in its folder")
            if gone and len(gone) == len(operands):
                whole.add(id(command))
            else:
                words += (without(facts.document.data, w.span) for w in gone)
    items = [item for item in segments(run.script) if any(id(c) in whole for c in item.commands)]
    if whole != {id(c) for item in items for c in item.commands}:
        raise _LeftError("its clean-up is joined to other commands")
    if items and not is_chain(facts.document.data, run):
        raise _LeftError("its clean-up is no plain part of a list joined by &&")
    return tuple(words), frozenset(item.span for item in items)


def _is_inside(text: str, targets: Sequence[str]) -> bool:
    """Whether a path is one of the folders or something in them.

    Raises:
        _LeftError: a folder is only part of what it names.
    """
    paths = braces(text)
    inside = [any(f"{p}/".startswith(f"{target}/") for target in targets) for p in paths]
    if any(inside) != all(inside) or any(
        not within and covers(p, f"{target}/x")
        for p, within in zip(paths, inside, strict=True)
        for target in targets
    ):
        raise _LeftError(f"{text} is deleted, which is more than its folder")
    return all(inside)


def _options(facts: Facts, run: Run, cache: PackageCache, own: Sequence[PackageOperation]) -> Iterator[Edit]:
    fetching = [o for o in own if fills(o._replace(no_cache=False))]
    for operation in fetching:
        if operation.no_cache:
            yield from without_options(facts.document.data, operation, frozenset({"no-cache"}))
    if cache.apart:
        name = cache.apart.partition("=")[0]
        if any(o.has(name) for o in fetching):
            raise _LeftError(f"it has {name} already")
        yield from with_option(run, fetching, cache.apart)


def _edits(facts: Facts, run: Run, wishes: Sequence[_Wish]) -> tuple[Edit, ...]:
    words, items = _clean_ups(facts, run, wishes)
    cuts = (without_items(run, items) or ()) if items else ()
    mounts = dict.fromkeys(
        f"--mount=type=cache,target={target}"
        + (f",sharing={wish.cache.sharing}" if wish.cache.sharing else "")
        for wish in wishes
        for target in wish.targets
    )
    options = (edit for wish in wishes for edit in wish.options)
    return (_flags(facts.document, run, list(mounts)), *cuts, *words, *options)


def _flags(document: Document, run: Run, flags: Sequence[str]) -> Edit:
    """Builder flags behind the keyword, each on a line of its own, as far as the RUN has lines."""
    at = run.instruction.word.span.end
    if run.instruction.heredocs:
        return Edit(at, at, "".join(f" {flag}" for flag in flags))
    line = f" {document.escape}{document.source.newline}"
    text = f"{line}    ".join(flags)
    spread = document.data[at : at + 80].lstrip(b" \t")[:1] == document.escape.encode()
    return Edit(at, at, f" {text}" if spread else f" {text}{line}   ")
