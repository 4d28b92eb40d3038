"""The build context: which folder it is, and which of its files reach the builder.

Nothing is executed and no file but ``.dockerignore`` is read, unless a rule asks for the head of one. Links are followed as the builder follows them: inside
the context only.
"""

from __future__ import annotations

import os
import re
import stat
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar

from imgtool import cachedir
from imgtool.digests import digest
from imgtool.edits import Span
from imgtool.facts.dockerignore import Ignore, IgnoreError, Verdict, inside
from imgtool.facts.globs import BadPatternError, compile_match, is_wild
from imgtool.facts.looks import way
from imgtool.regex import regex
from imgtool.values import NamedTuple, dataclass, field, lazy

T = TypeVar("T")
How: TypeAlias = Literal["option", "config", "dockerfile folder", "repository root"]

MAX_ENTRIES = 100_000
"""Files and folders that a listing looks at."""

MAX_SECONDS = 3.0
"""Time that a listing may take."""

MAX_IGNORE_FILE = 1 << 20
"""Bytes of the largest ``.dockerignore`` that is read."""

# Windows has the last alone; a pipe must not make us wait
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# fsutil, containsWildcards: what stands behind a backslash is none
_WILDCARD = regex(r"(?:[^\\*?\[]|\\.)*[*?\[]", re.DOTALL)


class ContextFile(NamedTuple):
    """A regular file: its path in the context, with ``/``, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, eq=False)
class Listing:
    """Files in the order of their paths. Where not ``complete``, a limit was met and there may be more.

    One is equal to itself alone, and holds what is worked out of it (:func:`~imgtool.facts.remembered.per_file`).
    """

    files: tuple[ContextFile, ...]
    complete: bool
    remembered: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False)

    @lazy
    def seen(self) -> str:
        """What stands for the listing where it is compared; one that a limit cut short is like no other."""
        text = "\n".join(f"{file.size} {file.path}" for file in self.files)
        return digest(text.encode("utf-8", "surrogateescape")) if self.complete else ""

    @lazy
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, eq=False)
class BuildContext:
    """A folder that a Dockerfile is built with, how it was found, and what keeps files from the builder."""

    root: Path
    how: How
    ignore_file: Path | None
    ignore: Ignore

    def files(self) -> Listing:
        """Every regular file that the builder can get; links, empty folders and entries of imgtool's caches left out."""
        return self._files

    @lazy
    def _files(self) -> Listing:
        found: Listing = _listing(str(self.root), str(self.ignore_file or ""))
        return found

    def copied(self, sources: Sequence[str], exclude: Ignore | None = None) -> Listing:
        """The files that ``COPY`` takes from the context; see :meth:`takes`."""
        everything, named = self.files(), self._named(sources)
        if not (exclude and exclude.patterns):
            if "" in named:
                return everything
            if len(named) <= _FEW:
                return Listing(tuple(_below(everything.files, named)), everything.complete)
        takes = _taker(named, exclude)
        return Listing(tuple([f for f in everything.files if takes(f.path)]), everything.complete)

    def takes(self, sources: Sequence[str], exclude: Ignore | None = None) -> Callable[[str], bool]:
        """Whether ``COPY`` takes a file of :meth:`files`, by its path.

        ``sources`` are as written, without variables, and may hold wildcards. ``exclude`` are the values of
        ``--exclude``; they speak of paths below what a source names, and never of that itself.
        """
        return _taker(self._named(sources), exclude)

    def _named(self, sources: Sequence[str]) -> set[str]:
        """What sources name, links followed."""
        heads = {
            path for source in sources for path in _named(self.root, source) if not self._hidden_link(path)
        }
        return {found for head in heads if (found := _resolve(self.root, head)) is not None}

    def holds(self, path: str) -> bool:
        """Whether anything is there, kept out or not, links followed."""
        return bool(_there(str(self.root / path)))

    def is_folder(self, source: str) -> bool:
        """Whether a source of ``COPY`` without wildcards names a folder, links followed."""
        found = _resolve(self.root, inside(source))
        return found is not None and _there(str(self.root / found)) == "folder"

    def head(self, path: str, size: int) -> bytes:
        """The first bytes of a file of a listing; none where it cannot be read or has become a link."""
        found: bytes = _head(str(self.root / path), str(size))
        return found

    def _hidden_link(self, path: str) -> bool:
        # its target may reach the builder, but not by this name
        return bool(_is_link(str(self.root / path))) and self.ignore.matches(path)

    def reaches(self, source: str) -> bool:
        """Whether a source of ``COPY`` names anything that the builder gets."""
        path = inside(source)
        if not _is_pattern(path):
            found = _resolve(self.root, path)
            if found is None or not self.ignore.matches(found):
                return found is not None
        return bool(self.copied([source]).files)


