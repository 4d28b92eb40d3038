"""Which image of a store is meant, and what it is made of.

A store is whatever holds documents and layers under the names that ``docker save`` and OCI layouts give
them: ``index.json``, ``manifest.json``, ``blobs/sha256/…``.
"""

from __future__ import annotations

import hashlib
import os
import platform as machine
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from imgtool.images import documents
from imgtool.images.blobs import LayerTar
from imgtool.images.errors import ImageError
from imgtool.images.model import Image, Layer
from imgtool.images.reference import ARCHIVE
from imgtool.values import dataclass, field, replace

INDEX, MANIFEST = "index.json", "manifest.json"
#: Documents read to find one image; an index of every platform there is has some dozens.
MAX_MANIFESTS = 1000

_CONFIG_TYPES = {
    "",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
}
_NAME_KEYS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_ATTESTATION = "vnd.docker.reference.type"
_UNKNOWN = "unknown/unknown"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}
#: Variants that go without saying.
_DEFAULT_VARIANTS = {"amd64/v1": "amd64", "arm64/v8": "arm64", "arm": "arm/v7"}


class Store(Protocol):
    """Documents and layers by name."""

    def __contains__(self, name: str, /) -> bool: ...

    def document(self, name: str, /) -> bytes:
        """The bytes of a document; raises ImageError where it is missing or too large."""

    def layer(self, name: str, /) -> LayerTar:
        """What a layer holds; raises ImageError where it is missing or cannot be read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One image of one platform in a store, its config and layers by their names there.

    ``digest`` is that of its manifest, None where docker's own list names it.
    """

    names: tuple[str, ...]
    platform: str
    digest: str | None
    config_name: str
    config_digest: str
    config: Mapping[str, Any] = field(repr=False)
    config_size: int
    layers: tuple[str, ...]
    digests: tuple[str | None, ...]


def read_image(store: Store, *, reference: str, source: str, name: str | None, platform: str | None) -> Image:
    """Read the image of a store that ``name`` and ``platform`` mean, all its layers included.

    Without a name it is the only one; without a platform, which is as :func:`normal_platform` writes it,
    the only one or else this machine's on Linux.

    Raises:
        ImageError: there is none or several, or something of it is missing, damaged or absurd.
    """
    nameable = source == ARCHIVE and name is None
    place = f"{ARCHIVE}:{reference.removeprefix(f'{ARCHIVE}:')}" if nameable else None
    chosen = _choose(_candidates(store), name, platform, place)
    what = "the image's configuration"
    diff_ids = documents.strings(documents.get(chosen.config, "rootfs", dict, what), "diff_ids", what)
    history = [step for step in documents.get(chosen.config, "history", list, what) if isinstance(step, dict)]
    if len(diff_ids) != len(chosen.layers):
        raise ImageError(f"its manifest has {len(chosen.layers)} layers, its configuration {len(diff_ids)}")
    tars = _read_layers(store, chosen.layers)
    steps = _created_by(history, len(tars))
    return Image(
        reference=reference,
        source=source,
        platform=chosen.platform,
        config=chosen.config,
        config_size=chosen.config_size,
        history=tuple(history),
        layers=tuple(map(_layer, tars, chosen.layers, chosen.digests, diff_ids, steps)),
        digest=chosen.digest,
        config_digest=chosen.config_digest,
    )


def _read_layers(store: Store, names: Sequence[str]) -> list[LayerTar]:
    # unpacking and hashing leave the interpreter's lock
    unique = list(dict.fromkeys(names))
    with ThreadPoolExecutor(min(len(unique), os.cpu_count() or 1) or 1) as pool:
        tars = dict(zip(unique, pool.map(store.layer, unique), strict=True))
    return [tars[name] for name in names]


def _layer(tar: LayerTar, name: str, digest: str | None, diff_id: str, created_by: str | None) -> Layer:
    if tar.diff_id not in {None, diff_id}:
        raise ImageError(f"layer {name} is not what the configuration names: it has the digest {tar.diff_id}")
    return Layer(
        digest=digest,
        diff_id=diff_id,
        compression=tar.compression,
        transfer=None if tar.compression == "none" else tar.stored,
        unpacked=tar.unpacked,
        content=tar.entries.content,
        created_by=created_by,
        entries=tar.entries,
    )


def _created_by(history: Iterable[Mapping[str, Any]], layers: int) -> list[str | None]:
    """What made each layer; all None where history has another number of layers."""
    steps = [step.get("created_by") or step.get("comment") for step in history if not step.get("empty_layer")]
    if len(steps) != layers:
        return [None] * layers
    return [step if isinstance(step, str) else None for step in steps]


def blob_name(digest: str) -> str:
    """Where an OCI layout keeps a blob."""
    return "blobs/" + digest.replace(":", "/")


def _candidates(store: Store) -> list[Candidate]:
    """The images of a store; of those that are there whole, where any is."""
    found = list(_from_index(store)) if INDEX in store else []
    if not found and MANIFEST in store:
        found = list(_from_manifest(store))
    if not found:
        raise ImageError("it holds no image: no manifest.json and no index.json names one")
    whole = [image for image in found if all(layer in store for layer in image.layers)]
    unique: dict[tuple[object, ...], Candidate] = {}
    for image in whole or found:
        key = (image.config_name, image.layers)
        names = unique[key].names if key in unique else ()
        unique[key] = replace(image, names=names + image.names)
    return list(unique.values())


