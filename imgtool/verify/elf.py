"""What a dynamic linker reads in an ELF file, without running anything.

The formats are those of the System V ABI and of glibc's symbol versions. pyelftools reads them too, but needs
10 ms a file and raises whatever hostile bytes make it raise; an image has thousands of files. Here everything is
bounded, a file of a gigabyte costs a few kilobytes of reading, and the one exception is :class:`ElfError`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping

from imgtool.values import dataclass

#: ``read(offset, size)``: fewer bytes than asked for only where the file ends.
Reader = Callable[[int, int], bytes]

MAGIC = b"\x7fELF"
_MAX_HEADERS = 4096
_MAX_TAGS = 4096
_MAX_VERSIONS = 1 << 18
_MAX_STRING = 4096
_MAX_OFFSET = 1 << 50
#: Bytes of read-only data that are searched for names of libraries.
MAX_DATA = 32 << 20

_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _HASH, _STRTAB, _SYMTAB, _SONAME, _RPATH, _RUNPATH = 1, 4, 5, 6, 14, 15, 29
_GNU_HASH, _VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = (
    0x6FFFFEF5,
    0x6FFFFFFC,
    0x6FFFFFFD,
    0x6FFFFFFE,
    0x6FFFFFFF,
)
_FLAGS_1, _NODEFLIB = 0x6FFFFFFB, 0x800
_WEAK_VERSION, _BASE_VERSION = 2, 1
_PROGBITS, _ALLOCATED, _WRITABLE = 1, 2, 1
# a literal start is searched for at the speed of memchr; what stands before it is looked at afterwards
_SUFFIX = re.compile(rb"\.so(?:\.[0-9]{1,9}){0,4}\0")
_STEM = re.compile(rb"[\0/](lib[A-Za-z0-9_+.-]{1,80})\Z")
_MAX_STEM = 84


class ElfError(ValueError):
    """The bytes are no ELF file, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Elf:
    """What one file says to the linker. ``machine`` is ``e_machine`` with the class: libraries of another are not loaded.

    ``rpath`` and ``runpath`` are folders as written, with ``$ORIGIN`` and the like in them. ``versions`` are the
    symbol versions that it needs, by library; ``defines`` those that it has. ``interpreter`` is that of a program.
    """

    machine: tuple[int, int, bool]
    interpreter: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    default_folders: bool = True
    versions: Mapping[str, frozenset[str]] = {}
    defines: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _File:
    source: Reader
    wide: bool
    order: str
    loads: tuple[tuple[int, int, int], ...]

    def read(self, offset: int, size: int) -> bytes:
        # a real offset is far below, and what reads takes no larger one
        return self.source(offset, size) if offset < _MAX_OFFSET else b""

    def unpack(self, form: str, data: bytes, at: int = 0) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + form, data, at)
        except struct.error:
            raise ElfError("it is cut off") from None

    def place(self, address: int) -> int:
        """Where in the file the byte at a virtual address stands."""
        for start, offset, size in self.loads:
            if start <= address < start + size:
                return offset + address - start
        raise ElfError("an address lies outside of what is loaded")

    def text(self, offset: int) -> str:
        raw, end, _ = self.read(offset, _MAX_STRING).partition(b"\0")
        if not end:
            raise ElfError("a string has no end")
        return raw.decode("utf-8", "surrogateescape")


def read_elf(read: Reader) -> Elf:
    """What an ELF file needs and offers.

    Raises:
        ElfError: it is none, or damaged.
    """
    file, machine, segments = _opened(read)
    dynamic = next((s for s in segments if s[0] == _DYNAMIC), None)
    interpreter = next((file.text(offset) for kind, offset, _ in segments if kind == _INTERP), None)
    if dynamic is None:
        return Elf(machine, interpreter)
    tags = tuple(_tags(file, dynamic[1], dynamic[2]))
    first = dict(reversed(tags))
    strings = file.place(first[_STRTAB]) if _STRTAB in first else 0

    def folders(tag: int) -> tuple[str, ...]:
        return tuple(file.text(strings + first[tag]).split(":")) if tag in first else ()

    return Elf(
        machine,
        interpreter,
        file.text(strings + first[_SONAME]) if _SONAME in first else None,
        tuple(file.text(strings + value) for tag, value in tags if tag == _NEEDED),
        folders(_RPATH),
        folders(_RUNPATH),
        not first.get(_FLAGS_1, 0) & _NODEFLIB,
        _needed_versions(file, strings, first),
        frozenset(_defined_versions(file, strings, first)),
    )


