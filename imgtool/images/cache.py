"""What layers hold, kept from one run to the next, so that a layer of a registry is fetched once.

An entry is named after the digest of the blob it was read from, which its bytes were held against: what it
says of the layer can never change, and no layer itself is kept. Entries are this user's files; one that is
damaged, of another version or somebody else's counts for nothing, and what was not used for longest goes
when there is too much. Contents of files that hold secrets are not kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from imgtool import cachedir
from imgtool.images.blobs import LayerTar
from imgtool.images.layers import DIGEST, MAX_KEPT, Detail, Entries, Room, Stated
from imgtool.images.tar import FILE, OTHER
from imgtool.secret_files import secret_file
from imgtool.values import dataclass, replace

#: Of entries; another one is another folder.
FORMAT = 1
#: Bytes of all entries, as they lie on the disk.
LIMIT = 1 << 30
#: Bytes of one entry, on the disk and unpacked: what an image of two million files takes, and what it keeps.
_MAX_STORED, _MAX_RAW = 1 << 28, (1 << 29) + MAX_KEPT
#: How old an entry is counts from its last use, to the hour.
_FRESH_SECONDS = 3600
_HEAD = struct.Struct("<32sQ")
_MAX_HEAD = 4096
_MAX_NUMBER = 1 << 62


@dataclass(frozen=True, slots=True)
class LayerCache:
    """A folder of entries, of at most ``limit`` bytes in all. Several processes may use it at once."""

    folder: Path
    limit: int = LIMIT

    def recall(self, digest: str, detail: Detail | None, room: Room) -> LayerTar | None:
        """What is known of a blob, where that is all that is asked for.

        Raises:
            ImageError: there is no room for it.
        """
        found = self._read(digest)
        if found is None:
            return None
        entries = found.entries
        room.take(_memory(entries))
        if detail is None:
            return replace(found, entries=Entries(entries.paths, entries.kinds, entries.sizes, entries.links))
        count = len(entries.paths)
        if len(entries.stated) < count or (detail.digests and len(entries.digests) < count * DIGEST):
            return None
        wanted = _wanted(entries, detail)
        kept = sum(entries.sizes[number] for number in wanted)
        if kept > room.kept or not wanted <= entries.kept.keys():
            return None
        room.kept -= kept
        return replace(
            found, entries=replace(entries, kept={number: entries.kept[number] for number in wanted})
        )

    def keep(self, digest: str, detail: Detail | None, tar: LayerTar) -> None:
        """Keep what a blob of that digest holds; where that is not possible, nothing is kept."""
        entries = _without_secrets(tar.entries)
        if detail is None or not detail.digests:
            entries = replace(entries, digests=bytearray())
        known = self._read(digest)
        if known and len(known.entries.paths) == len(entries.paths):
            entries = _together(entries, known.entries)
        data = _packed(replace(tar, entries=entries))
        if data is not None:
            with suppress(OSError):
                cachedir.write(self.folder, str(self._path(digest)), data)
                self._prune()

    def _path(self, digest: str) -> Path:
        return self.folder / f"layers-v{FORMAT}" / digest.replace(":", "-")

    def _read(self, digest: str) -> LayerTar | None:
        try:
            return _unpacked(cachedir.read(str(self._path(digest)), _MAX_STORED, _FRESH_SECONDS))
        # torn, forged, or gone
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            OverflowError,
            zlib.error,
            struct.error,
        ):
            return None

    def _prune(self) -> None:
        """Remove what has not been used for longest, where there is too much."""
        files = []
        for entry in os.scandir(self.folder / f"layers-v{FORMAT}"):
            with suppress(OSError):
                known = entry.stat(follow_symlinks=False)
                files.append((known.st_mtime, known.st_size, entry.path))
        total = sum(size for _, size, _ in files)
        # some more, or each new one would come here
        goal = self.limit if total <= self.limit else self.limit * 3 // 4
        for _, size, path in sorted(files):
            if total <= goal:
                return
            with suppress(OSError):
                Path(path).unlink()
            total -= size


def _memory(entries: Entries) -> int:
    return sum(map(len, entries.paths)) + sum(map(len, entries.links.values())) + 128 * len(entries.paths)


def _wanted(entries: Entries, detail: Detail) -> set[int]:
    files = zip(range(len(entries.paths)), entries.paths, entries.kinds, entries.sizes, strict=True)
    return {n for n, path, kind, size in files if kind == FILE and size and detail.keep(path, size)}


def _together(new: Entries, old: Entries) -> Entries:
    """What two readings of one blob noted: what is kept for one command is not lost to another."""
    return replace(
        new,
        stated=new.stated or old.stated,
        digests=new.digests or old.digests,
        kept={**old.kept, **new.kept},
    )


def _without_secrets(entries: Entries) -> Entries:
    kept = {number: data for number, data in entries.kept.items() if _is_told(entries.paths[number], data)}
    return replace(entries, kept=kept)


def _is_told(path: bytes, data: bytes) -> bool:
    return secret_file(path.decode("utf-8", "replace")) is None and b"PRIVATE KEY" not in data[:_MAX_HEAD]


# --- one entry -------------------------------------------------------------------------------------------
#
# A digest and a length, then compressed: the length of a JSON document, itself, and the columns that it
# gives the lengths of. Numbers are little-endian.


def _packed(tar: LayerTar) -> bytes | None:
    entries = tar.entries
    table = list(dict.fromkeys(entries.stated))
    numbers = {stated: number for number, stated in enumerate(table)}
    columns = [
        _numbers("H", map(len, entries.paths)),
        b"".join(entries.paths),
        bytes(entries.kinds),
        _numbers("q", entries.sizes),
        _numbers("I", entries.links),
        _numbers("H", map(len, entries.links.values())),
        b"".join(entries.links.values()),
        _numbers("I", (numbers[stated] for stated in entries.stated)),
        bytes(entries.digests),
        _numbers("I", entries.kept),
        b"".join(entries.kept.values()),
    ]
    document = {
        "compression": tar.compression,
        "stored": tar.stored,
        "unpacked": tar.unpacked,
        "diff_id": tar.diff_id,
        "stated": [(mode, uid, gid, [(k.hex(), v.hex()) for k, v in more]) for mode, uid, gid, more in table],
        "columns": [len(column) for column in columns],
    }
    head = json.dumps(document).encode()
    raw = b"".join([struct.pack("<I", len(head)), head, *columns])
    if len(raw) > _MAX_RAW:
        return None
    body = zlib.compress(raw, 1)
    return _HEAD.pack(hashlib.sha256(body).digest(), len(raw)) + body


def _unpacked(data: bytes) -> LayerTar:
    """An entry; any error says that it is none."""
    digest, size = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if hashlib.sha256(body).digest() != digest or size > _MAX_RAW:
        raise ValueError
    raw = zlib.decompressobj().decompress(body, size)
    (length,) = struct.unpack_from("<I", raw)
    document = json.loads(raw[4 : 4 + length])
    columns = list(_cut(raw, 4 + length, document["columns"]))
    lengths, paths, kinds, sizes, linked, link_lengths, links, stated, digests, numbers, kept = columns
    table = [_stated(row) for row in document["stated"]]
    all_sizes = _array("q", sizes)
    kept_numbers = _array("I", numbers)
    entries = Entries(
        list(_cut(paths, 0, _array("H", lengths))),
        bytearray(kinds),
        all_sizes,
        dict(zip(_array("I", linked), _cut(links, 0, _array("H", link_lengths)), strict=True)),
        [table[number] for number in _array("I", stated)],
        bytearray(digests),
        dict(zip(kept_numbers, _cut(kept, 0, [all_sizes[number] for number in kept_numbers]), strict=True)),
    )
    _check(entries)
    stored, unpacked = document["stored"], document["unpacked"]
    if not 0 <= stored < _MAX_NUMBER or not 0 <= unpacked < _MAX_NUMBER:
        raise ValueError
    return LayerTar(str(document["compression"]), stored, unpacked, str(document["diff_id"]), entries)


def _check(entries: Entries) -> None:
    count = len(entries.paths)
    columns = {len(entries.kinds), len(entries.sizes), len(entries.stated) or count}
    if columns != {count} or len(entries.digests) not in {0, count * DIGEST}:
        raise ValueError
    if max(entries.kinds, default=0) > OTHER or min(entries.sizes, default=0) < 0:
        raise ValueError
    if max(entries.links, default=-1) >= count:
        raise ValueError


def _stated(row: Any) -> Stated:
    mode, uid, gid, more = row
    attributes = tuple((bytes.fromhex(name), bytes.fromhex(value)) for name, value in more)
    return int(mode), int(uid), int(gid), attributes


def _cut(data: bytes, start: int, lengths: Sequence[int]) -> Iterable[bytes]:
    """Pieces of these lengths, which are all that is left."""
    ends = list(accumulate(lengths, initial=start))
    if ends[-1] != len(data) or min(lengths, default=0) < 0:
        raise ValueError
    return (data[one:end] for one, end in pairwise(ends))


def _numbers(kind: str, values: Iterable[int]) -> bytes:
    column = array(kind, values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _array(kind: str, data: bytes) -> array[int]:
    column = array(kind)
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column