def _from_index(store: Store) -> Iterator[Candidate]:
    """The images of ``index.json`` and of the indexes in it; attestations and other artifacts are none."""
    index = documents.parse(store.document(INDEX), INDEX)
    todo: list[tuple[tuple[str, ...], Any]] = [((), child) for child in _children(index, INDEX)]
    read = 0
    while todo:
        names, descriptor = todo.pop()
        digest = documents.digest_of(descriptor, "an entry of an index")
        if _is_attestation(descriptor) or blob_name(digest) not in store:
            continue
        read += 1
        if read > MAX_MANIFESTS:
            raise ImageError(f"its indexes list more than {MAX_MANIFESTS:,} manifests")
        names += _names(descriptor)
        document = documents.parse(_blob(store, digest), digest)
        if documents.has(document, "manifests", digest):
            todo += [(names, child) for child in _children(document, digest)]
        else:
            yield from _of_oci_manifest(store, document, names, digest)


def _children(index: Any, what: str) -> list[Any]:
    # last first, for a stack
    return documents.get(index, "manifests", list, what)[::-1]


def _blob(store: Store, digest: str) -> bytes:
    data = store.document(blob_name(digest))
    documents.check(data, digest)
    return data


def _is_attestation(descriptor: Any) -> bool:
    platform = documents.get(descriptor, "platform", dict, "an entry of an index")
    return _ATTESTATION in _annotations(descriptor) or _platform(platform) == _UNKNOWN


def _annotations(descriptor: Any) -> dict[str, Any]:
    return documents.get(descriptor, "annotations", dict, "an entry of an index")


def _names(descriptor: Any) -> tuple[str, ...]:
    annotations = _annotations(descriptor)
    return tuple(name for key in _NAME_KEYS if isinstance(name := annotations.get(key), str))


def _of_oci_manifest(store: Store, manifest: Any, names: tuple[str, ...], what: str) -> Iterator[Candidate]:
    descriptor = documents.get(manifest, "config", dict, what)
    config_type = documents.get(descriptor, "mediaType", str, "a manifest's config")
    if config_type not in _CONFIG_TYPES or not documents.has(manifest, "layers", what):
        return
    digest = documents.digest_of(descriptor, "a manifest's config")
    layers = [
        documents.digest_of(layer, "a layer") for layer in documents.get(manifest, "layers", list, what)
    ]
    if blob_name(digest) not in store:
        return
    config = _blob(store, digest)
    image = _candidate(config, names, what, blob_name(digest), tuple(map(blob_name, layers)), tuple(layers))
    if image.platform != _UNKNOWN:
        yield image


def _from_manifest(store: Store) -> Iterator[Candidate]:
    """The images of ``manifest.json``, docker's own list."""
    listed = documents.parse(store.document(MANIFEST), MANIFEST)
    for image in documents.get({MANIFEST: listed}, MANIFEST, list, "the archive"):
        config = documents.get(image, "Config", str, MANIFEST)
        layers = tuple(documents.strings(image, "Layers", MANIFEST))
        names = tuple(documents.strings(image, "RepoTags", MANIFEST))
        yield _candidate(store.document(config), names, None, config, layers, (None,) * len(layers))


def _candidate(
    data: bytes,
    names: tuple[str, ...],
    digest: str | None,
    config_name: str,
    layers: tuple[str, ...],
    digests: tuple[str | None, ...],
) -> Candidate:
    config = documents.parse(data, config_name)
    config_digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Candidate(
        names, _platform(config), digest, config_name, config_digest, config, len(data), layers, digests
    )


def _platform(document: Any) -> str:
    system, *architecture = (
        documents.get(document, key, str, "a platform") for key in ("os", "architecture", "variant")
    )
    return _normal(system or "linux", "/".join(filter(None, architecture)) or "unknown")


def _normal(system: str, architecture: str) -> str:
    architecture = _ARCHITECTURES.get(architecture, architecture)
    return f"{system}/{_DEFAULT_VARIANTS.get(architecture, architecture)}"


def normal_platform(platform: str) -> str:
    """``os/architecture[/variant]`` without the variants that go without saying.

    Raises:
        ValueError: it has another form.
    """
    if not re.fullmatch(r"\w+/[\w.-]+(/[\w.-]+)?", platform):
        raise ValueError(f"{platform!r} is no platform: write os/architecture, as in linux/arm64")
    system, _, architecture = platform.lower().partition("/")
    return _normal(system, architecture)


def _choose(found: list[Candidate], name: str | None, platform: str | None, place: str | None) -> Candidate:
    if name is not None:
        named = [image for image in found if any(_same_name(name, other) for other in image.names)]
        if not named:
            raise ImageError(f"it holds {_listing(found)}, and not {name}")
        found = named
    if platform is None and len({image.platform for image in found}) > 1:
        platform = _normal("linux", machine.machine().lower())
    if platform is not None:
        fitting = [image for image in found if image.platform == platform]
        if not fitting:
            raise ImageError(f"it holds {_listing(found)}, and nothing for {platform}")
        found = fitting
    if len(found) > 1:
        raise ImageError(f"it holds {_listing(found)}: {_how_to_choose(found, place)}")
    return found[0]


def _how_to_choose(found: Iterable[Candidate], place: str | None) -> str:
    """The words to type for each image that can be named."""
    words = [f"{place}:{image.names[0]}" for image in found if place and image.names]
    return f"say which, as {' or '.join(map(shlex.quote, words))}" if words else "nothing tells them apart"


def _listing(images: Iterable[Candidate]) -> str:
    return ", ".join(
        f"{image.names[0] if image.names else 'an image'} ({image.platform})" for image in images
    )


def _same_name(one: str, other: str) -> bool:
    """Whether two names mean one image, docker's abbreviations undone."""
    return _full_name(one) == _full_name(other)


def _full_name(name: str) -> str:
    name = name.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"
