"""Tar headers, block by block, as engines read them.

Where tar's dialects disagree Go's ``archive/tar`` is right, because engines unpack layers with it: a
name's prefix counts in ustar headers alone, a GNU long name beats a PAX path, global PAX headers say
nothing about entries, and links, devices and folders have no data whatever size they state.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from zlib import adler32

from imgtool.images.errors import ImageError
from imgtool.images.streams import Source, Stream
from imgtool.values import NamedTuple

BLOCK = 512
#: Bytes of one long name or PAX header, as in Go.
MAX_EXTENDED = 1 << 20
#: ext4's largest file. Only a sparse entry can state more than its archive holds.
MAX_FILE = 1 << 44

FILE, FOLDER, SYMLINK, HARDLINK, OTHER = range(5)
_KINDS = {0x00: FILE, 0x30: FILE, 0x37: FILE, 0x53: FILE, 0x35: FOLDER, 0x32: SYMLINK, 0x31: HARDLINK}
_V7, _GNU_SPARSE, _GLOBAL = 0x00, 0x53, 0x67
#: Entries that say more about the next one: PAX records, a long name, a long link target.
_EXTENSIONS = {0x78: b"", 0x4C: b"gnu.path", 0x4B: b"gnu.linkpath"}
_NO_DATA = frozenset(b"123456")
#: How engines write extended attributes into PAX headers.
_XATTR = b"SCHILY.xattr."
_DOUBT = ": it is damaged, or no tar archive"
_OCTAL = b"01234567"
_ZEROS = bytes(BLOCK)
#: name, size, checksum, flag, link target, magic, prefix
_FIELDS = Struct("100s 24x 12s 12x 7s x B 100s 6s 82x 155s 12x")

Records = dict[bytes, bytes]


class Header(NamedTuple):
    """One entry. ``stored`` bytes of data follow it, padded to whole blocks.

    ``size`` is what a file unpacks to, the holes of a sparse one included; 0 for everything else.
    ``block`` and ``records`` are what it says besides, for :func:`ownership` and :func:`xattrs`.
    """

    name: bytes
    kind: int
    stored: int
    size: int
    link: bytes
    block: bytes
    records: Records


def padded(stored: int) -> int:
    """Bytes that data of this length takes in an archive."""
    return -(-stored // BLOCK) * BLOCK


def next_header(source: Source) -> Header | None:
    """Read the next entry, and leave the source at its data; None at the archive's end.

    Raises:
        ImageError: the archive is damaged, cut off or absurd.
    """
    records: Records = {}
    while (block := source.read(BLOCK)) and block != _ZEROS:
        if len(block) < BLOCK:
            raise ImageError("it is cut off inside a header")
        name, size, checksum, flag, link, magic, prefix = _FIELDS.unpack(block)
        # the low half of Adler-32 is 1 + the sum of the bytes, modulo 65521: a sum at C speed
        if adler32(block[156:], adler32(block[:148])) & 0xFFFF != (number(checksum) - 255) % 65521:
            _check_signed(block, number(checksum))
        stored = number(size)
        if flag in _EXTENSIONS:
            records = _extended(records, _EXTENSIONS[flag], _data(source, stored))
        elif flag == _GLOBAL:
            _data(source, stored)
        else:
            name = text(name)
            if magic == b"ustar\0" and prefix[0]:
                name = text(prefix[:131] if block[508:] == b"tar\0" else prefix) + b"/" + name
            real = _gnu_real_size(source, block) if flag == _GNU_SPARSE else None
            return _header(name, flag, stored, real, text(link) if link[0] else b"", block, records)
    return None


def begins(block: bytes) -> bool:
    """Whether a tar can begin with this block, damaged as it may be: it says so itself, or is a header or empty."""
    if block[257:262] == b"ustar":
        return True
    try:
        next_header(Stream([block]))
    except ImageError:
        return False
    return True


def ownership(header: Header) -> tuple[int, int, int]:
    """Permission bits, user and group numbers of an entry.

    Raises:
        ImageError: one of them is no number.
    """
    mode, *owner = (number(header.block[start : start + 8]) for start in (100, 108, 116))
    uid, gid = (_size(header.records, n, key) for n, key in zip(owner, (b"uid", b"gid"), strict=True))
    return mode & 0o7777, uid, gid


def xattrs(header: Header) -> tuple[tuple[bytes, bytes], ...]:
    """Extended attributes of an entry, by name; what setcap writes is one."""
    found = header.records.items()
    return tuple(sorted((key.removeprefix(_XATTR), value) for key, value in found if key.startswith(_XATTR)))


def _header(
    name: bytes, flag: int, stored: int, real: int | None, link: bytes, block: bytes, records: Records
) -> Header:
    if records:
        name = _first(records, b"gnu.path", b"GNU.sparse.name", b"path") or name
        link = _first(records, b"gnu.linkpath", b"linkpath") or link
        stored = _size(records, stored, b"size")
        real = _size(records, stored if real is None else real, b"GNU.sparse.size", b"GNU.sparse.realsize")
    kind = _KINDS.get(flag, OTHER)
    if flag == _V7 and name.endswith(b"/"):
        kind = FOLDER
    if flag in _NO_DATA:
        stored = 0
    if kind != FILE:
        return Header(name, kind, stored, 0, link, block, records)
    return Header(name, kind, stored, stored if real is None else real, b"", block, records)


def _check_signed(block: bytes, stated: int) -> None:
    # some old tars summed signed bytes, the checksum's own taken as spaces
    summed = block[:148] + b" " * 8 + block[156:]
    if stated != sum(byte - 256 if byte > 127 else byte for byte in summed):
        raise ImageError(f"a header's checksum is wrong{_DOUBT}")


def text(field: bytes) -> bytes:
    """A field up to its first NUL."""
    return field.partition(b"\0")[0]


def number(field: bytes) -> int:
    """A number in octal digits, or in base 256 where the first bit is set.

    Raises:
        ImageError: it is neither, or negative.
    """
    digits = field[:-1]
    if digits.strip(_OCTAL) or field[-1] not in b"\0 ":
        if field[0] & 0x80:
            return _base256(field)
        digits = text(field.strip(b" \0")).rstrip(b" ")
        if digits.strip(_OCTAL):
            # what stands there may be of any file, and no business of a report
            raise ImageError(f"a header has no number where one belongs{_DOUBT}")
    return int(digits or b"0", 8)


def _base256(field: bytes) -> int:
    if field[0] & 0x40:
        raise ImageError("a header holds a negative number")
    return int.from_bytes(field) & ~(0x80 << 8 * (len(field) - 1))


def _data(source: Source, size: int) -> bytes:
    if size > MAX_EXTENDED:
        raise ImageError(f"an extended header of {size:,} bytes is absurd")
    data = source.read(size)
    if len(data) < size:
        raise ImageError("it is cut off inside an extended header")
    source.skip(-size % BLOCK)
    return data


def _extended(records: Records, key: bytes, data: bytes) -> Records:
    """What is known about the next entry after one more extension; the last PAX header counts."""
    if key:
        return {**records, key: text(data)}
    gnu = {name: value for name, value in records.items() if name.startswith(b"gnu.")}
    return gnu | dict(_pax(data))


def _pax(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records, each its own length in decimal, a space, key=value, a newline."""
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 8)
        length = int(data[at:space]) if space > 0 and data[at:space].isdigit() else 0
        record = data[space + 1 : at + length]
        key, equals, value = record[:-1].partition(b"=")
        if not equals or record[-1:] != b"\n" or at + length > len(data):
            raise ImageError("a PAX header is malformed")
        yield key, value
        at += length


def _first(records: Records, *keys: bytes) -> bytes:
    return next((records[key] for key in keys if records.get(key)), b"")


def _size(records: Records, otherwise: int, *keys: bytes) -> int:
    digits = _first(records, *keys) or b"%d" % otherwise
    if not digits.isdigit() or len(digits) > 19 or (size := int(digits)) > MAX_FILE:
        raise ImageError(f"a header states a size of {digits[:24].decode('ascii', 'replace')}")
    return size


def _gnu_real_size(source: Source, block: bytes) -> int:
    """The size with holes of an old GNU sparse entry, whose map may go on after the header."""
    more = block[482]
    while more:
        extension = source.read(BLOCK)
        if len(extension) < BLOCK:
            raise ImageError("it is cut off inside a sparse map")
        more = extension[504]
    return _size({}, number(block[483:495]))
