"""Bytes that lie in a file or arrive in chunks, read forwards and never kept."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import RawIOBase
from typing import IO, Protocol

from imgtool.images.errors import ImageError

CHUNK = 1 << 20
#: Bytes that one compressed layer may unpack to. A bomb costs time up to here, and never memory.
MAX_UNPACKED = 1 << 38
_GZIP = zlib.MAX_WBITS | 16
#: Memory that a zstd frame may ask for is 2 to this power of bytes: 128 MiB, what `zstd --long` needs.
_MAX_WINDOW_LOG = 27
#: First bytes that a further member is tried with.
_SHORT = 1 << 12
#: The longest footer known has 72 bytes.
_TAIL = 72
#: Bytes 2 to 4 of a zstd frame that only carries notes.
_SKIPPABLE = b"\x2a\x4d\x18"
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
    if head[1:4] == _SKIPPABLE and head[0] & 0xF0 == 0x50:
        return "zstd"
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "none")


class Tail:
    """A tap that keeps the last bytes that pass it."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = b""

    def __call__(self, chunk: bytes) -> None:
        self.data = chunk[-_TAIL:] if len(chunk) >= _TAIL else (self.data + chunk)[-_TAIL:]


def layout(kind: str, tail: bytes) -> str:
    """How a blob is compressed, given its last bytes: ``estargz`` and ``zstd:chunked`` are gzip and zstd.

    Both end in where their table of contents is. Sources: stargz-snapshotter's docs/estargz.md, "Footer",
    and zstdchunked.go there.
    """
    if kind == "gzip" and b"STARGZ" in {tail[-51:][32:38], tail[-47:][28:34]}:
        return "estargz"
    return "zstd:chunked" if kind == "zstd" and tail.endswith(b"GnUlInUx") else kind


def unpacked(chunks: Iterable[bytes], kind: str) -> Iterator[bytes]:
    """The content of a stream, in pieces of at most :data:`CHUNK`; ``kind`` is as :func:`compression` says.

    Streams may have many members or frames, one behind the other.

    Raises:
        ImageError: the stream is damaged, cut off, asks for absurd memory, unpacks to more than
            :data:`MAX_UNPACKED`, or ``kind`` cannot be read here.
    """
    if kind == "none":
        return iter(chunks)
    if kind == "gzip":
        return _expanded(chunks, _Inflater, zlib.error, kind)
    if kind == "zstd":
        return _zstd(chunks)
    raise ImageError(f"it is compressed with {kind}, which cannot be read here")


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes: ...


class _Inflater:
    """zlib's decoder with the manners of all others: what it cannot yet use it keeps itself."""

    __slots__ = ("_decoder", "_tail", "needs_input")

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(_GZIP)
        self._tail = b""
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        piece = self._decoder.decompress(self._tail or data, max_length)
        self._tail = self._decoder.unconsumed_tail
        self.needs_input = not self._tail and len(piece) < max_length
        return piece


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - few images need it
    else:
        from backports import zstd  # noqa: PLC0415 - likewise

    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG}
    return _expanded(chunks, lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError, "zstd")


def _expanded(
    chunks: Iterable[bytes], start: Callable[[], _Decoder], damaged: type[Exception], kind: str
) -> Iterator[bytes]:
    decoder, left, window = start(), MAX_UNPACKED, CHUNK
    for chunk in chunks:
        at = 0
        while at < len(chunk) or not (decoder.eof or decoder.needs_input):
            if decoder.eof:
                # estargz and parallel compressors write many members; what is given to one beyond its
                # end is copied, so a chunk of tiny ones must not be given whole
                decoder, window = start(), _SHORT
            data = memoryview(chunk)[at : at + window] if decoder.needs_input else b""
            try:
                piece = decoder.decompress(data, CHUNK)
            except damaged as error:
                raise ImageError(f"its {kind} stream is damaged ({error})") from None
            at += len(data) - len(decoder.unused_data)
            window = min(2 * window, CHUNK)
            left -= len(piece)
            if left < 0:
                raise ImageError("it unpacks to more than any real layer")
            if piece:
                yield piece
    if not decoder.eof:
        raise ImageError(f"its {kind} stream is cut off")


def checked(chunks: Iterable[bytes], digest: str) -> Iterator[bytes]:
    """The chunks of a blob, which must be what a digest names when they end.

    Raises:
        ImageError: they are not.
    """
    algorithm, _, stated = digest.partition(":")
    state = hashlib.new(algorithm)
    yield from tapped(chunks, state.update)
    if state.hexdigest() != stated:
        raise ImageError(f"what is stored as {digest} has the digest {algorithm}:{state.hexdigest()}")


def tapped(chunks: Iterable[bytes], *taps: Callable[[bytes], object]) -> Iterator[bytes]:
    """The chunks, each shown to every tap as it passes: a digest, a counter, a limit."""
    for chunk in chunks:
        for tap in taps:
            tap(chunk)
        yield chunk
