"""What ``docker save`` and its like write: one tar, gzipped or not, of documents and layers.

A plain file is indexed, and then read where it matters: nothing between the headers of an uncompressed
layer is touched. What can only be read forwards, a gzipped file or an engine's answer, is read once, and
each layer as it passes, because which image it belongs to may be said at the very end.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imgtool.images.blobs import LayerTar, scan_layer, stream_layer
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.layers import Detail, Room, clean
from imgtool.images.reference import why_no_file
from imgtool.images.spool import Spool
from imgtool.images.streams import Region, Stream, compression, tapped, unpacked
from imgtool.images.tar import BLOCK, FILE, HARDLINK, SYMLINK, Header, next_header, padded

#: Bytes of one document, and of all that are read from one archive. Real ones have some kilobytes.
MAX_DOCUMENT = 8 << 20
MAX_DOCUMENTS = 64 << 20
#: Files in an archive; docker allows an image 127 layers.
MAX_MEMBERS = 100_000
#: Links that lead from one name in an archive to another.
_MAX_LINKS = 8

Progress = Callable[[bytes], object]


class FileStore:
    """An archive in a plain file. Layers may be read in several threads at once.

    Raises:
        ImageError: the file is no tar archive, cut off or damaged.
    """

    remote = False

    def __init__(
        self,
        path: Path,
        *,
        verify: bool = False,
        progress: Progress | None = None,
        detail: Detail | None = None,
    ) -> None:
        self._path = path
        self._verify = verify
        self._detail = detail
        self._taps = (progress,) if progress else ()
        self._room = Room()
        self._documents = Room(MAX_DOCUMENTS)
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        with _opened(path) as file:
            self._index(Region(file, 0, path.stat().st_size))

    def _index(self, region: Region) -> None:
        for header in _members(region):
            name = _name(header)
            if header.kind == FILE:
                self._places[name] = (region.position, region.position + header.stored)
            elif target := _target(header):
                self._links[name] = target
            region.skip(padded(header.stored))

    def __contains__(self, name: str, /) -> bool:
        return _resolved(name, self._links) in self._places

    def document(self, name: str, /, _media_type: str = "") -> bytes:
        start, end = self._place(name)
        _bounded(name, end - start, self._documents)
        with _opened(self._path) as file:
            return Region(file, start, end).read(end - start)

    def layer(self, name: str, /) -> LayerTar:
        start, end = self._place(name)
        with _opened(self._path) as file, _named(name):
            plain = compression(Region(file, start, end).read(BLOCK)) == "none"
            region = Region(file, start, end)
            if plain and not self._verify:
                again = partial(_region, self._path, start, end)
                return scan_layer(region, self._room, self._detail, again)
            return stream_layer(tapped(region.chunks(), *self._taps), self._room, detail=self._detail)

    def _place(self, name: str) -> tuple[int, int]:
        try:
            return self._places[_resolved(name, self._links)]
        except KeyError:
            raise _missing(name) from None


class StreamStore:
    """An archive that passes once, its documents and its read layers kept.

    ``spool`` takes what the layers hold, which is passed over otherwise.
    """

    remote = False

    def __init__(
        self, chunks: Iterable[bytes], spool: Spool | None = None, detail: Detail | None = None
    ) -> None:
        self._spool = spool
        self._detail = detail
        self._room = Room()
        self._documents = Room(MAX_DOCUMENTS)
        self._members: dict[str, bytes | LayerTar | ImageError] = {}
        self._links: dict[str, str] = {}
        self._read(Stream(chunks))

    def _read(self, stream: Stream) -> None:
        for header in _members(stream):
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
                _bounded(name, header.stored, self._documents)
                self._members[name] = body.read(header.stored)
            else:
                with _named(name):
                    self._members[name] = self._layer(body)
        except ImageError as error:
            # what nobody asks for may be as broken as it likes
            self._members[name] = error
        if body.drain() < header.stored:
            raise ImageError(f"it is cut off inside {name}")
        stream.skip(-header.stored % BLOCK)

    def _layer(self, body: Stream) -> LayerTar:
        if self._spool is None:
            return stream_layer(body.chunks(), self._room, detail=self._detail)
        return self._spool.take(lambda tap: stream_layer(body.chunks(), self._room, tap, detail=self._detail))

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

    def _member(self, name: str) -> bytes | LayerTar:
        member = self._members.get(_resolved(name, self._links), _missing(name))
        if isinstance(member, ImageError):
            raise member
        return member


def open_archive(
    path: Path,
    *,
    verify: bool = False,
    progress: Progress | None = None,
    spool: Spool | None = None,
    detail: Detail | None = None,
) -> FileStore | StreamStore:
    """Read an archive file. ``progress`` is shown every chunk that is read whole.

    ``verify`` reads uncompressed layers too, to hold them against their digests; everything else is
    always held against them, since its bytes pass anyway. With a ``spool`` they all pass, into it.
    ``detail`` is what to note of the layers' files.

    Raises:
        ImageError: it is no archive that can be read.
    """
    if missing := why_no_file(str(path)):
        # Path.exists raises for names that are too long
        raise (ImageError if os.path.lexists(path) else NoImageError)(missing)
    with _opened(path) as file:
        region = Region(file, 0, path.stat().st_size)
        kind = compression(region.read(BLOCK))
        if kind == "none" and spool is None:
            return FileStore(path, verify=verify, progress=progress, detail=detail)
        chunks = tapped(Region(file, 0, path.stat().st_size).chunks(), *((progress,) if progress else ()))
        return StreamStore(unpacked(chunks, kind), spool, detail)


@contextmanager
def _opened(path: Path) -> Iterator[io.RawIOBase]:
    try:
        with path.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise ImageError(f"it cannot be read ({error.strerror})") from None


@contextmanager
def _region(path: Path, start: int, end: int) -> Iterator[Region]:
    with _opened(path) as file:
        yield Region(file, start, end)


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        raise ImageError(f"layer {name}: {error.reason}") from None


def _members(source: Region | Stream) -> Iterator[Header]:
    for _ in range(MAX_MEMBERS):
        header = next_header(source)
        if header is None:
            return
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


def _bounded(name: str, size: int, room: Room) -> None:
    if size > MAX_DOCUMENT:
        raise ImageError(f"{name} has {size:,} bytes, which no document of an image has")
    room.take(size)


def _missing(name: str) -> ImageError:
    return ImageError(f"{name} is missing")
