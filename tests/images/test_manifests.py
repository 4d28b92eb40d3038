"""What is asked of a store before an image is chosen, and what descriptors say."""

from __future__ import annotations

import platform as machine
from collections.abc import Mapping
from typing import Any

import pytest
from archives import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    blob,
    configuration,
    descriptor,
    encoded,
    layer,
    oci_index,
)

from imgtool.images import descriptors
from imgtool.images.blobs import LayerTar
from imgtool.images.descriptors import blob_name, digest_in
from imgtool.images.errors import ImageError
from imgtool.images.layers import Room
from imgtool.images.manifests import read_image
from imgtool.images.measure import marginal, weigh
from imgtool.images.model import Image
from imgtool.images.reading import Reading

PLATFORMS: tuple[dict[str, str], ...] = ({}, {"architecture": "arm64"}, {"architecture": "s390x"})


class Asked:
    """A store where every request costs, and is noted."""

    remote = True

    def __init__(self, content: Mapping[str, bytes]) -> None:
        self.content = dict(content)
        self.documents: list[str] = []
        self.layers: list[str] = []

    def __contains__(self, name: str, /) -> bool:
        return name in self.content or name.startswith("blobs/")

    def document(self, name: str, /, _media_type: str = "") -> bytes:
        self.documents.append(name)
        return self.content[name]

    def layer(self, name: str, /) -> LayerTar:
        self.layers.append(name)
        return Reading(room=Room()).streamed(name, [self.content[name]])

    def stop(self) -> None:
        """Nothing here is read by another thread."""

    def image(self, platform: str | None = None, *, layers: bool = True) -> Image:
        return read_image(self, reference="x", source="registry", name=None, platform=platform, layers=layers)


def of_platforms(compress: bool | str = True) -> Asked:
    images = [([layer(f"a {number}")], config) for number, config in enumerate(PLATFORMS, 1)]
    index, blobs = oci_index(images, compress=compress)
    return Asked({**blobs, "index.json": index})


@pytest.mark.parametrize(("platform", "number"), [("linux/amd64", 1), ("linux/arm64", 2), (None, 2)])
def test_other_platforms_are_not_asked_for(
    platform: str | None, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "machine", lambda: "aarch64")
    store = of_platforms()
    image = store.image(platform, layers=False)
    assert len(store.documents) == 3, "the index, one manifest, one configuration"
    assert (store.layers, image.platform.rpartition("/")[2]) == ([], ["amd64", "arm64"][number - 1])
    transfer = weigh(image).transfer
    whole = weigh(store.image(platform))
    assert (whole.transfer, whole.flattened, len(store.layers)) == (transfer, number, 1)


def test_a_platform_that_is_not_listed() -> None:
    store = of_platforms()
    with pytest.raises(ImageError, match=r"\(linux/s390x\), and nothing for linux/riscv64$"):
        store.image("linux/riscv64")
    assert store.documents == ["index.json"]


def test_registries_move_uncompressed_layers_as_they_are() -> None:
    measures = weigh(of_platforms(compress=False).image("linux/amd64"))
    tar = layer("a 1")
    assert (measures.transfer, measures.compression) == (len(tar) + len(configuration([tar])), "none")


def test_marginal_is_what_lies_behind_the_shared_layers() -> None:
    store = of_platforms()
    image = store.image("linux/amd64")
    (only,) = image.layers
    assert marginal(image, []) == marginal(image, ["sha256:other"]) == only.unpacked
    assert marginal(image, [only.diff_id]) == marginal(image, [only.diff_id, "sha256:other"]) == 0
    assert marginal(store.image("linux/amd64", layers=False), []) is None


@pytest.mark.parametrize(
    ("media_type", "annotations", "compression"),
    [
        (LAYER_TYPE, {}, "none"),
        (f"{LAYER_TYPE}+gzip", {}, "gzip"),
        (f"{LAYER_TYPE}+zstd", {}, "zstd"),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", {}, "gzip"),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", {}, "zstd"),
        ("application/vnd.docker.image.rootfs.diff.tar", {}, "none"),
        (
            f"{LAYER_TYPE}+gzip",
            {"containerd.io/snapshot/stargz/toc.digest": "sha256:x"},
            "estargz",
        ),
        (
            f"{LAYER_TYPE}+zstd",
            {"io.github.containers.zstd-chunked.manifest-checksum": "sha256:x"},
            "zstd:chunked",
        ),
    ],
)
def test_stated_compression(media_type: str, annotations: dict[str, str], compression: str) -> None:
    stated = descriptors.descriptor(descriptor(b"", media_type, annotations=annotations), "a layer")
    assert stated.compression == compression


@pytest.mark.parametrize(
    ("more", "foreign"),
    [
        ({}, False),
        ({"urls": []}, False),
        ({"urls": ["https://example.org/layer"]}, True),
        ({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}, True),
        ({"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"}, True),
    ],
)
def test_foreign(more: dict[str, Any], foreign: bool) -> None:
    assert descriptors.descriptor(descriptor(b"", LAYER_TYPE) | more, "a layer").foreign is foreign


def test_foreign_layers_are_never_fetched() -> None:
    tar = layer("a 1")
    foreign = descriptor(tar, f"{LAYER_TYPE}+gzip", urls=["https://example.org/layer"])
    config = configuration([tar])
    store = of_platforms()
    store.content |= alone(config, foreign)
    measures = weigh(store.image())
    assert (store.layers, measures.transfer, measures.foreign) == ([], len(config), len(tar))
    assert measures.unpacked is measures.flattened is measures.waste is None


def alone(config: bytes, *layers: dict[str, Any]) -> dict[str, bytes]:
    """A manifest, its configuration and an index of it alone."""
    manifest = encoded({"config": descriptor(config, CONFIG_TYPE), "layers": list(layers)})
    index = encoded({"manifests": [descriptor(manifest, MANIFEST_TYPE)]})
    return {**blob(config), **blob(manifest), "index.json": index}


def test_names_of_blobs() -> None:
    digest = f"sha256:{'0' * 64}"
    assert digest_in(blob_name(digest)) == digest
    for name in ("0/layer.tar", "blobs/sha256/x", f"x/{blob_name(digest)}", digest.replace(":", "/")):
        assert digest_in(name) is None