# 25 MB: a file of a listing takes 250 bytes, any other thing that was seen less than ten files
_MOST_SHARED = 100_000
_AT_LEAST = 10


class _Shared:
    """What was seen where, the oldest given up where it is more than :data:`_MOST_SHARED` files."""

    __slots__ = ("found", "size")

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], Any] = {}
        self.size = 0

    def add(self, key: tuple[str, ...], seen: Any) -> None:
        self.found[key] = seen
        self.size += _files_of(seen)
        while self.size > _MOST_SHARED and len(self.found) > 1:
            self.size -= _files_of(self.found.pop(next(iter(self.found))))


_new: ContextVar[Mapping[str, str]] = ContextVar("_new", default=MappingProxyType({}))


@contextmanager
def as_written(files: Mapping[str, str]) -> Iterator[None]:
    """In this block, ignore files are there that are yet to be written: texts by their paths, as contexts have them."""
    # what is seen with them is so here alone
    token, shared = _new.set(files), _shared.set(None)
    try:
        yield
    finally:
        _new.reset(token)
        _shared.reset(shared)


def _files_of(seen: Any) -> int:
    return _AT_LEAST + len(
        seen.files if isinstance(seen, Listing) else seen if isinstance(seen, list) else ()
    )


_shared: ContextVar[_Shared | None] = ContextVar("_shared", default=None)


def share_listings(*, share: bool = True) -> None:
    """From now on walk a folder, and ask where it lies, once for all Dockerfiles of a run, or again each time.

    For a run that changes nothing in the contexts it reads: a repository's Dockerfiles often share one.
    """
    _shared.set(_Shared() if share else None)


def _once(see: Callable[..., T], *where: str) -> T:
    """What a function sees at a place, seen once in such a run."""
    shared = _shared.get()
    if shared is None:
        return see(*where)
    key = (see.__name__, *where)
    if key in shared.found:
        known: T = shared.found[key]
        return known
    found = see(*where)
    shared.add(key, found)
    return found


def _folder_of(dockerfile: Path) -> Path:
    return _once(_resolved_folder, os.path.dirname(str(dockerfile)))  # noqa: PTH120 - a path object takes longer


def _resolved_folder(name: str) -> Path:
    return Path(real_path(name, _real_above))


def _real_above(name: str) -> str:
    found: str = _once(os.path.realpath, name)
    return found


def real_path(path: str, above: Callable[[str], str]) -> str:
    """:func:`os.path.realpath` by ``above``, which tells it of the folder that it is in: all that are in it ask once."""
    folder, name = os.path.split(path)
    if name in ("", os.curdir, os.pardir):
        return os.path.realpath(path)
    path = os.path.join(above(folder), name)  # noqa: PTH118 - a path object takes longer
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - likewise


