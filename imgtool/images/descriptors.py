"""Descriptors: how manifests and indexes refer to blobs. Those of Docker and of OCI say the same.

Sources: https://github.com/opencontainers/image-spec (descriptor.md, media-types.md, layer.md) and
https://github.com/distribution/distribution (docs/content/spec/manifest-v2-2.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgtool.images import documents, platforms
from imgtool.images.errors import ImageError
from imgtool.images.tar import MAX_FILE
from imgtool.values import dataclass, field

_OCI, _DOCKER = "application/vnd.oci.image", "application/vnd.docker"
INDEX_TYPES = (f"{_OCI}.index.v1+json", f"{_DOCKER}.distribution.manifest.list.v2+json")
MANIFEST_TYPES = (f"{_OCI}.manifest.v1+json", f"{_DOCKER}.distribution.manifest.v2+json")
#: The empty one: old tools leave it out.
CONFIG_TYPES = ("", f"{_OCI}.config.v1+json", f"{_DOCKER}.container.image.v1+json")

_NAME_KEYS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_ATTESTATION = "vnd.docker.reference.type"
#: How layers say that their files can be fetched one by one: the digest of a table of contents.
_TABLES = {
    "containerd.io/snapshot/stargz/toc.digest": "estargz",
    "io.github.containers.zstd-chunked.manifest-checksum": "zstd:chunked",
}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One reference to a blob. ``size`` is the blob's stored bytes as stated, None where they are not.

    ``platform`` is as :mod:`imgtool.images.platforms` writes it, None where ``stated`` is empty.
    ``foreign``: registries do not keep the blob, and clients fetch it from elsewhere.
    """

    digest: str
    media_type: str
    size: int | None
    platform: str | None
    foreign: bool
    stated: Mapping[str, Any] = field(repr=False)
    annotations: Mapping[str, Any] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What the image is called, as builders and engines write it."""
        found = (self.annotations.get(key) for key in _NAME_KEYS)
        return tuple(name for name in found if isinstance(name, str))

    @property
    def is_attestation(self) -> bool:
        return _ATTESTATION in self.annotations or self.platform == platforms.UNKNOWN

    @property
    def compression(self) -> str:
        """What a layer is said to be compressed with; the words are those of :class:`imgtool.images.model.Layer`."""
        chunked = [kind for key, kind in _TABLES.items() if key in self.annotations]
        if chunked:
            return chunked[0]
        end = self.media_type.rpartition(".tar")[2]
        return {"+gzip": "gzip", ".gzip": "gzip", "+zstd": "zstd", ".zstd": "zstd"}.get(end, "none")


def descriptor(document: Any, what: str) -> Descriptor:
    """Read a descriptor; ``what`` is called so in errors.

    Raises:
        ImageError: it is none.
    """
    media_type = documents.get(document, "mediaType", str, what)
    annotations = documents.get(document, "annotations", dict, what)
    stated = documents.get(document, "platform", dict, what)
    urls = documents.get(document, "urls", list, what)
    return Descriptor(
        digest=documents.digest_of(document, what),
        media_type=media_type,
        size=_size(document, what),
        platform=platforms.of_document(stated) if stated else None,
        foreign=bool(urls) or ".foreign." in media_type or ".nondistributable." in media_type,
        stated=stated,
        annotations=annotations,
    )


def _size(document: Any, what: str) -> int | None:
    if not documents.has(document, "size", what):
        return None
    size = documents.get(document, "size", int, what)
    if not 0 <= size <= MAX_FILE:
        raise ImageError(f"{what} states a size of {size}")
    return size


def blob_name(digest: str) -> str:
    """Where an OCI layout keeps a blob."""
    return "blobs/" + digest.replace(":", "/")


def digest_in(name: str) -> str | None:
    """The digest that an OCI layout's name for a blob says; None where it is another name."""
    digest = name.removeprefix("blobs/").replace("/", ":", 1)
    return digest if documents.DIGEST.fullmatch(digest) and name.startswith("blobs/") else None
