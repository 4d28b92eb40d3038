"""Which files are Dockerfiles: by name, in the folders that are asked for."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from imgtool.facts.context import real_path, repository_root
from imgtool.gitignore import Patterns
from imgtool.values import dataclass

DOCKERFILE = r"(?i)(^|/)(dockerfile|containerfile)([._-][^/]*)?$|\.(dockerfile|containerfile)$"
"""``Dockerfile``, ``Containerfile``, ``X.Dockerfile``, ``Dockerfile.X``, ``Dockerfile-X``, ``Dockerfile_X``, any case."""

NOT_DOCKERFILE = (
    r"(?i)(~|\.(dockerignore|orig|rej|bak|backup|sw[a-p]|tmp"
    r"|j2|jinja2?|tmpl|tpl|template|in|erb|mustache|hbs|handlebars|ejs|gotmpl|mako|m4"
    r"|adoc|diff|html?|json|jsonnet|license|lock|log|lua|md|markdown|patch|pdf|rst|toml|txt|vim|xml|ya?ml"
    r"|bash|c|cc|cpp|cs|css|go|java|jsx?|kt|php|pl|ps1|py|rb|rs|scala|sh|swift|tsx?))$"
)
"""By their last part: ignore files, backups, templates, documents and programs about Dockerfiles."""

SKIPPED = frozenset({".git", ".hg", ".svn", ".bzr", "node_modules", ".venv", ".tox", ".nox"})
"""Folders that are not entered, unless one of them is asked for by name."""

MAX_DEPTH = 100
"""Folders within folders that are entered."""

STDIN = Path("-")

Exclusions: TypeAlias = Callable[[Path], Sequence[Patterns]]
"""The patterns that configuration has for an absolute path; the last that speaks of it decides."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Files in the order of the paths asked for, and by name within a folder; no file twice.

    ``problems`` are sentences about what is missing or cannot be read, ``real`` the absolute paths of the files
    without links.
    """

    files: tuple[Path, ...]
    problems: tuple[str, ...]
    real: tuple[str, ...]


def real_paths() -> Callable[[str], str]:
    """:func:`os.path.realpath` of files, which looks at each folder once; Path.resolve takes twice as long again."""
    outer = lru_cache(maxsize=256)(os.path.realpath)
    folder = lru_cache(maxsize=256)(partial(real_path, above=outer))
    return partial(real_path, above=folder)


def is_dockerfile_name(name: str) -> bool:
    """Whether a file of that name, found in a folder, is taken for a Dockerfile."""
    return re.search(DOCKERFILE, name) is not None and re.search(NOT_DOCKERFILE, name) is None


def _none(_path: Path) -> Sequence[Patterns]:
    return ()


def discover(
    paths: Iterable[Path],
    *,
    exclude: Exclusions = _none,
    force_exclude: bool = False,
    respect_gitignore: bool = True,
) -> Discovery:
    """The Dockerfiles among ``paths`` and in the folders among them.

    A file that is named is one, whatever its name, unless it is excluded and ``force_exclude`` is set (a folder is
    searched likewise); ``-`` stands for standard input. In folders, names decide, and ``exclude`` and every ``.gitignore`` from the root of the
    repository on are honoured. Links are not followed there, but for the folder that is named.
    """
    walk, real = _Walk(exclude, respect_gitignore, []), real_paths()
    found: dict[str, Path] = {}
    for path in paths:
        try:
            for file in walk.files(path, force_exclude=force_exclude):
                found.setdefault(real(str(file)), file)
        except OSError as error:
            walk.problems.append(f"{path}: cannot be read: {error.strerror}")
    return Discovery(tuple(found.values()), tuple(walk.problems), tuple(found))


@dataclass(frozen=True, slots=True)
class _Walk:
    exclude: Exclusions
    respect_gitignore: bool
    problems: list[str]

    def files(self, path: Path, *, force_exclude: bool) -> Iterator[Path]:
        if path == STDIN:
            yield path
            return
        is_folder = _is_folder(path)
        if is_folder is None:
            self.problems.append(f"{path}: no such file or folder")
        elif force_exclude and self._covered(path):
            return
        elif is_folder:
            real = path.resolve()
            yield from self._enter(path, real, _outer(real) if self.respect_gitignore else (), 0)
        else:
            yield path

    def _covered(self, path: Path) -> bool:
        real = path.parent.resolve() / path.name
        return any(patterns.covers(real, folder=path.is_dir()) for patterns in self.exclude(real))

    def _enter(self, shown: Path, real: Path, layers: tuple[Patterns, ...], depth: int) -> Iterator[Path]:
        entries = self._entries(shown)
        if self.respect_gitignore:
            layers = _with_own(real, layers)
        for entry in entries:
            path, folder = real / entry.name, entry.is_dir(follow_symlinks=False)
            if not folder and not (is_dockerfile_name(entry.name) and entry.is_file(follow_symlinks=False)):
                continue
            if self._left_out(path, folder, layers):
                continue
            if not folder:
                yield shown / entry.name
            elif depth < MAX_DEPTH:
                yield from self._enter(shown / entry.name, path, layers, depth + 1)

    def _left_out(self, path: Path, folder: bool, layers: tuple[Patterns, ...]) -> bool:
        skipped = folder and path.name in SKIPPED
        return skipped or _matched(path, folder, self.exclude(path)) or _matched(path, folder, layers)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(f"{folder}: cannot be read: {error.strerror}")
            return []


def _is_folder(path: Path) -> bool | None:
    """Whether a folder is at a path, or a file; None for nothing."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - a path object takes longer
    except (OSError, ValueError):
        # which tells what is not there from what cannot be looked at, and raises then
        return path.is_dir() if path.exists() else None


def _matched(path: Path, folder: bool, layers: Sequence[Patterns]) -> bool:
    """Whether a path is left out of a folder that is not: the last patterns that speak of it decide."""
    decisions = (layer.decide(path, folder=folder) for layer in reversed(layers))
    return next((decided for decided in decisions if decided is not None), False)


def _outer(folder: Path) -> tuple[Patterns, ...]:
    """The patterns that hold in a folder from above it; none where git ignores the folder, for it was asked for."""
    root = repository_root(folder)
    if root is None or root == folder:
        return ()
    layers: tuple[Patterns, ...] = ()
    way = [folder, *(path for path in folder.parents if path.is_relative_to(root))][::-1]
    for above, path in pairwise(way):
        layers = _with_own(above, layers)
        if _matched(path, True, layers):
            return ()
    return layers


def _with_own(folder: Path, layers: tuple[Patterns, ...]) -> tuple[Patterns, ...]:
    """The patterns that hold in a folder, its own last; those from outside a repository do not hold in it."""
    if os.path.lexists(folder / ".git"):
        shared = Patterns.read(folder / ".git/info/exclude")
        layers = (Patterns(folder, shared.lines),) if shared else ()
    own = Patterns.read(folder / ".gitignore")
    return (*layers, own) if own else layers
