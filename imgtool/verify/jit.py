"""Compilers that are needed while the program runs: those that the first image has, the second one has too.

What needs one is read in the second image itself, not in a plan: the distributions that Python has installed, and the
Python sources of the program.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from imgtool.families.needs import python_need
from imgtool.regex import regex
from imgtool.values import dataclass
from imgtool.verify.libraries import is_installed
from imgtool.verify.model import CheckResult, Difference, Dropped, Image, Kind, Node, Weight, result
from imgtool.verify.python import environments

NAME = "compilers"
_MAX_SOURCE = 1 << 20
_MAX_SOURCES = 256 << 20

#: What compiling takes, by kind of code: one file of each group, programs and headers alike.
_HOST = (("gcc", "cc", "clang"), ("g++", "c++", "clang++"), ("Python.h",), ("stdio.h",))
_DEVICE = (
    ("nvcc",),
    ("ptxas",),
    ("cuda_runtime.h",),
    ("libnvvm.so",),
    ("hipcc",),
    ("ccec", "bisheng"),
    ("atc",),
    ("opc",),
)
_GROUPS = {"host": _HOST, "device": (*_DEVICE, *_HOST)}
#: Tools that a program may start by their names.
_STARTED = b"gcc|cc|g\\+\\+|c\\+\\+|clang|clang\\+\\+|nvcc|ninja|make|cmake|ld|ptxas|hipcc|ccec|bisheng|atc|opc|msopgen"
_LEVELS = {"cc": "host", "jit": "device", "devel": "device", "toolkit": "device"}
#: What a source says that compiles while it runs, and what that takes.
_USES = (
    ("torch.compile", "host", regex(rb"\btorch\s*\.\s*compile\b|\btorch\._(?:inductor|dynamo)\b")),
    ("Triton", "host", regex(rb"(?m)^[ \t]*(?:import|from)[ \t]+triton\b")),
    ("cffi", "host", regex(rb"\bffi(?:builder)?\.(?:verify|compile)[ \t]*\(")),
    ("Cython", "host", regex(rb"\bpyximport\b|\bcython\.inline\b")),
    (
        "cpp_extension",
        "device",
        regex(rb"\bcpp_extension\b(?:\.load|[ \t]+import[^\n]*\bload)|\bload_inline[ \t]*\("),
    ),
    ("numba.cuda", "device", regex(rb"\bnumba\.cuda\b|\bfrom[ \t]+numba[ \t]+import[^\n]*\bcuda\b")),
    ("PyCUDA", "device", regex(rb"\bpycuda\.compiler\b")),
)
_NAMES_TOOL = regex(rb"[\"'](?:/[\w./-]*/)?(" + _STARTED + rb")[\"' ]")
_STARTS = regex(rb"\bsubprocess\b|\bos\.(?:system|popen|exec|spawn|posix_spawn)|\bwhich[ \t]*\(")
#: Files that only building runs.
_BUILDING = ("setup.py", "conftest.py", "build.py", "noxfile.py")


@dataclass(frozen=True, slots=True)
class _Use:
    """Something that compiles while it runs: what it is, where, and the groups of files of which it needs one each."""

    what: str
    path: str
    groups: tuple[tuple[str, ...], ...]


def check(before: Image, after: Image, dropped: Dropped) -> CheckResult:
    """Whether what compiles while it runs has all in the second image that it has in the first one."""
    del dropped  # that a compiler was dropped on purpose does not bring it back
    uses = (*_distributions(after), *_sources(after))
    was, now = _there(before, uses), _there(after, uses)
    found: dict[tuple[str, ...], Difference] = {}
    for use in uses:
        for group in use.groups:
            path = next((was[name] for name in group if name in was), None)
            if path and not any(name in now for name in group) and group not in found:
                message = f"{use.what} compiles while it runs and needs {group[0]}, which is missing"
                found[group] = Difference(
                    NAME, Weight.FAIL, use.path, f"{message} ({path} in the first image)"
                )
    return result(NAME, tuple(found.values()), f"{len(uses):,} that compile while they run")


def _there(image: Image, uses: Iterable[_Use]) -> Mapping[str, str]:
    """Where the files that are asked for lie, by their names."""
    wanted = {name for use in uses for group in use.groups for name in group}
    found: dict[str, str] = {}
    for path in image.tree.nodes if wanted else ():
        name = posixpath.basename(path)
        if name in wanted and name not in found and _is_file(image, path):
            found[name] = path
    return found


def _is_file(image: Image, path: str) -> bool:
    node = image.tree.get(path)
    return node is not None and node.kind is Kind.FILE


def _distributions(image: Image) -> Iterator[_Use]:
    for environment in environments(image.tree).values():
        for one in environment.distributions.values():
            need = python_need(one.name)
            kind = _LEVELS.get(need.level) if need else None
            if kind:
                yield _Use(one.name, one.folder, _GROUPS[kind])


def _sources(image: Image) -> Iterator[_Use]:
    left = _MAX_SOURCES
    for path, node in image.tree.nodes.items():
        if _is_source(path, node) and left > 0:
            data = image.tree.read_at(node, 0, min(_MAX_SOURCE, left))
            left -= len(data)
            yield from (
                _Use(f"{what} in {path}", path, _GROUPS[kind])
                for what, kind, use in _USES
                if use.search(data)
            )
            tools = dict.fromkeys(_NAMES_TOOL.findall(data) if _STARTS.search(data) else ())
            yield from (_Use(path, path, ((tool.decode(),),)) for tool in tools)


def _is_source(path: str, node: Node) -> bool:
    if node.kind is not Kind.FILE or not path.endswith(".py") or is_installed(path):
        return False
    return posixpath.basename(path) not in _BUILDING
