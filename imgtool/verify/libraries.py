"""The ELF closure: whatever the linker finds for a file in the first image it must find in the second one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from imgtool.families.drivers import driver_path
from imgtool.regex import regex
from imgtool.values import dataclass, field
from imgtool.verify.elf import Elf, ElfError, named_libraries
from imgtool.verify.linker import Linker, Problem, find, linker_of, load
from imgtool.verify.model import (
    CheckResult,
    Difference,
    Dropped,
    Image,
    Kind,
    Node,
    Tree,
    Weight,
    result,
    skipped,
)

NAME = "libraries"
#: ELF files of one image: four times as many as the largest images known hold.
_MAX_PROGRAMS = 20_000
_MAX_NAMED = 1 << 30
_MAX_SOURCE = 1 << 20
_IN_SOURCE = regex(rb"[\"'/](lib[A-Za-z0-9_+.-]{1,80}\.so(?:\.[0-9]{1,9}){0,4})[\"']")
_SEARCHED = regex(rb"\bfind_library\([ \t]*[\"']([A-Za-z0-9_+.-]{1,80})[\"']")
_PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3", "/opt/conda/bin/python3")
_SYSTEM = (
    "/usr/lib/",
    "/usr/lib64/",
    "/lib/",
    "/usr/share/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/local/cuda",
    "/usr/local/Ascend/",
)
_PACKAGES = ("/site-packages/", "/dist-packages/", "/lib/python3")


@dataclass(frozen=True, slots=True)
class _Side:
    """One image: its linker, and what loading each of its files runs into."""

    linker: Linker
    problems: Mapping[str, frozenset[Problem]]
    by_name: dict[str, list[str]] = field(default_factory=dict)


def check(before: Image, after: Image, dropped: Dropped) -> CheckResult:
    """Compare what every ELF file loads, without running any.

    A file of both images fails where it lacks a library, a symbol version or an interpreter that it has in the first
    one. What the driver brings to a running container is nobody's to lack. Names of libraries in constants, which a
    program may load later, are compared too: they warn.
    """
    sides = [_side(image) for image in (before, after)]
    if any(len(side.problems) > _MAX_PROGRAMS for side in sides):
        return skipped(NAME, f"there are more than {_MAX_PROGRAMS:,} programs and libraries")
    a, b = sides
    differences = (*_interpreters(a, b), *_libraries(a, b), *_named(a, b))
    del dropped  # a library that is dropped and needed is missing all the same
    return result(NAME, differences, f"{len(b.problems):,} programs and libraries")


def _side(image: Image) -> _Side:
    linker = linker_of(image)
    paths = []
    for path in linker.programs():
        paths.append(path)
        if len(paths) > _MAX_PROGRAMS:
            return _Side(linker, dict.fromkeys(paths, frozenset()))
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(posixpath.basename(path), []).append(path)
    return _Side(linker, {path: load(linker, path).problems for path in paths}, by_name)


def _interpreters(a: _Side, b: _Side) -> Iterator[Difference]:
    for path in b.problems:
        elf = b.linker.files[path]
        wanted = elf.interpreter if elf else None
        if wanted and not b.linker.tree.get(wanted) and (path not in a.problems or a.linker.tree.get(wanted)):
            yield Difference(
                NAME, Weight.FAIL, path, f"its interpreter {wanted} is missing, so it does not start"
            )


def _libraries(a: _Side, b: _Side) -> Iterator[Difference]:
    """One difference for each thing that is missing, at the first file that lacks it."""
    needers: dict[tuple[str, str | None], set[str]] = {}
    failing = set()
    for path, problems in b.problems.items():
        for problem in problems:
            if _is_new(a, b, path, problem):
                key = (problem.library, problem.version)
                needers.setdefault(key, set()).add(problem.needer)
                # nothing is known of a file that only the second image has
                failing |= {key} if path in a.problems else set()
    for key, paths in needers.items():
        weight = Weight.FAIL if key in failing else Weight.WARN
        lost = next(iter(a.by_name.get(posixpath.basename(key[0]), ())), None)
        yield Difference(NAME, weight, min(paths), _message(b, *key, len(paths)), lost=lost)


def _is_new(a: _Side, b: _Side, path: str, problem: Problem) -> bool:
    if driver_path(problem.library):
        return False
    known = {(one.library, one.version) for one in a.problems.get(path, ())}
    if (problem.library, problem.version) not in known:
        return True
    # a start script may name folders that the configuration does not
    return problem.version is None and _anywhere(a, problem) and not _anywhere(b, problem)


def _anywhere(side: _Side, problem: Problem) -> bool:
    wanted = side.linker.elf(problem.needer)
    paths = side.by_name.get(posixpath.basename(problem.library), ())
    return any(_same(side.linker.elf(path), wanted) for path in paths)


def _same(elf: Elf | None, other: Elf | None) -> bool:
    return elf is not None and (other is None or elf.machine == other.machine)


def _message(b: _Side, library: str, version: str | None, files: int) -> str:
    more = f" ({files} files need it)" if files > 1 else ""
    if version:
        return f"it needs {version} of {library}, which the library there does not have{more}"
    places = b.by_name.get(library)
    where = (
        f"is in {posixpath.dirname(places[0])}, where the linker does not look (ldconfig?)" if places else ""
    )
    return f"it needs {library}, which {where or 'is missing'}{more}"


# --- names in constants and sources -------------------------------------------------------------------


def _named(a: _Side, b: _Side) -> Iterator[Difference]:
    """Libraries that a file may load later by name: found for it in the first image and not in the second."""
    users: dict[str, list[str]] = {}
    lost: dict[str, str] = {}
    for path, names in _names(a, b):
        for name in names:
            there = None if driver_path(name) else _opened(a.linker, name, path)
            if there and not _opened(b.linker, name, path):
                users.setdefault(name, []).append(path)
                lost[name] = there
    for name, paths in users.items():
        # installed packages name much that they can do without
        own = [path for path in paths if not (is_installed(path) or _in_conda(path, b.linker.tree))]
        path = (own or paths)[0]
        more = f", as do {len(paths) - 1} more" if len(paths) > 1 else ""
        message = f"it names {name}{more}, which is missing: it may load it later"
        yield Difference(NAME, Weight.FAIL if own else Weight.WARN, path, message, lost=lost[name])


def is_installed(path: str) -> bool:
    """Whether a file is a package's, as far as its folder tells, and not the program's own."""
    return path.startswith(_SYSTEM) or any(part in path for part in _PACKAGES)


def _in_conda(path: str, tree: Tree) -> bool:
    """Whether conda manages what is there: a prefix records its packages in ``conda-meta``."""
    prefix, found, _ = path.rpartition("/lib/")
    return bool(found) and f"{prefix}/conda-meta/history" in tree.nodes


def _opened(linker: Linker, name: str, path: str) -> str | None:
    """Where ``dlopen`` finds a library for a file; for a source, as for a Python that was told no folders.

    A name that ends in ``.*`` is one for ``find_library``, which takes whatever version the cache has.
    """
    if name.endswith(".*"):
        known = (paths for key, paths in linker.cache.items() if key.startswith(name[:-2]))
        return next((path for paths in known for path in paths if linker.elf(path)), None)
    if linker.elf(path):
        return find(linker, name, path)
    pythons = (one for one in _PYTHONS if linker.elf(one))
    return next((found for one in pythons if (found := find(linker, name, one))), None)


def _names(a: _Side, b: _Side) -> Iterator[tuple[str, frozenset[str]]]:
    """Names of libraries in the constants of programs and in the Python sources of both images."""
    tree, left = b.linker.tree, _MAX_NAMED
    for path, node in tree.nodes.items():
        source = path.endswith(".py") and node.kind is Kind.FILE
        if (path not in a.problems or path not in b.problems) and not (
            source and path in a.linker.tree.nodes
        ):
            continue
        left -= node.size
        if left < 0:
            return
        yield path, frozenset(_in_source(tree, node)) if source else _in_constants(tree, node)


def _in_constants(tree: Tree, node: Node) -> frozenset[str]:
    try:
        return named_libraries(lambda offset, size: tree.read_at(node, offset, size))
    except ElfError:
        return frozenset()


def _in_source(tree: Tree, node: Node) -> Iterator[str]:
    data = tree.read_at(node, 0, _MAX_SOURCE)
    yield from (name.decode() for name in _IN_SOURCE.findall(data))
    yield from (f"lib{name.decode()}.so.*" for name in _SEARCHED.findall(data))
