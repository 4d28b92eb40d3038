"""Bytes that lie in a file or arrive in chunks, read forwards and never kept."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from io import RawIOBase
from typing import IO, Protocol

from imgtool.images.errors import ImageError

CHUNK = 1 << 20
#: Bytes that one compressed layer may unpack to. A bomb costs time up to here, and never memory.
MAX_UNPACKED = 1 << 38
_GZIP = zlib.MAX_WBITS | 16
#: First bytes of what a layer can be compressed with.
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x04\x22\x4d\x18": "lz4",
}


class Source(Protocol):
    """What a tar is read from."""

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes; fewer only where the source ends."""

    def skip(self, size: int, /) -> None:
        """Pass over ``size`` bytes.

        Raises:
            ImageError: the source ends before.
        """


class Region:
    """The bytes ``position`` to ``end`` of an unbuffered file: what is skipped is never read."""

    __slots__ = ("_end", "_file", "position")

    def __init__(self, file: RawIOBase | IO[bytes], position: int, end: int) -> None:
        self._file = file
        self._end = end
        self.position = position

    def read(self, size: int, /) -> bytes:
        self._file.seek(self.position)
        data = self._file.read(min(size, self.left)) or b""
        self.position += len(data)
        return data

    def skip(self, size: int, /) -> None:
        self.position += size
        if self.left < 0:
            raise _ended(-self.left)

    @property
    def left(self) -> int:
        return self._end - self.position

    def chunks(self) -> Iterator[bytes]:
        """All that is left."""
        while data := self.read(CHUNK):
            yield data


class Stream:
    """Chunks, read in any lengths; ``position`` is how many bytes were passed."""

    __slots__ = ("_at", "_before", "_chunk", "_chunks")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        return self._before + self._at

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes without passing them; fewer only at the end."""
        while len(self._chunk) - self._at < size and (more := next(self._chunks, b"")):
            self._before += self._at
            self._chunk = self._chunk[self._at :] + more
            self._at = 0
        return self._chunk[self._at : self._at + size]

    def read(self, size: int, /) -> bytes:
        end = self._at + size
        if end > len(self._chunk):
            return b"".join(self.chunks(size))
        data = self._chunk[self._at : end]
        self._at = end
        return data

    def skip(self, size: int, /) -> None:
        self._at += size
        while self._at > len(self._chunk):
            missing = self._at - len(self._chunk)
            self._at = len(self._chunk)
            if not self._next():
                raise _ended(missing)
            self._at = missing

    def chunks(self, size: int | None = None) -> Iterator[bytes]:
        """The next ``size`` bytes, or all that is left, in pieces; fewer where the stream ends."""
        while size is None or size > 0:
            if self._at == len(self._chunk) and not self._next():
                return
            end = len(self._chunk) if size is None else min(len(self._chunk), self._at + size)
            piece = self._chunk[self._at : end]
            self._at = end
            size = None if size is None else size - len(piece)
            yield piece

    def drain(self) -> int:
        """Pass over all that is left; how many bytes the whole stream had."""
        while self._next():
            pass
        return self.position

    def _next(self) -> bool:
        self._before += len(self._chunk)
        self._at = 0
        self._chunk = next(self._chunks, b"")
        return bool(self._chunk)


def _ended(missing: int) -> ImageError:
    return ImageError(f"it ends {missing:,} bytes too early")


def compression(head: bytes) -> str:
    """What the first bytes of a blob say that it is compressed with: ``none``, ``gzip``, ``zstd``, …."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "none")


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip stream of one or many members, in pieces of about :data:`CHUNK`.

    Raises:
        ImageError: the stream is damaged, cut off, or unpacks to more than :data:`MAX_UNPACKED`.
    """
    decoder = zlib.decompressobj(_GZIP)
    left = MAX_UNPACKED
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if decoder.eof:
                    # estargz and parallel gzip write many members
                    decoder = zlib.decompressobj(_GZIP)
                piece = decoder.decompress(data, CHUNK)
                data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                left -= len(piece)
                if left < 0:
                    raise ImageError("it unpacks to more than any real layer")
                if piece:
                    yield piece
        # what the length limit held back
        if piece := decoder.flush():
            yield piece
    except zlib.error as error:
        raise ImageError(f"its gzip stream is damaged ({error})") from None
    if not decoder.eof:
        raise ImageError("its gzip stream is cut off")


def tapped(chunks: Iterable[bytes], *taps: Callable[[bytes], object]) -> Iterator[bytes]:
    """The chunks, each shown to every tap as it passes: a digest, a counter, a limit."""
    for chunk in chunks:
        for tap in taps:
            tap(chunk)
        yield chunk
