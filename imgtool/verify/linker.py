"""Which libraries the dynamic linker finds for every ELF file of an image: ``ldd`` without running anything.

The order is that of ld.so(8): RPATH of the file and of those that loaded it, LD_LIBRARY_PATH, RUNPATH, ld.so.cache,
the default folders. musl's linker differs in its default folders and in that it keeps no cache.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections import deque
from collections.abc import Iterator, Mapping

from imgtool.images.layers import MAX_PATH
from imgtool.values import dataclass, field
from imgtool.verify.elf import MAGIC, Elf, ElfError, read_elf
from imgtool.verify.model import Image, Kind, Tree

_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_MAX_CACHE = 8 << 20
_MAX_LOADED = 1024
#: Folders of one search path, and of all that a file inherits.
_MAX_FOLDERS = 128
_MAX_CONFIGURATION = 1 << 16
#: by e_machine: the folder of Debian's multiarch, and ``$PLATFORM``
_ARCHITECTURES = {
    3: ("i386-linux-gnu", "i686"),
    22: ("s390x-linux-gnu", "s390x"),
    21: ("powerpc64le-linux-gnu", "ppc64le"),
    40: ("arm-linux-gnueabihf", "v7l"),
    62: ("x86_64-linux-gnu", "x86_64"),
    183: ("aarch64-linux-gnu", "aarch64"),
    243: ("riscv64-linux-gnu", "riscv64"),
    258: ("loongarch64-linux-gnu", "loongarch64"),
}
_LEVELS = ("", "glibc-hwcaps/x86-64-v2", "glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v4")
_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)\b)")

_Machine = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Linker:
    """One image as its dynamic linker sees it, with what was read and found so far.

    ``library_path`` is LD_LIBRARY_PATH of the image's configuration, ``cache`` what ld.so.cache says.
    """

    tree: Tree
    library_path: tuple[str, ...]
    cache: Mapping[str, tuple[str, ...]]
    files: dict[str, Elf | None] = field(default_factory=dict)
    found: dict[tuple[str, _Machine, tuple[str, ...]], str | None] = field(default_factory=dict)

    def elf(self, path: str) -> Elf | None:
        """What the file that a path leads to says; None where it is no ELF file."""
        real = self.tree.resolve(path)
        if real is None:
            return None
        if real not in self.files:
            self.files[real] = _read(self.tree, real)
        return self.files[real]

    def programs(self) -> Iterator[str]:
        """The path of every ELF file that the linker may be asked to load, or to load for."""
        for path, node in self.tree.nodes.items():
            if node.kind is Kind.FILE and node.size > len(MAGIC) and self.elf(path):
                yield path


@dataclass(frozen=True, slots=True)
class Problem:
    """A library that one file needs and that is not found, or found without a symbol version that it needs."""

    needer: str
    library: str
    version: str | None = None


def linker_of(image: Image) -> Linker:
    """The linker of an image."""
    env = dict(entry.partition("=")[::2] for entry in image.config.get("Env") or ())
    folders = re.split(r"[:;]", env.get("LD_LIBRARY_PATH", ""))
    cache = image.tree.read("/etc/ld.so.cache", _MAX_CACHE)
    return Linker(image.tree, tuple(f for f in folders if f), read_cache(cache or b""))


def _read(tree: Tree, path: str) -> Elf | None:
    node = tree.nodes.get(path)
    if node is None or tree.read_at(node, 0, len(MAGIC)) != MAGIC:
        return None
    try:
        return read_elf(lambda offset, size: tree.read_at(node, offset, size))
    except ElfError:
        # no linker loads it either
        return None


def read_cache(data: bytes) -> dict[str, tuple[str, ...]]:
    """Paths by file name of an ``ld.so.cache`` in the format of glibc 2.2 and later; what is damaged is left out."""
    start = data.find(_CACHE_MAGIC)
    if start < 0 or len(data) < start + 48:
        return {}
    byte_order = ">" if data[start + 28] & 3 == 3 else "<"
    (count,) = struct.unpack_from(byte_order + "I", data, start + 20)
    found: dict[str, list[str]] = {}
    for at in range(start + 48, min(start + 48 + 24 * count, len(data) - 23), 24):
        _, name, path = struct.unpack_from(byte_order + "iII", data, at)
        found.setdefault(_text(data, start + name), []).append(_text(data, start + path))
    return {name: tuple(paths) for name, paths in found.items()}


def _text(data: bytes, at: int) -> str:
    return data[at : max(data.find(b"\0", at, at + MAX_PATH), at)].decode("utf-8", "surrogateescape")


# --- what a file loads --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading one file loads: libraries by the name they were asked for, and what is wrong with them."""

    libraries: Mapping[str, str]
    problems: frozenset[Problem]


