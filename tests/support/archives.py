"""Image archives made in memory, from layers written as text.

A layer is a comma-separated list: ``a 3`` a file of three bytes, ``d/`` a folder, ``s -> a`` a symbolic
link, ``h = a`` a hard link, ``.wh.a`` a whiteout. ``a 3 600 y`` is a file of that mode made of that letter.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
ATTESTED = {"vnd.docker.reference.type": "attestation-manifest"}


def layer(text: str, tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """A layer tar of what ``text`` lists, in that order."""
    return pack([entry(word.strip()) for word in text.split(",") if word.strip()], tar_format)


def entry(word: str) -> tuple[tarfile.TarInfo, bytes]:
    for arrow, kind in ((" -> ", tarfile.SYMTYPE), (" = ", tarfile.LNKTYPE)):
        name, found, target = word.partition(arrow)
        if found:
            return member(name, kind=kind, link=target)
    if word.endswith("/"):
        return member(word, kind=tarfile.DIRTYPE)
    name, *stated = word.split(" ")
    size, mode, letter = (*stated, *("0", "755", "x")[len(stated) :])
    return member(name, letter.encode() * int(size), mode=int(mode, 8))


def member(
    name: str, data: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o755
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(data), mode
    return info, data


def pack(members: Iterable[tuple[tarfile.TarInfo, bytes]], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def files(content: Mapping[str, bytes]) -> bytes:
    """A tar of files."""
    return pack([member(name, data) for name, data in content.items()])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def configuration(layers: Sequence[bytes], **more: Any) -> bytes:
    """An image's configuration; ``layers`` are uncompressed."""
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{sha256(data)}" for data in layers]}
    return encoded(
        {"os": "linux", "architecture": "amd64", "config": {"Cmd": ["/x"]}, "rootfs": rootfs, **more}
    )


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def classic(
    layers: Sequence[bytes], *, names: Sequence[str] = ("image:latest",), **config: Any
) -> dict[str, bytes]:
    """The files of what docker saved before it knew OCI layouts."""
    content = {f"{number}/layer.tar": data for number, data in enumerate(layers)}
    manifest = [{"Config": "config.json", "RepoTags": list(names), "Layers": list(content)}]
    return {**content, "config.json": configuration(layers, **config), "manifest.json": encoded(manifest)}


def descriptor(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256(data)}", "size": len(data), **more}


def oci(
    layers: Sequence[bytes],
    *,
    compress: bool | str = True,
    name: str = "docker.io/library/image:latest",
    **config: Any,
) -> dict[str, bytes]:
    """The files of what docker saves from a containerd store: an index in an index, an attestation beside."""
    inner, blobs = oci_index([(layers, config)], compress=compress)
    named = descriptor(inner, INDEX_TYPE, annotations={"io.containerd.image.name": name})
    return {**blobs, **blob(inner), "index.json": encoded({"schemaVersion": 2, "manifests": [named]})}


def oci_index(
    images: Sequence[tuple[Sequence[bytes], Mapping[str, Any]]], *, compress: bool | str = True
) -> tuple[bytes, dict[str, bytes]]:
    """An index of one image a platform and an attestation; and the blobs of them all."""
    manifests: list[dict[str, Any]] = []
    blobs: dict[str, bytes] = {}
    for layers, config in images:
        manifest, parts = oci_manifest(layers, configuration(layers, **config), compress=compress)
        stated = {"os": "linux", "architecture": config.get("architecture", "amd64")}
        manifests.append(descriptor(manifest, MANIFEST_TYPE, platform=stated))
        blobs |= parts
    statement, parts = oci_manifest([b'{"_type": "statement"}'], encoded({"os": "unknown"}), compress=False)
    unknown = {"os": "unknown", "architecture": "unknown"}
    manifests.append(descriptor(statement, MANIFEST_TYPE, platform=unknown, annotations=ATTESTED))
    return encoded({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}), blobs | parts


def oci_manifest(
    layers: Sequence[bytes], config: bytes, *, compress: bool | str
) -> tuple[bytes, dict[str, bytes]]:
    """A manifest, and its blobs. ``compress``: with gzip, or with what it says, ``gzip`` or ``zstd``."""
    kind = "gzip" if compress is True else compress or ""
    packed = [compressed(data, kind) for data in layers]
    manifest = encoded(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": descriptor(config, CONFIG_TYPE),
            "layers": [descriptor(data, f"{LAYER_TYPE}+{kind}".rstrip("+")) for data in packed],
        }
    )
    blobs: dict[str, bytes] = {}
    for data in (*packed, config, manifest):
        blobs |= blob(data)
    return manifest, blobs


def compressed(data: bytes, kind: str = "gzip") -> bytes:
    if kind == "zstd":
        return zstd.compress(data)
    return gzip.compress(data, mtime=0) if kind else data


def blob(data: bytes) -> dict[str, bytes]:
    return {f"blobs/sha256/{sha256(data)}": data}


def pair(base: list[bytes], head: list[bytes]) -> dict[str, bytes]:
    """Archives of two images by their names, each as docker and as a layout keeps it, and one of another platform."""
    made = {
        "base.tar": classic(base),
        "head.tar": classic(head),
        "base.oci.tar": oci(base),
        "head.oci.tar": oci(head),
        "arm.tar": classic(base, architecture="arm64"),
    }
    return {name: files(content) for name, content in made.items()}
