"""How the layers of one image are read, whatever store they lie in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from imgtool.images.blobs import LayerTar, scan_layer, stream_layer
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


@dataclass(frozen=True, slots=True)
class Reading:
    """What to do with layers besides reading them, and the memory that they may take.

    ``verify``: read uncompressed layers of files whole too, and hold every blob against the digest that
    names it; what a layer unpacks to is held against its digest whenever its bytes pass. ``progress`` is
    shown every chunk that is read whole. ``spool`` takes what the layers hold. ``detail`` is what to note
    of their files.
    """

    verify: bool = False
    progress: Progress | None = None
    spool: Spool | None = None
    detail: Detail | None = None
    room: Room = field(default_factory=Room)

    def shown(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """The chunks, each shown to ``progress`` as it passes."""
        return tapped(chunks, self.progress) if self.progress else chunks

    def streamed(self, name: str, chunks: Iterable[bytes]) -> LayerTar:
        """A layer that passes; it is drained.

        Raises:
            ImageError: it is damaged, absurd, no layer, or not what its name says.
        """
        digest = digest_in(name) if self.verify else None
        blob = checked(chunks, digest) if digest else chunks
        with named(name):
            if self.spool is None:
                return stream_layer(blob, self.room, detail=self.detail)
            return self.spool.take(lambda tap: stream_layer(blob, self.room, tap, detail=self.detail))

    def in_file(self, name: str, opener: Opener) -> LayerTar:
        """A layer in a file; of an uncompressed one headers alone are read, where nothing asks for more.

        Raises:
            ImageError: as above.
        """
        with opener() as region, opener() as head:
            if self.verify or self.spool or compression(head.read(BLOCK)) != "none":
                return self.streamed(name, self.shown(region.chunks()))
            with named(name):
                return scan_layer(region, self.room, self.detail, opener)


@contextmanager
def named(name: str) -> Iterator[None]:
    """Errors say which layer they are about."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"layer {name}: {error.reason}") from None