def locate(
    dockerfile: Path | None, sources: Sequence[str], *, context: Path | None = None, how: How = "option"
) -> BuildContext | None:
    """The build context of a Dockerfile, or None where it cannot be told.

    A ``context`` that the user names is it, and ``how`` says where. Else it is the nearest of the Dockerfile's folder
    and the root of its repository in which each of ``sources`` exists: those of ``COPY`` and ``ADD`` that come from
    the context, without variables. Where there is none, wildcards may match nothing if others exist.
    ``dockerfile`` is None for standard input.
    """
    if context is not None:
        return _context(context, how, dockerfile) if _there(str(context)) == "folder" else None
    if dockerfile is None:
        return None
    folder = _folder_of(dockerfile)
    for wanted in _evidence(sources):
        for found, root in _folders(folder):
            if all(_exists(root, source) for source in wanted):
                return _context(root, found, dockerfile)
    return None


def alternatives(
    context: BuildContext, dockerfile: Path | None, sources: Sequence[str]
) -> Iterator[BuildContext]:
    """Other folders that may be the context where nobody names it.

    They lie between the Dockerfile's folder and the root of its repository, and hold all sources as well.
    """
    folder = dockerfile and _folder_of(dockerfile)
    top = folder and repository_root(folder)
    if folder is None or top is None or context.how in ("option", "config"):
        return
    there = (w for w in _evidence(sources) if all(_exists(context.root, source) for source in w))
    wanted = next(there, sources)
    for path in _once(_up_to, str(folder), str(top)):
        if path != context.root and all(_exists(path, source) for source in wanted):
            yield _context(path, context.how, dockerfile)


def _up_to(folder: str, top: str) -> list[Path]:
    """A folder and those above it, up to one of them."""
    path = Path(folder)
    return [each for each in (path, *path.parents) if each.is_relative_to(top)]


def _evidence(sources: Sequence[str]) -> Iterator[Sequence[str]]:
    """What is to exist, the best first: a build goes on where a wildcard matches nothing."""
    yield sources
    literal = [source for source in sources if not (is_wild(source) and _is_pattern(inside(source)))]
    if literal and len(literal) < len(sources):
        yield literal


def repository_root(folder: Path) -> Path | None:
    """The nearest folder, from ``folder`` upward, that holds ``.git``."""
    found = _repository(str(folder))
    return _path(found) if found else None


_path = lru_cache(maxsize=64)(Path)


@way
def _repository(folder: str) -> str:
    """The folder, or ``""``."""
    return _once(_repository_above, folder)


def _repository_above(folder: str) -> str:
    at = real_path(folder, _real_above)
    if os.path.lexists(os.path.join(at, ".git")):  # noqa: PTH118 - likewise
        return at
    # folders beside each other share the rest of the way
    found: str = _once(_nearest_repository, os.path.dirname(at))  # noqa: PTH120 - likewise
    return found


def _nearest_repository(at: str) -> str:
    while not os.path.lexists(os.path.join(at, ".git")):  # noqa: PTH118 - likewise
        above = os.path.dirname(at)  # noqa: PTH120 - likewise
        if above == at:
            return ""
        at = above
    return at


def _folders(folder: Path) -> Iterator[tuple[How, Path]]:
    yield "dockerfile folder", folder
    root = repository_root(folder)
    if root is not None and root != folder:
        yield "repository root", root


def _context(root: Path, how: How, dockerfile: Path | None) -> BuildContext:
    # the file beside the Dockerfile replaces the other whole, even where it is empty
    own = (f"{dockerfile}.dockerignore",) if dockerfile else ()
    for name in (*own, os.path.join(str(root), ".dockerignore")):  # noqa: PTH118 - a path object takes longer
        ignore = _read_ignore(name)
        if ignore is not None:
            return BuildContext(root, how, Path(name), ignore)
    return BuildContext(root, how, None, Ignore())


@way
def _ignore_text(name: str) -> bytes | None:
    new = _new.get().get(name)
    if new is not None:
        return new.encode("utf-8", "surrogateescape")
    if not os.path.lexists(name):  # as nearly always
        return None
    path = Path(name)
    try:
        target = path.resolve(strict=True)
        if not (target.is_file() and target.is_relative_to(path.parent.resolve())):
            return None
        with target.open("rb") as file:
            return file.read(MAX_IGNORE_FILE + 1)
    except (OSError, RuntimeError):
        return None


