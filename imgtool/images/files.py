"""Documents and layers in plain files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imgtool.images.blobs import LayerTar
from imgtool.images.documents import MAX_DOCUMENTS, bounded, missing
from imgtool.images.errors import ImageError
from imgtool.images.layers import Room
from imgtool.images.reading import Reading
from imgtool.images.streams import Region
from imgtool.values import NamedTuple


class Place(NamedTuple):
    """Where the bytes of a document or a layer lie in a file."""

    path: Path
    start: int
    end: int


class FileStore:
    """Documents and layers in plain files. Layers may be read in several threads at once.

    ``find`` says where something lies, or None where it is missing; it raises ImageError where something
    is there that must not be read.
    """

    remote = False

    def __init__(self, find: Callable[[str], Place | None], reading: Reading | None = None) -> None:
        self._find = find
        self._reading = reading or Reading()
        self._documents = Room(MAX_DOCUMENTS)

    def __contains__(self, name: str, /) -> bool:
        try:
            return self._find(name) is not None
        except ImageError:
            # why it cannot be read is said to whoever wants it
            return True

    def document(self, name: str, /, _media_type: str = "") -> bytes:
        place = self._place(name)
        bounded(name, place.end - place.start, self._documents)
        with region_of(place) as region:
            return region.read(region.left)

    def layer(self, name: str, /) -> LayerTar:
        return self._reading.in_file(name, partial(region_of, self._place(name)))

    def stop(self) -> None:
        self._reading.stopped.set()

    def _place(self, name: str) -> Place:
        place = self._find(name)
        if place is None:
            raise missing(name)
        return place


@contextmanager
def _opened(path: Path) -> Iterator[io.RawIOBase]:
    try:
        with path.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise ImageError(f"it cannot be read ({error.strerror})") from None


@contextmanager
def region_of(place: Place) -> Iterator[Region]:
    """The bytes at a place.

    Raises:
        ImageError: they cannot be read.
    """
    with _opened(place.path) as file:
        yield Region(file, place.start, place.end)
