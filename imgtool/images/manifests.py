"""From a store's lists to an image: which one is meant, and what it is made of.

A store is whatever holds documents and layers under the names that ``docker save`` and OCI layouts give
them: ``index.json``, ``manifest.json``, ``blobs/sha256/…``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from imgtool.images import documents, platforms
from imgtool.images.blobs import LayerTar
from imgtool.images.choice import Candidate, Listed, Stored, choose, merged, of_platform
from imgtool.images.descriptors import CONFIG_TYPES, MANIFEST_TYPES, Descriptor, blob_name, descriptor
from imgtool.images.errors import ImageError
from imgtool.images.layers import Entries
from imgtool.images.model import Image, Layer
from imgtool.images.reference import DAEMON

INDEX, MANIFEST = "index.json", "manifest.json"
#: Manifests and indexes looked at to find one image; an index of every platform there is has some dozens.
MAX_MANIFESTS = 1000
#: Layers that are fetched at a time.
_CONNECTIONS = 4

_ENTRY = "an entry of an index"


class Store(Protocol):
    """Documents and layers by name.

    ``remote``: all that is listed is there and costs a request, as in a registry, so a platform is chosen
    by what indexes state alone. Elsewhere what is listed may be missing: engines save the one platform
    that they pulled, below an index of all.
    """

    remote: bool

    def __contains__(self, name: str, /) -> bool: ...

    def document(self, name: str, /, media_type: str = "") -> bytes:
        """The bytes of a document, which is of the type that refers to it.

        Raises:
            ImageError: it is missing or too large.
        """

    def layer(self, name: str, /) -> LayerTar:
        """What a layer holds.

        Raises:
            ImageError: it is missing or cannot be read.
        """

    def stop(self) -> None:
        """Give up the layers that are being read, in whatever thread."""


def read_image(
    store: Store,
    *,
    reference: str,
    source: str,
    name: str | None,
    platform: str | None,
    layers: bool = True,
) -> Image:
    """Read the image of a store that ``name`` and ``platform`` mean, all its layers included.

    Without a name, which may be a digest too, it is the only one; without a platform, which is as
    :func:`imgtool.images.platforms.normal_platform` writes it, the only one or else this machine's on Linux.
    ``layers``: without them, those whose sizes a manifest states stay unread.

    Raises:
        ImageError: there is none or several, or something of it is missing, damaged or absurd.
    """
    place = f"{source}:{reference.removeprefix(f'{source}:')}"
    nameable = name is None and source != DAEMON and not store.remote
    chosen = choose(_candidates(store, platform), name, platform, place if nameable else None)
    what = "the image's configuration"
    diff_ids = documents.strings(documents.get(chosen.config, "rootfs", dict, what), "diff_ids", what)
    history = [step for step in documents.get(chosen.config, "history", list, what) if isinstance(step, dict)]
    if len(diff_ids) != len(chosen.layers):
        raise ImageError(f"its manifest has {len(chosen.layers)} layers, its configuration {len(diff_ids)}")
    read = _read_layers(store, [layer.name for layer in chosen.layers if _is_read(layer, store, layers)])
    steps = _created_by(history, len(diff_ids))
    return Image(
        reference=reference,
        source=source,
        platform=chosen.platform,
        config=chosen.config,
        config_size=chosen.config_size,
        history=tuple(history),
        layers=tuple(
            _layer(layer, read.get(layer.name), diff_id, step, remote=store.remote)
            for layer, diff_id, step in zip(chosen.layers, diff_ids, steps, strict=True)
        ),
        digest=chosen.digest,
        config_digest=chosen.config_digest,
    )


def _is_read(layer: Stored, store: Store, wanted: bool) -> bool:
    stated = layer.descriptor
    if stated is None:
        return True
    if stated.foreign:
        # what is kept elsewhere is never fetched from there
        return wanted and not store.remote and layer.name in store
    return wanted or stated.size is None


def _read_layers(store: Store, names: Sequence[str]) -> dict[str, LayerTar]:
    # unpacking and hashing leave the interpreter's lock
    unique = list(dict.fromkeys(names))
    workers = _CONNECTIONS if store.remote else os.cpu_count() or 1
    with ThreadPoolExecutor(min(len(unique), workers) or 1) as pool:
        try:
            return dict(zip(unique, pool.map(store.layer, unique), strict=True))
        except BaseException:
            # who leaves the pool waits for the others
            store.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _layer(
    layer: Stored, tar: LayerTar | None, diff_id: str, created_by: str | None, *, remote: bool
) -> Layer:
    stated = layer.descriptor
    if tar is not None:
        _check(layer, tar, diff_id)
    compression = tar.compression if tar else stated.compression if stated else "none"
    stored = tar.stored if tar else stated.size if stated else None
    return Layer(
        digest=stated.digest if stated else None,
        diff_id=diff_id,
        compression=compression,
        # a registry moves a blob as it is; elsewhere an uncompressed one is compressed before it moves
        transfer=stored if remote or compression != "none" else None,
        unpacked=tar.unpacked if tar else None,
        content=tar.entries.content if tar else None,
        created_by=created_by,
        entries=tar.entries if tar else Entries(),
        media_type=stated.media_type or None if stated else None,
        foreign=stated is not None and stated.foreign,
    )


def _check(layer: Stored, tar: LayerTar, diff_id: str) -> None:
    if tar.diff_id not in {None, diff_id}:
        raise ImageError(
            f"layer {layer.name} is not what the configuration names: it has the digest {tar.diff_id}"
        )
    size = layer.descriptor and layer.descriptor.size
    if size not in {None, tar.stored}:
        raise ImageError(f"layer {layer.name} has {tar.stored:,} bytes, its manifest says {size:,}")


def _created_by(history: Iterable[Mapping[str, Any]], layers: int) -> list[str | None]:
    """What made each layer; all None where history has another number of layers."""
    steps = [step.get("created_by") or step.get("comment") for step in history if not step.get("empty_layer")]
    if len(steps) != layers:
        return [None] * layers
    return [step if isinstance(step, str) else None for step in steps]


def _candidates(store: Store, platform: str | None) -> list[Candidate]:
    """The images of a store; of those that are there whole, where any is."""
    listed = list(_listed(store)) if INDEX in store else []
    if store.remote:
        listed = of_platform(listed, platform)
    found = [image for one in listed if (image := _of_oci_manifest(store, one))]
    if not found and MANIFEST in store:
        found = list(_of_docker_list(store))
    if not found:
        raise ImageError("it holds no image: no manifest.json and no index.json names one")
    whole = [image for image in found if all(_is_there(layer, store) for layer in image.layers)]
    return merged(whole or found)


def _is_there(layer: Stored, store: Store) -> bool:
    return layer.name in store or (layer.descriptor is not None and layer.descriptor.foreign)


def _listed(store: Store) -> Iterator[Listed]:
    """The manifests of ``index.json`` and of the indexes in it; attestations are none."""
    todo = _children(documents.mapping(store.document(INDEX), INDEX), INDEX, ())
    looked_at = 0
    while todo:
        names, child = todo.pop()
        if child.is_attestation:
            continue
        looked_at += 1
        if looked_at > MAX_MANIFESTS:
            raise ImageError(f"its indexes list more than {MAX_MANIFESTS:,} manifests")
        if blob_name(child.digest) not in store:
            continue
        names += child.names
        if child.media_type in MANIFEST_TYPES:
            yield Listed(names, child)
            continue
        document = _parsed(store, child)
        if "manifests" in document:
            todo += _children(document, child.digest, names)
        else:
            yield Listed(names, child, document)


def _children(index: Any, what: str, names: tuple[str, ...]) -> list[tuple[tuple[str, ...], Descriptor]]:
    # last first, for a stack
    listed = documents.get(index, "manifests", list, what)[::-1]
    return [(names, descriptor(child, _ENTRY)) for child in listed]


def _blob(store: Store, stated: Descriptor) -> bytes:
    data = store.document(blob_name(stated.digest), stated.media_type)
    documents.check(data, stated.digest)
    return data


def _parsed(store: Store, stated: Descriptor) -> dict[str, Any]:
    document = documents.mapping(_blob(store, stated), stated.digest)
    if "manifests" in document and "layers" in document:
        raise ImageError(f"{stated.digest} is an index and a manifest at once")
    return document


def _of_oci_manifest(store: Store, listed: Listed) -> Candidate | None:
    """What a manifest lists; None where it is no image but some other artifact, or not there."""
    what = listed.descriptor.digest
    manifest = listed.document or _parsed(store, listed.descriptor)
    if "config" not in manifest or "layers" not in manifest:
        return None
    config = descriptor(manifest["config"], "a manifest's config")
    if config.media_type not in CONFIG_TYPES:
        return None
    layers = [descriptor(layer, "a layer") for layer in documents.get(manifest, "layers", list, what)]
    if blob_name(config.digest) not in store:
        return None
    stored = tuple(Stored(blob_name(layer.digest), layer) for layer in layers)
    stated = listed.descriptor.stated
    image = _candidate(_blob(store, config), config.digest, listed.names, stated, what, stored)
    return None if image.platform == platforms.UNKNOWN else image


def _of_docker_list(store: Store) -> Iterator[Candidate]:
    """The images of ``manifest.json``, docker's own list."""
    listed = documents.parse(store.document(MANIFEST), MANIFEST)
    for image in documents.get({MANIFEST: listed}, MANIFEST, list, "the archive"):
        config = documents.get(image, "Config", str, MANIFEST)
        layers = tuple(map(Stored, documents.strings(image, "Layers", MANIFEST)))
        names = tuple(documents.strings(image, "RepoTags", MANIFEST))
        yield _candidate(store.document(config), config, names, {}, None, layers)


def _candidate(
    data: bytes,
    what: str,
    names: tuple[str, ...],
    stated: Mapping[str, Any],
    digest: str | None,
    layers: tuple[Stored, ...],
) -> Candidate:
    config = documents.mapping(data, what)
    return Candidate(
        names=names,
        # either may leave out the variant
        platform=platforms.of_document({**config, **stated}),
        digest=digest,
        config=config,
        config_digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        config_size=len(data),
        layers=layers,
    )
