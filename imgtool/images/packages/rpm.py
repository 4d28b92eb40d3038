"""RPM's database in its three forms, and the headers in it.

Each package is one header, the same in all forms: https://rpm-software-management.github.io/rpm/manual/hregions.html,
https://refspecs.linuxbase.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/pkgformat.html#PACKAGEHEADER. They lie in a
SQLite table (``rpmdb.sqlite``, since rpm 4.16), in rpm's own "ndb" (``Packages.db``, SUSE), or in a hash of Berkeley DB
(``Packages``, up to CentOS 8). What is damaged is passed over: a database says nothing that could not be missing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing, suppress

from imgtool.images.layers import MAX_PATH
from imgtool.images.packages.model import Files, Listed, placed
from imgtool.values import NamedTuple

_PLACES = ("/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm")
NAMES = ("rpmdb.sqlite", "Packages.db", "Packages")
#: Bytes of a database; a desktop's has some hundred megabytes, an image's some ten.
_MAX_FILE = 256 << 20
#: Bytes of one header.
_MAX_HEADER = 64 << 20
#: Files of one package.
_MAX_PATHS = 500_000


def keep(path: str, size: int) -> bool:
    """Whether a file is one that :func:`packages` reads, its path without leading slash."""
    folder, _, name = f"/{path}".rpartition("/")
    return name in NAMES and folder in _PLACES and size <= _MAX_FILE


def packages(files: Files) -> Iterator[Listed]:
    """What is installed, keys left out."""
    places = (files.resolve(f"{folder}/{name}") for folder in _PLACES for name in NAMES)
    for place in filter(None, dict.fromkeys(places)):
        for header in headers(files.read(place, _MAX_FILE) or b""):
            found = _package(header)
            if found is not None:
                yield found


def owners(files: Files) -> dict[str, tuple[str, ...]]:
    """The names of the packages that own each path of the tree."""
    found: dict[str, tuple[str, ...]] = {}
    folders: dict[str, str] = {}
    for one in packages(files):
        for path in one.paths:
            place = placed(files, path, folders)
            if place:
                found[place] = (*found.get(place, ()), one.name)
    return found


def headers(data: bytes) -> Iterator[bytes]:
    """The headers in a database of whichever form; none where it is no database."""
    if data.startswith(_SQLITE):
        found = _of_sqlite(data)
    elif data.startswith(_NDB):
        found = _of_ndb(data)
    else:
        found = _of_berkeley(data)
    left = len(data)
    for header in found:
        left -= len(header)
        if left < 0:
            # they overlap, as no database's do
            return
        yield header


# --- headers --------------------------------------------------------------------------------------------

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_STATES, _FLAGS = 1029, 1037
_FOLDER_OF, _BASENAMES, _FOLDERS, _OLD_NAMES = 1116, 1117, 1118, 1027
_STRING, _STRINGS, _TRANSLATED = 6, 8, 9
_NUMBERS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "Q"}
_GHOST = 1 << 6
_INSTALLED = 0
_KEY = "gpg-pubkey"
#: Of one header: rpm itself accepts no more.
_MAX_ENTRIES = 0xFFFF


class _Header(NamedTuple):
    """The index of a header by tag, each with type, offset and count, and the data that it leads into."""

    entries: dict[int, tuple[int, int, int]]
    data: bytes

    def texts(self, tag: int) -> list[str]:
        kind, offset, count = self.entries.get(tag, (0, 0, 0))
        if kind not in {_STRING, _STRINGS, _TRANSLATED}:
            return []
        found = self.data[offset:].split(b"\0", min(count, _MAX_PATHS))[:count]
        return [text.decode("utf-8", "surrogateescape") for text in found]

    def text(self, tag: int) -> str:
        return next(iter(self.texts(tag)), "")

    def numbers(self, tag: int) -> tuple[int, ...]:
        kind, offset, count = self.entries.get(tag, (0, 0, 0))
        form = _NUMBERS.get(kind)
        size = struct.calcsize(f">{form}") if form else 0
        if not size or count > _MAX_PATHS or offset + size * count > len(self.data):
            return ()
        return struct.unpack_from(f">{count}{form}", self.data, offset)


def _header(blob: bytes) -> _Header | None:
    if len(blob) < 8:
        return None
    count, size = struct.unpack_from(">2I", blob)
    start = 8 + 16 * count
    if count > _MAX_ENTRIES or start + size > len(blob):
        return None
    found = {tag: (kind, at, count) for tag, kind, at, count in struct.iter_unpack(">4I", blob[8:start])}
    return _Header(found, blob[start : start + size])


def _package(blob: bytes) -> Listed | None:
    header = _header(blob)
    name = header.text(_NAME) if header else ""
    if header is None or name in {"", _KEY}:
        return None
    epoch = "".join(f"{number}:" for number in header.numbers(_EPOCH)[:1])
    version = f"{epoch}{header.text(_VERSION)}-{header.text(_RELEASE)}"
    return Listed(name, version, _paths(header))


def _paths(header: _Header) -> Iterator[str]:
    """Files that the package put there: no ghosts, and none that were left out when it was installed."""
    left_out = {n for n, flags in enumerate(header.numbers(_FLAGS)) if flags & _GHOST}
    left_out.update(n for n, state in enumerate(header.numbers(_STATES)) if state != _INSTALLED)
    return (path for n, path in enumerate(_all_paths(header)) if n not in left_out)


def _all_paths(header: _Header) -> Iterator[str]:
    folders = header.texts(_FOLDERS)
    places = header.numbers(_FOLDER_OF)
    if not places:
        yield from header.texts(_OLD_NAMES)
        return
    for name, place in zip(header.texts(_BASENAMES), places, strict=False):
        if place < len(folders) and len(folders[place]) < MAX_PATH:
            yield folders[place] + name


# --- forms ----------------------------------------------------------------------------------------------

_SQLITE = b"SQLite format 3\0"
#: Where SQLite says how it writes: a database with a log beside it cannot be opened in memory, and an image has no log.
_JOURNAL = slice(18, 20), b"\1\1"
#: Steps of its machine; a header takes some ten.
_MAX_STEPS = 20_000_000


def _of_sqlite(data: bytes) -> Iterator[bytes]:
    try:
        import sqlite3  # noqa: PLC0415 - some Pythons are built without
    except ImportError:
        return
    copy = bytearray(data)
    copy[_JOURNAL[0]] = _JOURNAL[1]
    # some SQLites are built without deserialize
    with closing(sqlite3.connect(":memory:")) as base, suppress(sqlite3.Error, AttributeError):
        base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_HEADER)
        base.deserialize(bytes(copy))
        base.execute("PRAGMA trusted_schema = OFF")
        # a view, which may compute for ever, is no table; nor is it where a column is computed
        named = (
            "SELECT count(*) FROM sqlite_master, pragma_table_xinfo('Packages') AS of "
            "WHERE sqlite_master.name = 'Packages' AND sqlite_master.type = 'table' AND sql NOT LIKE '%VIRTUAL%' "
            "AND of.name = 'blob' AND of.hidden = 0"
        )
        base.set_progress_handler(lambda: 1, _MAX_STEPS)
        if base.execute(named).fetchone()[0]:
            # in the order in which they lie: to sort them, SQLite keeps them all
            for (blob,) in base.execute("SELECT blob FROM Packages"):
                if isinstance(blob, bytes):
                    yield blob


_NDB = b"RpmP"
_NDB_PAGE, _NDB_BLOCK = 4096, 16
_NDB_SLOT, _NDB_BLOB = b"Slot", b"BlbS"


def _of_ndb(data: bytes) -> Iterator[bytes]:
    """Slots of 16 bytes (the first two are the file's own header) lead to blobs, counted in blocks of 16 bytes."""
    if len(data) < _NDB_PAGE:
        return
    pages = struct.unpack_from("<I", data, 12)[0]
    for magic, number, block, count in struct.iter_unpack(
        "<4s3I", data[32 : min(pages * _NDB_PAGE, len(data) // 16 * 16)]
    ):
        at = block * _NDB_BLOCK
        if magic != _NDB_SLOT or not number or at + 16 > len(data):
            continue
        start, owner, _, size = struct.unpack_from("<4s3I", data, at)
        if start == _NDB_BLOB and owner == number and 16 + size <= count * _NDB_BLOCK and size <= _MAX_HEADER:
            yield data[at + 16 : at + 16 + size]


_HASH_MAGIC = 0x00061561
_PAGE_HEADER = 26
_HASH_PAGES, _OVERFLOW_PAGE = frozenset({2, 13}), 7
_ON_PAGE, _OFF_PAGE = 1, 3


def _of_berkeley(data: bytes) -> Iterator[bytes]:
    """Pairs of key and value on the hash's pages; a header is a value, mostly on pages of its own."""
    order = next((order for order in "<>" if data[12:16] == struct.pack(f"{order}I", _HASH_MAGIC)), "")
    size = struct.unpack_from(f"{order}I", data, 20)[0] if order and len(data) >= _PAGE_HEADER else 0
    if size < 512 or size > 65536:
        return
    for at in range(size, len(data) - size + 1, size):
        page = data[at : at + size]
        entries, _, _, kind = struct.unpack_from(f"{order}2H2B", page, 20)
        if kind not in _HASH_PAGES or _PAGE_HEADER + 2 * entries > size:
            continue
        places = struct.unpack_from(f"{order}{entries}H", page, _PAGE_HEADER)
        # items lie one before the other, from the page's end
        for end, place in zip(places[::2], places[1::2], strict=False):
            if place + 12 <= size and page[place] == _OFF_PAGE:
                first, length = struct.unpack_from(f"{order}2I", page, place + 4)
                yield _overflown(data, order, size, first, length)
            elif place < end <= size and page[place] == _ON_PAGE:
                yield page[place + 1 : end]


def _overflown(data: bytes, order: str, size: int, number: int, length: int) -> bytes:
    """A value over several pages, each of which names the next one; what is there, if it is cut off."""
    found = bytearray()
    while len(found) < min(length, _MAX_HEADER) and 0 < number * size <= len(data) - size:
        page = data[number * size : (number + 1) * size]
        following, _, used, _, kind = struct.unpack_from(f"{order}I2H2B", page, 16)
        if kind != _OVERFLOW_PAGE or not used:
            break
        found += page[_PAGE_HEADER : _PAGE_HEADER + used]
        number = following
    return bytes(found[:length])