def _read_ignore(name: str) -> Ignore | None:
    """The patterns of a file; None where there is none, or a link that leads out of its folder."""
    data = _ignore_text(name)
    if data is None:
        return None
    if len(data) > MAX_IGNORE_FILE:
        return Ignore(errors=(IgnoreError(1, Span(0, 0), f"file is larger than {MAX_IGNORE_FILE:,} bytes"),))
    return Ignore.parse(data)


# -- sources ----------------------------------------------------------------------------------------------


def _resolve(root: Path, path: str) -> str | None:
    """A path of the context with its links followed, ``""`` for the root; None where nothing is there."""
    found: str | None = _resolved(str(root), path)
    return found


@way
def _resolved(root: str, path: str) -> str | None:
    # most that is asked for is not there, and resolving asks about every folder above it
    if not os.path.lexists(f"{root}/{path}"):
        return None
    try:
        top = _once(_resolved_folder, root)
        target = _path(os.path.realpath(f"{top}/{path}", strict=True))
    # a loop of links, a NUL, a name too long
    except (OSError, RuntimeError, ValueError):
        return None
    if not target.is_relative_to(top):
        return None
    return "" if target == top else target.relative_to(top).as_posix()


def _is_pattern(source: str) -> bool:
    """Whether it has a wildcard that no backslash makes plain."""
    # most have none at all, which is quicker to see
    return is_wild(source) and _WILDCARD.match(source) is not None


def _exists(root: Path, source: str) -> bool:
    """Whether a source names anything in the folder, kept out or not."""
    if not _is_pattern(source):
        return _resolve(root, inside(source)) is not None
    return any(_resolve(root, path) is not None for path in _named(root, source))


def _named(root: Path, source: str) -> Iterator[str]:
    """The paths that a source names: itself, or what its wildcards match (links are not walked through)."""
    segments = inside(source).split("/")
    plain = next((i for i, s in enumerate(segments) if _is_pattern(s)), len(segments))
    head = "/".join(segments[:plain])
    found = _resolve(root, head) if plain < len(segments) else head
    names = iter(() if found is None else (found,))
    for segment in segments[plain:]:
        names = _unfold(root, names, segment)
    return islice(names, MAX_ENTRIES)


def _unfold(root: Path, folders: Iterable[str], segment: str) -> Iterator[str]:
    try:
        matches = compile_match(segment)
    # the build fails
    except BadPatternError:
        return
    within = ((folder, name) for folder in folders for name in _names(root, folder))
    for folder, name in islice(within, MAX_ENTRIES):
        if matches(name):
            yield f"{folder}/{name}" if folder else name


def _names(root: Path, folder: str) -> list[str]:
    found: list[str] = _names_in(str(root / folder), folder)
    return found


@way
def _names_in(path: str, folder: str) -> list[str]:
    return _once(_names_there, path, folder)


def _names_there(path: str, folder: str) -> list[str]:
    try:
        if folder and os.path.islink(path):  # noqa: PTH114 - it is a text
            return []
        with os.scandir(path) as entries:
            return sorted(entry.name for entry in islice(entries, MAX_ENTRIES))
    # a file, or not ours to read
    except OSError:
        return []