def load(linker: Linker, path: str) -> Loaded:
    """All that the linker loads for a program or library, breadth first as it does."""
    libraries: dict[str, str] = {}
    missing: set[str] = set()
    problems: set[Problem] = set()
    todo: deque[tuple[str, tuple[str, ...]]] = deque([(path, ())])
    while todo and len(libraries) < _MAX_LOADED:
        here, inherited = todo.popleft()
        elf = linker.elf(here)
        if elf is None:
            continue
        rpath = () if elf.runpath else (*_expanded(elf.rpath, here, elf), *inherited)[:_MAX_FOLDERS]
        for name in elf.needed:
            if name not in libraries and name not in missing:
                found = find(linker, name, here, rpath)
                if found is None:
                    missing.add(name)
                else:
                    libraries[name] = found
                    todo.append((found, rpath))
                    alias = _soname(linker, found)
                    libraries.setdefault(alias or name, found)
            if name in missing:
                problems.add(Problem(here, name))
            else:
                problems.update(_versions(linker, here, elf, name, libraries[name]))
    return Loaded(libraries, frozenset(problems))


def _soname(linker: Linker, path: str) -> str | None:
    elf = linker.elf(path)
    return elf.soname if elf else None


def _versions(linker: Linker, needer: str, elf: Elf, name: str, path: str) -> Iterator[Problem]:
    wanted = elf.versions.get(name)
    library = linker.elf(path) if wanted else None
    # of a library without any version the linker only says that it has none
    if wanted and library and library.defines:
        for version in wanted - library.defines:
            yield Problem(needer, name, version)


def find(linker: Linker, name: str, needer: str, rpath: tuple[str, ...] = ()) -> str | None:
    """The path at which a library is found for a file, or None.

    ``rpath`` are the folders, expanded, of the file and of those that loaded it. A path that a link leads to is
    given as the linker opens it: ``$ORIGIN`` is the folder of the link.
    """
    elf = linker.elf(needer)
    if elf is None:
        return None
    if "/" in name:
        return name if _fits(linker, name, elf) else None
    runpath = _expanded(elf.runpath, needer, elf)
    folders = (*rpath, *linker.library_path, *runpath)
    key = (name, elf.machine, (*folders, "") if elf.default_folders else folders)
    if key not in linker.found:
        paths = _candidates(linker, name, folders, elf)
        linker.found[key] = next((path for path in paths if _fits(linker, path, elf)), None)
    return linker.found[key]


def _candidates(linker: Linker, name: str, folders: tuple[str, ...], elf: Elf) -> Iterator[str]:
    yield from _in(folders, name)
    if elf.default_folders:
        yield from linker.cache.get(name, ())
        yield from _in(_default_folders(linker, elf), name)


def _in(folders: tuple[str, ...], name: str) -> Iterator[str]:
    return (posixpath.join(folder, level, name) for folder in folders for level in _LEVELS)


def _default_folders(linker: Linker, elf: Elf) -> tuple[str, ...]:
    triplet, platform = _ARCHITECTURES.get(elf.machine[0], ("", ""))
    if linker.tree.get(f"/lib/ld-musl-{platform}.so.1"):
        data = linker.tree.read(f"/etc/ld-musl-{platform}.path", _MAX_CONFIGURATION)
        return tuple(
            (data or b"/lib:/usr/local/lib:/usr/lib").decode("utf-8", "replace").replace("\n", ":").split(":")
        )
    names = [f"lib/{triplet}"] if triplet else []
    names += ["lib64", "lib"] if elf.machine[1] == 2 else ["lib", "lib32"]
    return tuple(root + name for name in names for root in ("/", "/usr/"))


def _fits(linker: Linker, path: str, elf: Elf) -> bool:
    found = linker.elf(path)
    return found is not None and found.machine == elf.machine


def _expanded(folders: tuple[str, ...], path: str, elf: Elf) -> tuple[str, ...]:
    """Folders with ``$ORIGIN``, ``$PLATFORM`` and ``$LIB`` (as Debian and as everybody else has it) replaced."""
    if not folders:
        return ()
    triplet, platform = _ARCHITECTURES.get(elf.machine[0], ("", ""))
    made: list[str] = []
    for lib in (f"lib/{triplet}", "lib64"):
        values = {"ORIGIN": posixpath.dirname(path), "PLATFORM": platform, "LIB": lib}
        made += (_replaced(folder, values) for folder in folders[:_MAX_FOLDERS] if folder)
    return tuple(dict.fromkeys(made))


def _replaced(folder: str, values: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda token: values[token[1] or token[2]], folder)