def _opened(read: Reader) -> tuple[_File, tuple[int, int, bool], tuple[tuple[int, int, int], ...]]:
    head = read(0, 64)
    if head[:4] != MAGIC or len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        raise ElfError("it is no ELF file")
    wide, little = head[4] == 2, head[5] == 1
    file = _File(read, wide, "<" if little else ">", ())
    (machine,) = file.unpack("H", head, 18)
    (table,) = file.unpack("Q", head, 32) if wide else file.unpack("I", head, 28)
    size, count = file.unpack("HH", head, 54 if wide else 42)
    segments = tuple(_segments(file, table, size, count))
    loads = tuple((address, offset, size) for kind, offset, size, address in segments if kind == _LOAD)
    file = _File(read, wide, file.order, loads)
    return file, (machine, head[4], little), tuple(segment[:3] for segment in segments)


def _segments(file: _File, table: int, size: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Kind, offset, bytes in the file and virtual address of every program header."""
    if count and size != (56 if file.wide else 32):
        raise ElfError("a program header has another size")
    if count > _MAX_HEADERS:
        raise ElfError("it has too many program headers")
    data = file.read(table, size * count) if count else b""
    for at in range(0, size * count, size or 1):
        if file.wide:
            kind, _, offset, address, _, length = file.unpack("IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = file.unpack("IIIII", data, at)
        yield kind, offset, length, address


def _tags(file: _File, offset: int, size: int) -> Iterator[tuple[int, int]]:
    step = 16 if file.wide else 8
    data = file.read(offset, min(size, _MAX_TAGS * step))
    for at in range(0, len(data) - step + 1, step):
        tag, value = file.unpack("QQ" if file.wide else "II", data, at)
        if tag == 0:
            return
        yield tag, value


def _needed_versions(file: _File, strings: int, tags: Mapping[int, int]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    if _VERNEED not in tags:
        return found
    data = file.read(file.place(tags[_VERNEED]), _MAX_VERSIONS)
    at, left = 0, _MAX_TAGS
    for _ in range(min(tags.get(_VERNEEDNUM, 0), _MAX_TAGS)):
        _, count, name, first, following = file.unpack("HHIII", data, at)
        left -= count
        if left < 0:
            raise ElfError("it needs too many versions")
        found[file.text(strings + name)] = frozenset(_versions(file, strings, data, at + first, count))
        if not following:
            break
        at += following
    return found


def _versions(file: _File, strings: int, data: bytes, at: int, count: int) -> Iterator[str]:
    for _ in range(count):
        _, flags, _, name, following = file.unpack("IHHII", data, at)
        if not flags & _WEAK_VERSION:
            yield file.text(strings + name)
        at += following


def _defined_versions(file: _File, strings: int, tags: Mapping[int, int]) -> Iterator[str]:
    if _VERDEF not in tags:
        return
    data = file.read(file.place(tags[_VERDEF]), _MAX_VERSIONS)
    at = 0
    for _ in range(min(tags.get(_VERDEFNUM, 0), _MAX_TAGS)):
        _, flags, _, _, _, first, following = file.unpack("HHHHIII", data, at)
        if not flags & _BASE_VERSION:
            # further names of an entry are the versions that it follows
            (name,) = file.unpack("I", data, at + first)
            yield file.text(strings + name)
        if not following:
            return
        at += following


def named_libraries(read: Reader) -> frozenset[str]:
    """File names of libraries in the read-only data: what a program may ``dlopen``.

    Raises:
        ElfError: it is no ELF file, or a damaged one.
    """
    file, _, _ = _opened(read)
    found: set[str] = set()
    left = MAX_DATA
    for offset, size in _read_only(file):
        data = b"\0" + file.read(offset, min(size, left))
        left -= len(data) - 1
        found.update(_names(data))
        if not left:
            break
    return frozenset(found)


def _names(data: bytes) -> Iterator[str]:
    for suffix in _SUFFIX.finditer(data):
        stem = _STEM.search(data, max(suffix.start() - _MAX_STEM, 0), suffix.start())
        if stem:
            yield (stem[1] + suffix[0][:-1]).decode()


def _read_only(file: _File) -> Iterator[tuple[int, int]]:
    """Place and size of the sections that hold constants and no code: ``.rodata`` and its like."""
    head = file.read(0, 64)
    (table,) = file.unpack("Q", head, 40) if file.wide else file.unpack("I", head, 32)
    size, count, names = file.unpack("HHH", head, 58 if file.wide else 46)
    if not table or size != (64 if file.wide else 40) or count > _MAX_HEADERS or names >= count:
        return
    form = "IIQQQQ" if file.wide else "IIIIII"
    data = file.read(table, size * count)
    sections = [file.unpack(form, data, at) for at in range(0, size * count, size)]
    for name, kind, flags, _, offset, length in sections:
        constant = kind == _PROGBITS and flags & (_ALLOCATED | _WRITABLE) == _ALLOCATED
        if constant and file.text(sections[names][4] + name).startswith(".rodata"):
            yield offset, length
