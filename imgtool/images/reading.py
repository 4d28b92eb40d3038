"""How the layers of one image are read, whatever store they lie in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event
from typing import Protocol, runtime_checkable

from imgtool.images.blobs import LayerTar, scan_layer, stream_layer
from imgtool.images.cache import LayerCache
from imgtool.images.descriptors import digest_in
from imgtool.images.errors import ImageError
from imgtool.images.layers import Detail, Room
from imgtool.images.spool import Spool
from imgtool.images.streams import Region, checked, compression, tapped
from imgtool.images.tar import BLOCK
from imgtool.values import dataclass, field

Progress = Callable[[bytes], object]
#: Opens the same bytes as often as they are wanted.
Opener = Callable[[], AbstractContextManager[Region]]


@runtime_checkable
class Expecting(Protocol):
    """Progress that wants to know how much there will be."""

    def __call__(self, chunk: bytes, /) -> object: ...

    def expect(self, size: int, /) -> object:
        """So many more bytes will be shown, or fewer where it is negative."""


@dataclass(frozen=True, slots=True)
class Access:
    """How places are reached that are no plain files, and where what they gave is kept.

    ``plain_http``: speak HTTP without encryption to a registry that is not this machine, too. ``cache``
    keeps what compressed layers hold, in registries and in files.
    """

    plain_http: bool = False
    cache: LayerCache | None = None


NO_CACHE = Access()


@dataclass(frozen=True, slots=True)
class Reading:
    """What to do with layers besides reading them, and the memory that they may take.

    ``verify``: read uncompressed layers of files whole too, and hold every blob against the digest that
    names it; what a layer unpacks to is held against its digest whenever its bytes pass. ``progress`` is
    shown every chunk that is read whole. ``spool`` takes what the layers hold. ``detail`` is what to note
    of their files. ``cache`` has what earlier readings noted; to verify is to read again. ``stopped`` is set
    to give up what several threads read.
    """

    verify: bool = False
    progress: Progress | None = None
    spool: Spool | None = None
    detail: Detail | None = None
    cache: LayerCache | None = None
    room: Room = field(default_factory=Room)
    stopped: Event = field(default_factory=Event)

    def shown(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """The chunks, each shown to ``progress`` as it passes, as long as nobody gives up."""
        return tapped(chunks, self._go_on, *((self.progress,) if self.progress else ()))

    def expect(self, size: int) -> None:
        """Tell ``progress`` of bytes that are to come, where it wants to know."""
        if isinstance(self.progress, Expecting):
            self.progress.expect(size)

    def _go_on(self, _chunk: bytes) -> None:
        if self.stopped.is_set():
            raise ImageError("reading it was given up")

    def streamed(self, name: str, chunks: Iterable[bytes], *, check: bool = False) -> LayerTar:
        """A layer that passes; it is drained. ``check``: hold the blob against its digest, whatever is verified.

        Raises:
            ImageError: it is damaged, absurd, no layer, or not what its name says.
        """
        digest = digest_in(name) if self.verify or check else None
        blob = checked(chunks, digest) if digest else chunks
        with named(name):
            if self.spool is None:
                return stream_layer(blob, self.room, detail=self.detail)
            return self.spool.take(lambda tap: stream_layer(blob, self.room, tap, detail=self.detail))

    def remembered(self, name: str, read: Callable[[], LayerTar]) -> LayerTar:
        """What is known of a blob, or else what :meth:`streamed` makes of it, which is known from now on.

        Raises:
            ImageError: as above.
        """
        digest = digest_in(name)
        if self.cache is None or digest is None or self.verify or self.spool:
            return read()
        found = self.cache.recall(digest, self.detail, self.room)
        if found is None:
            found = read()
            self.cache.keep(digest, self.detail, found)
        return found

    def in_file(self, name: str, opener: Opener) -> LayerTar:
        """A layer in a file; of an uncompressed one headers alone are read, where nothing asks for more.

        Raises:
            ImageError: as above.
        """
        with opener() as region, opener() as head:
            if self.verify or self.spool or compression(head.read(BLOCK)) != "none":
                return self.remembered(
                    name,
                    # what is kept of a blob must be of that blob
                    lambda: self.streamed(name, self.shown(region.chunks()), check=self.cache is not None),
                )
            with named(name):
                return scan_layer(region, self.room, self.detail, opener)


@contextmanager
def named(name: str) -> Iterator[None]:
    """Errors say which layer they are about."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"layer {name}: {error.reason}") from None