@way
def _there(path: str) -> str:
    """What is at a path, links followed: ``folder``, ``file``, or nothing."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - likewise
    except (OSError, ValueError):
        return ""
    return "folder" if stat.S_ISDIR(mode) else "file"


@way
def _is_link(path: str) -> bool:
    return os.path.islink(path)  # noqa: PTH114 - likewise


@way
def _head(path: str, size: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
    except (OSError, ValueError):
        return b""
    try:
        return os.read(descriptor, int(size)) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _everything(_path: str) -> bool:
    return True


def _is_below(named: set[str], path: str) -> bool:
    """Whether a file is one of those named or below one."""
    if path in named:
        return True
    at = path.find("/")
    while at != -1:
        if path[:at] in named:
            return True
        at = path.find("/", at + 1)
    return False


# paths, above which asking each file is faster
_FEW = 16
_path_of = attrgetter("path")


def _below(files: Sequence[ContextFile], named: Iterable[str]) -> Iterator[ContextFile]:
    """Those of files in the order of their paths that are named, or below a folder that is."""
    spans = []
    for path in named:
        at = bisect_left(files, path, key=_path_of)
        if at < len(files) and files[at].path == path:
            spans.append((at, at + 1))
        # what begins with the path and a slash comes before what begins with it and the next character
        first = bisect_left(files, f"{path}/", at, key=_path_of)
        spans.append((first, bisect_left(files, f"{path}0", first, key=_path_of)))
    told = 0
    for start, end in sorted(spans):
        yield from files[max(start, told) : end]
        told = max(told, end)


def _taker(named: set[str], exclude: Ignore | None) -> Callable[[str], bool]:
    if exclude and exclude.patterns:
        return lambda path: _takes(named, path, exclude)
    return _everything if "" in named else lambda path: _is_below(named, path)


def _takes(named: set[str], path: str, exclude: Ignore) -> bool:
    """Whether a file is one of those named or below one, and not excluded there."""
    ways = [
        ("", path),
        *((path[:at], path[at + 1 :]) for at, char in enumerate(path) if char == "/"),
        (path, ""),
    ]
    return any(head in named and not exclude.matches(rest) for head, rest in ways)


# -- the walk ---------------------------------------------------------------------------------------------


@way
def _listing(root: str, ignore_file: str) -> Listing:
    """The files below a folder that an ignore file, if any, lets through."""
    return _once(_walked, root, ignore_file)


def _walked(root: str, ignore_file: str) -> Listing:
    ignore = (_read_ignore(ignore_file) if ignore_file else None) or Ignore()
    return _walk(Path(root), ignore)


def _walk(root: Path, ignore: Ignore) -> Listing:
    """Breadth first: what a limit cuts off lies deep."""
    files: list[ContextFile] = []
    folders: deque[tuple[str, Verdict | None]] = deque([("", None)])
    left, deadline = MAX_ENTRIES, time.monotonic() + MAX_SECONDS
    complete = True
    caches: set[str] = set()
    while folders and complete:
        folder, above = folders.popleft()
        entries = _entries(root / folder, left)
        left -= len(entries)
        complete = left >= 0 and time.monotonic() < deadline
        tagged = folder and any(entry.name == cachedir.TAG for entry in entries)
        if tagged and cachedir.is_marked(root / folder):
            caches.add(folder)
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if caches and not entry.is_folder and cachedir.holder(path) in caches:
                # what linting writes must not change what it says
                continue
            verdict = ignore.enter(path, above)
            if entry.is_folder:
                if not verdict.ignored or ignore.descends(path):
                    folders.append((path, verdict))
            elif not verdict.ignored:
                files.append(ContextFile(path, entry.size))
    return Listing(tuple(sorted(files, key=_path_of)), complete)


class _Entry(NamedTuple):
    name: str
    is_folder: bool
    size: int


def _entries(folder: Path, limit: int) -> list[_Entry]:
    """The files and folders in a folder, one more than the limit at most; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            found = [_entry(entry) for entry in islice(entries, limit + 1)]
    except OSError:
        return []
    return sorted(filter(None, found), key=attrgetter("name"))


def _entry(entry: os.DirEntry[str]) -> _Entry | None:
    """None for a link, which the builder copies as a link, and for what it does not copy."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return _Entry(entry.name, is_folder=True, size=0)
        if entry.is_file(follow_symlinks=False):
            return _Entry(entry.name, is_folder=False, size=entry.stat(follow_symlinks=False).st_size)
    except OSError:
        pass
    return None
