"""What an image is, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgtool.images.layers import Entries
from imgtool.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. ``digest`` names the blob as its source keeps it; ``diff_id`` the tar in it.

    ``compression`` is none, gzip, zstd, estargz (gzip whose files can be fetched one by one) or
    zstd:chunked (likewise). ``media_type`` is the manifest's word, None where there is none.
    Sizes in bytes: ``transfer`` of the compressed blob, None where the source keeps the layer
    uncompressed and so does not know; ``unpacked`` of the tar and ``content`` of the files in it, both
    None where the layer was not read, which leaves ``entries`` empty.
    ``created_by`` is what the image's history says, None where that does not match the layers.
    ``foreign``: registries refer to it elsewhere and do not keep it (non-distributable).
    """

    digest: str | None
    diff_id: str
    compression: str
    transfer: int | None
    unpacked: int | None
    content: int | None
    created_by: str | None
    entries: Entries = field(repr=False)
    media_type: str | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """One image of one platform. ``source`` is the kind of place it was read from.

    ``config`` is the image's whole configuration document as it stands there, ``config_size`` its bytes.
    ``platform`` is ``os/architecture`` with ``/variant`` where one is stated.
    ``digest`` names the manifest of this platform, None where the source has none (docker's classic
    archives); ``config_digest`` the configuration, which is the same wherever the image is.
    """

    reference: str
    source: str
    platform: str
    config: Mapping[str, Any] = field(repr=False)
    config_size: int
    history: tuple[Mapping[str, Any], ...] = field(repr=False)
    layers: tuple[Layer, ...]
    digest: str | None
    config_digest: str
