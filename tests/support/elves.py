"""ELF files as tests need them: no code, but all that a dynamic linker reads."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

X86_64, AARCH64, POWERPC, I386 = 62, 183, 20, 3
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3


def elf(
    *,
    needed: Sequence[str] = (),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    interpreter: str = "",
    versions: Mapping[str, Sequence[str]] | None = None,
    weak: Sequence[str] = (),
    defines: Sequence[str] = (),
    data: bytes = b"",
    flags_1: int = 0,
    machine: int = X86_64,
    wide: bool = True,
    order: str = "<",
) -> bytes:
    """A shared object, or a program where it has an interpreter. ``weak`` are those of ``versions`` that may be missing."""
    made = _Strings()
    header, entry, pair = (64, 56, "QQ") if wide else (52, 32, "II")
    tags = [(1, made.add(name)) for name in needed]
    tags += [(tag, made.add(text)) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text]
    tags += [(0x6FFFFFFB, flags_1)] if flags_1 else []
    need = _verneed(versions or {}, weak, made, order)
    define = _verdef(defines, made, order)
    strings = bytes(made.data)
    names = b"\0.rodata\0.shstrtab\0"
    blobs = [strings, need, define, interpreter.encode() + b"\0", data, names]
    count = 2 + bool(interpreter)
    places = [header + entry * count]
    for blob in blobs:
        places.append((places[-1] + len(blob) + 7) // 8 * 8)
    tags.append((5, places[0]))
    tags += [(0x6FFFFFFE, places[1]), (0x6FFFFFFF, len(versions or {}))] if versions else []
    tags += [(0x6FFFFFFC, places[2]), (0x6FFFFFFD, len(defines))] if defines else []
    dynamic = b"".join(struct.pack(order + pair, *tag) for tag in [*tags, (0, 0)])
    sections = places[6] + len(dynamic)
    end = sections + 3 * (64 if wide else 40)
    segments = [(_LOAD, 0, end), (_DYNAMIC, places[6], len(dynamic))]
    segments += [(_INTERP, places[3], len(blobs[3]))] if interpreter else []
    body = _header(machine, len(segments), sections, wide=wide, order=order)
    body += b"".join(_segment(*one, wide=wide, order=order) for one in segments)
    for place, blob in zip(places, blobs, strict=False):
        body = body.ljust(place, b"\0") + blob
    body = body.ljust(places[6], b"\0") + dynamic
    rows = [(0, 0, 0, 0, 0), (1, 1, 2, places[4], len(data)), (9, 3, 0, places[5], len(names))]
    return body + b"".join(_section(*row, wide=wide, order=order) for row in rows)


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def _header(machine: int, segments: int, sections: int, *, wide: bool, order: str) -> bytes:
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]).ljust(12, b"\0")
    words, sizes = ("QQQ", (64, 56, 64)) if wide else ("III", (52, 32, 40))
    head, phent, shent = sizes
    return ident + struct.pack(
        f"{order}HHI{words}IHHHHHH", 3, machine, 1, 0, head, sections, 0, head, phent, segments, shent, 3, 2
    )


def _segment(kind: int, offset: int, size: int, *, wide: bool, order: str) -> bytes:
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, 4, offset, offset, offset, size, size, 8)
    return struct.pack(order + "IIIIIIII", kind, offset, offset, offset, size, size, 4, 8)


def _section(name: int, kind: int, flags: int, offset: int, size: int, *, wide: bool, order: str) -> bytes:
    form = "IIQQQQIIQQ" if wide else "IIIIIIIIII"
    return struct.pack(order + form, name, kind, flags, offset, offset, size, 0, 0, 1, 0)


def _verneed(versions: Mapping[str, Sequence[str]], weak: Sequence[str], made: _Strings, order: str) -> bytes:
    out = b""
    for number, (library, names) in enumerate(versions.items(), 1):
        step = 16 + 16 * len(names) if number < len(versions) else 0
        out += struct.pack(order + "HHIII", 1, len(names), made.add(library), 16, step)
        for at, name in enumerate(names, 1):
            following = 16 if at < len(names) else 0
            out += struct.pack(order + "IHHII", 0, 2 * (name in weak), at, made.add(name), following)
    return out


def _verdef(defines: Sequence[str], made: _Strings, order: str) -> bytes:
    out = b""
    for number, name in enumerate(defines, 1):
        following = 28 if number < len(defines) else 0
        out += struct.pack(order + "HHHHIII", 1, number == 1, number, 1, 0, 20, following)
        out += struct.pack(order + "II", made.add(name), 0)
    return out
