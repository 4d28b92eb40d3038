"""One layer blob, from the first byte to the last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from imgtool.images.layers import Detail, Entries, Room, read_entries
from imgtool.images.streams import Region, Stream, Tail, compression, layout, tapped, unpacked
from imgtool.values import dataclass, field


@dataclass(frozen=True, slots=True)
class LayerTar:
    """A layer blob as read. ``stored`` and ``unpacked`` are bytes of the blob and of the tar in it.

    ``diff_id`` is the tar's digest, None where its bytes were passed over.
    """

    compression: str
    stored: int
    unpacked: int
    diff_id: str | None
    entries: Entries = field(repr=False)


def stream_layer(
    chunks: Iterable[bytes], room: Room, *taps: Callable[[bytes], object], detail: Detail | None = None
) -> LayerTar:
    """Read a layer blob whole, unpacking and hashing it as it passes; ``taps`` are shown the tar in it.

    ``detail`` is what to note of the files besides names and sizes.

    Raises:
        ImageError: it is damaged, absurd, no tar, or compressed with something else than gzip or zstd.
    """
    tail = Tail()
    blob = Stream(tapped(chunks, tail))
    kind = compression(blob.peek(8))
    digest = hashlib.sha256()
    tar = Stream(tapped(unpacked(blob.chunks(), kind), digest.update, *taps))
    entries = read_entries(tar, room, detail)
    size, stored = tar.drain(), blob.drain()
    return LayerTar(layout(kind, tail.data), stored, size, f"sha256:{digest.hexdigest()}", entries)


def scan_layer(
    region: Region,
    room: Room,
    detail: Detail | None = None,
    again: Callable[[], AbstractContextManager[Region]] | None = None,
) -> LayerTar:
    """Read the headers of an uncompressed layer in a file, and nothing between them but what ``detail`` keeps.

    ``again`` opens the same bytes for whoever wants the digest of a file.

    Raises:
        ImageError: it is damaged or absurd.
    """
    size = region.left
    return LayerTar("none", size, size, None, read_entries(region, room, detail, again))
