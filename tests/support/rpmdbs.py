"""RPM databases made by hand: headers, and the files that they lie in."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

_TYPES = {1002: 6, 1001: 6, 1000: 6, 1003: 4, 1117: 8, 1118: 8, 1116: 4, 1037: 4, 1029: 1, 1027: 8}
NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
STATES, OLD_NAMES, FLAGS, FOLDER_OF, BASENAMES, FOLDERS = 1029, 1027, 1037, 1116, 1117, 1118


def header(tags: Mapping[int, Any]) -> bytes:
    """A header of texts (str), lists of texts, and lists of numbers by tag."""
    index, data = b"", b""
    for tag, value in tags.items():
        values = value if isinstance(value, list) else [value]
        data += b"\0" * (-len(data) % 4)
        index += struct.pack(">4I", tag, _TYPES[tag], len(data), len(values))
        data += b"".join(_stored(_TYPES[tag], one) for one in values)
    return struct.pack(">2I", len(tags), len(data)) + index + data


def _stored(kind: int, value: Any) -> bytes:
    if kind == 1:
        return struct.pack("B", value)
    return struct.pack(">I", value) if kind == 4 else str(value).encode() + b"\0"


def package(name: str, *paths: str, version: str = "1", release: str = "2", **more: Any) -> bytes:
    """A package with these paths."""
    folders = sorted({path.rpartition("/")[0] + "/" for path in paths})
    stated: dict[int, Any] = {NAME: name, VERSION: version, RELEASE: release}
    if paths:
        stated |= {
            BASENAMES: [path.rpartition("/")[2] for path in paths],
            FOLDERS: folders,
            FOLDER_OF: [folders.index(path.rpartition("/")[0] + "/") for path in paths],
        }
    return header(stated | {int(tag[1:]): value for tag, value in more.items()})


def sqlite(
    headers: Sequence[bytes], schema: str = "TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB)"
) -> bytes:
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute(f"CREATE {schema}")
        if schema.startswith("TABLE Packages"):
            base.executemany("INSERT INTO Packages(blob) VALUES (?)", [(one,) for one in headers])
        base.commit()
        return base.serialize()


def ndb(headers: Sequence[bytes]) -> bytes:
    """One page of slots, then the blobs in blocks of 16 bytes."""
    slots, blobs = b"", b""
    for number, one in enumerate(headers, 1):
        body = struct.pack("<4s3I", b"BlbS", number, 1, len(one)) + one
        tail = struct.pack("<2I4s", zlib.adler32(body), len(one), b"BlbE")
        body += b"\0" * (-(len(body) + len(tail)) % 16) + tail
        slots += struct.pack("<4s3I", b"Slot", number, (4096 + len(blobs)) // 16, len(body) // 16)
        blobs += body
    start = struct.pack("<4s4I", b"RpmP", 0, 1, 1, len(headers) + 1).ljust(32, b"\0")
    empty = struct.pack("<4s3I", b"Slot", 0, 0, 0) * ((4096 - len(start) - len(slots)) // 16)
    return start + slots + empty + blobs


def berkeley(headers: Sequence[bytes], *, size: int = 512, order: str = "<") -> bytes:
    """A hash of one page, with each header on overflow pages of its own."""
    pages = [b"", b""]
    items = b""
    places = []
    for number, one in enumerate(headers, 1):
        key = b"\1" + struct.pack(f"{order}I", number)
        value = struct.pack(f"{order}B3x2I", 3, len(pages), len(one))
        for item in (key, value):
            items = item + items
            places.append(size - len(items))
        step = size - 26
        chunks = [one[at : at + step] for at in range(0, len(one), step)]
        for at, chunk in enumerate(chunks):
            following = 0 if at == len(chunks) - 1 else len(pages) + 1
            pages.append(
                (
                    struct.pack(f"{order}8x3I2H2B", len(pages), 0, following, 1, len(chunk), 0, 7) + chunk
                ).ljust(size, b"\0")
            )
    hashed = struct.pack(f"{order}8x3I2H2B", 1, 0, 0, len(places), size - len(items), 0, 13)
    hashed += struct.pack(f"{order}{len(places)}H", *places)
    pages[0] = struct.pack(f"{order}8x4IxB2x2I", 0, 0x00061561, 9, size, 8, 0, len(pages) - 1).ljust(
        size, b"\0"
    )
    pages[1] = hashed.ljust(size - len(items), b"\0") + items
    return b"".join(pages)
