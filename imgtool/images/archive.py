"""What ``docker save`` and its like write: one tar, gzipped or not, of documents and layers.

A plain file is indexed, and then read where it matters: nothing between the headers of an uncompressed
layer is touched. What can only be read forwards, a gzipped file or an engine's answer, is read once, and
each layer as it passes, because which image it belongs to may be said at the very end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from imgtool.images.blobs import LayerTar
from imgtool.images.documents import MAX_DOCUMENTS, bounded, missing
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.files import FileStore, Place, region_of
from imgtool.images.layers import Room, clean
from imgtool.images.reading import Reading
from imgtool.images.reference import why_no_file
from imgtool.images.streams import Region, Stream, compression, unpacked
from imgtool.images.tar import BLOCK, FILE, HARDLINK, SYMLINK, Header, begins, next_header, padded

#: Files in an archive; docker allows an image 127 layers.
MAX_MEMBERS = 100_000
#: Bytes of their names, and of where links lead.
MAX_NAMES = 16 << 20
#: Links that lead from one name in an archive to another.
_MAX_LINKS = 8


class StreamStore:
    """An archive that passes once, its documents and its read layers kept."""

    remote = False

    def __init__(self, chunks: Iterable[bytes], reading: Reading | None = None) -> None:
        self._reading = reading or Reading()
        self._documents = Room(MAX_DOCUMENTS)
        self._members: dict[str, bytes | LayerTar | ImageError] = {}
        self._links: dict[str, str] = {}
        self._read(Stream(chunks))

    def _read(self, stream: Stream) -> None:
        for header in _members(stream, stream.peek(BLOCK)):
            if header.kind == FILE:
                self._keep(header, stream)
                continue
            if target := _target(header):
                self._links[_name(header)] = target
            stream.skip(padded(header.stored))
        stream.drain()

    def _keep(self, header: Header, stream: Stream) -> None:
        name = _name(header)
        body = Stream(stream.chunks(header.stored))
        try:
            if _is_document(name, body.peek(BLOCK)):
                bounded(name, header.stored, self._documents)
                self._members[name] = body.read(header.stored)
            else:
                self._members[name] = self._reading.streamed(name, body.chunks())
        except ImageError as error:
            # what nobody asks for may be as broken as it likes
            self._members[name] = error
        if body.drain() < header.stored:
            raise ImageError(f"it is cut off inside {name}")
        stream.skip(-header.stored % BLOCK)

    def __contains__(self, name: str, /) -> bool:
        return _resolved(name, self._links) in self._members

    def document(self, name: str, /, _media_type: str = "") -> bytes:
        member = self._member(name)
        if isinstance(member, LayerTar):
            raise ImageError(f"{name} is no document")
        return member

    def layer(self, name: str, /) -> LayerTar:
        member = self._member(name)
        if isinstance(member, bytes):
            raise ImageError(f"{name} is no layer")
        return member

    def stop(self) -> None:
        """All layers were read when it was opened."""

    def _member(self, name: str) -> bytes | LayerTar:
        member = self._members.get(_resolved(name, self._links), missing(name))
        if isinstance(member, ImageError):
            raise member
        return member


def open_archive(path: Path, reading: Reading | None = None) -> FileStore | StreamStore:
    """Read an archive file: one that is not compressed where it matters, any other as it passes.

    Raises:
        ImageError: it is no archive that can be read; NoImageError where there is no file.
    """
    if why := why_no_file(str(path)):
        raise (ImageError if os.path.lexists(path) else NoImageError)(why)
    whole = Place(path, 0, path.stat().st_size)
    reading = reading or Reading()
    with region_of(whole) as region, region_of(whole) as head:
        first = head.read(BLOCK)
        kind = compression(first)
        if kind == "none":
            return FileStore(_index(path, region, first), reading)
        return StreamStore(unpacked(reading.shown(region.chunks()), kind), reading)


def _index(path: Path, region: Region, first: bytes) -> Callable[[str], Place | None]:
    """Where the members of an archive lie."""
    places: dict[str, Place] = {}
    links: dict[str, str] = {}
    for header in _members(region, first):
        name = _name(header)
        if header.kind == FILE:
            places[name] = Place(path, region.position, region.position + header.stored)
        elif target := _target(header):
            links[name] = target
        region.skip(padded(header.stored))
    return lambda name: places.get(_resolved(name, links))


def _members(source: Region | Stream, first: bytes) -> Iterator[Header]:
    """The files of an archive, of which the first block is known."""
    if not begins(first):
        raise ImageError("it is no tar archive")
    room = Room(MAX_NAMES)
    for _ in range(MAX_MEMBERS):
        header = next_header(source)
        if header is None:
            return
        room.take(len(header.name) + len(header.link))
        yield header
    raise ImageError(f"it holds more than {MAX_MEMBERS:,} files")


def _name(header: Header) -> str:
    return clean(header.name).decode("utf-8", "replace")


def _target(header: Header) -> str | None:
    """What another name in the archive a link stands for; old docker linked a layer that occurs twice."""
    if header.kind not in {HARDLINK, SYMLINK}:
        return None
    folder = header.name.rpartition(b"/")[0] if header.kind == SYMLINK else b""
    return clean(folder + b"/" + header.link).decode("utf-8", "replace")


def _resolved(name: str, links: dict[str, str]) -> str:
    name = clean(name.encode("utf-8", "replace")).decode("utf-8", "replace")
    for _ in range(_MAX_LINKS):
        if name not in links:
            break
        name = links[name]
    return name


def _is_document(name: str, head: bytes) -> bool:
    return name.endswith(".json") or (head.lstrip()[:1] in {b"{", b"["} and head[257:262] != b"ustar")
