"""OCI layouts in folders, made by hand: right ones, odd ones and hostile ones."""

from __future__ import annotations

import gzip
import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from archives import (
    CONFIG_TYPE,
    INDEX_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    blob,
    classic,
    compressed,
    configuration,
    descriptor,
    encoded,
    files,
    layer,
    oci,
    oci_manifest,
    sha256,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stacks import STACKS, Stack

from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.measure import Measures, measure

LAYERS = [layer("d/, d/a 3000, b 5, h = b"), layer(".wh.d, b 5")]
UNPACKED, FLATTENED, WASTE = 20480, 10, 3000
DOCKER = "application/vnd.docker"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def layout(content: Mapping[str, bytes], name: str = "layout") -> Path:
        return written(tmp_path / name, content)

    return layout


def written(folder: Path, content: Mapping[str, bytes]) -> Path:
    for name, data in {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', **content}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def refused(reference: str, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        measure(reference, **options)
    return caught.value.reason


def figures(measures: Measures) -> tuple[int | None, int | None, int | None]:
    return measures.unpacked, measures.flattened, measures.waste


# --- one image, however it is kept -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gzip", "zstd", ""])
@pytest.mark.parametrize("verify", [False, True])
def test_weighs_the_same(kind: str, verify: bool, write: Write) -> None:
    measures = measure(f"oci:{write(oci(LAYERS, compress=kind))}", verify=verify)
    assert figures(measures) == (UNPACKED, FLATTENED, WASTE)
    assert measures.compression == (kind or "none")
    pulled = sum(len(compressed(data, kind)) for data in LAYERS) + len(configuration(LAYERS))
    assert measures.transfer == (pulled if kind else None)
    image = measures.image
    assert (image.source, image.platform, image.config_digest) == (
        "oci",
        "linux/amd64",
        f"sha256:{sha256(configuration(LAYERS))}",
    )
    manifest, _ = oci_manifest(LAYERS, configuration(LAYERS), compress=kind)
    assert image.digest == f"sha256:{sha256(manifest)}"
    assert image.layers[0].media_type == LAYER_TYPE + (f"+{kind}" if kind else "")


@given(
    stack=st.sampled_from(STACKS),
    kind=st.sampled_from(["gzip", "zstd", ""]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_place_weighs_the_same(
    stack: Stack, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("places")
    layers = [layer(text) for text in stack.layers]
    content = oci(layers, compress=kind)
    places = {
        "docker-archive": files(classic(layers)),
        "oci-archive": files(content),
        "docker-archive:gz": gzip.compress(files(content)),
        "oci-archive:zst": compressed(files(content), "zstd"),
    }
    found = {figures(measure(f"oci:{written(folder / 'layout', content)}"))}
    for place, data in places.items():
        path = folder / place.replace(":", ".")
        path.write_bytes(data)
        found.add(figures(measure(f"{place.partition(':')[0]}:{path}")))
    assert found == {(sum(map(len, layers)), stack.flattened, stack.waste)}


def test_a_layer_whose_files_can_be_fetched_one_by_one(write: Write) -> None:
    # as estargz has it: a member each file, the last one a table of contents, and behind it where that is
    content = layer("a 3, stargz.index.json 40")
    members = [gzip.compress(content[at : at + 512], mtime=0) for at in range(0, len(content), 512)]
    where = b"%016xSTARGZ" % sum(map(len, members))
    note = b"SG" + struct.pack("<H", len(where)) + where
    footer = (
        gzip.compress(b"", mtime=0)[:3] + b"\4" + bytes(4) + b"\0\xff" + struct.pack("<H", len(note)) + note
    )
    packed = b"".join(members) + footer + b"\1\0\0\xff\xff" + bytes(8)
    stated = descriptor(packed, f"{LAYER_TYPE}+gzip")
    for verify in (False, True):
        folder = write(one_image(configuration([content]), [stated], packed), f"layout{verify}")
        measures = measure(f"oci:{folder}", verify=verify)
        assert (measures.compression, measures.unpacked) == ("estargz", len(content))
        # engines that do not know it unpack the table like any other file
        assert measures.flattened == 43


def test_mixed_compression_is_said(write: Write) -> None:
    config = configuration(LAYERS)
    packed = [compressed(LAYERS[0], "zstd"), compressed(LAYERS[1], "gzip")]
    layers = [
        descriptor(data, f"{LAYER_TYPE}+{kind}") for data, kind in zip(packed, ["zstd", "gzip"], strict=True)
    ]
    measures = measure(f"oci:{write(one_image(config, layers, *packed))}")
    assert (measures.compression, figures(measures)) == ("mixed: gzip, zstd", (UNPACKED, FLATTENED, WASTE))


def test_a_blob_that_is_listed_twice_moves_once(write: Write) -> None:
    measures = measure(f"oci:{write(oci([LAYERS[0], LAYERS[0]], compress='zstd'))}")
    packed, config = compressed(LAYERS[0], "zstd"), configuration([LAYERS[0]] * 2)
    assert (measures.transfer, measures.unpacked) == (len(packed) + len(config), 2 * len(LAYERS[0]))


def one_image(config: bytes, layers: list[dict[str, Any]], *packed: bytes, **more: Any) -> dict[str, bytes]:
    manifest = encoded({"config": descriptor(config, CONFIG_TYPE), "layers": layers, **more})
    content = {**blob(config), **blob(manifest)}
    for data in packed:
        content |= blob(data)
    return content | {"index.json": encoded({"manifests": [descriptor(manifest, MANIFEST_TYPE)]})}


# --- which image -----------------------------------------------------------------------------------------


def test_docker_types_and_indexes_in_indexes(write: Write) -> None:
    content: dict[str, bytes] = {}
    listed = []
    for number, (machine, variant) in enumerate([("amd64", ""), ("arm", "v6"), ("arm", "v7")], 1):
        tar = layer(f"a {number}")
        config, packed = configuration([tar], architecture=machine), compressed(tar)
        manifest = encoded(
            {
                "mediaType": f"{DOCKER}.distribution.manifest.v2+json",
                "config": descriptor(config, f"{DOCKER}.container.image.v1+json"),
                "layers": [descriptor(packed, f"{DOCKER}.image.rootfs.diff.tar.gzip")],
            }
        )
        content |= blob(config) | blob(packed) | blob(manifest)
        platform = {"os": "linux", "architecture": machine, **({"variant": variant} if variant else {})}
        listed.append(descriptor(manifest, f"{DOCKER}.distribution.manifest.v2+json", platform=platform))
    inner = encoded({"manifests": listed})
    outer = encoded({"manifests": [descriptor(inner, f"{DOCKER}.distribution.manifest.list.v2+json")]})
    content |= blob(inner) | blob(outer)
    folder = write(content | {"index.json": encoded({"manifests": [descriptor(outer, INDEX_TYPE)]})})
    for number, wanted in enumerate(["linux/amd64", "linux/arm/v6", "linux/arm"], 1):
        measures = measure(f"oci:{folder}", platform=wanted)
        assert (measures.flattened, measures.compression) == (number, "gzip")
    # a configuration that leaves out the variant does not hide it
    assert measure(f"oci:{folder}", platform="linux/arm/v6").image.platform == "linux/arm/v6"
    assert refused(f"oci:{folder}", platform="linux/arm/v5").endswith("and nothing for linux/arm/v5")


def two_images() -> dict[str, bytes]:
    content: dict[str, bytes] = {}
    listed = []
    for number, named in enumerate(({"org.opencontainers.image.ref.name": "app:1"}, {}), 1):
        tar = layer(f"a {number}")
        manifest, blobs = oci_manifest([tar], configuration([tar]), compress=True)
        content |= blobs
        listed.append(descriptor(manifest, MANIFEST_TYPE, annotations=named))
    return content | {"index.json": encoded({"manifests": listed})}


def test_names_and_digests_choose(write: Write) -> None:
    content = two_images()
    folder = write(content)
    digests = [f"sha256:{sha256(data)}" for data in content.values() if b'"layers": [{' in data]
    assert measure(f"oci:{folder}:app:1").flattened == 1
    for mark in "@:":
        assert [measure(f"oci:{folder}{mark}{digest}").flattened for digest in digests] == [1, 2]
    assert measure(f"oci:{folder}:app@{digests[1]}").flattened == 2
    for reference in (f"oci:{folder}", str(folder)):
        assert refused(reference) == (
            "it holds app:1 (linux/amd64), an image (linux/amd64): "
            f"say which, as oci:{folder}:app:1 or oci:{folder}:{digests[1]}"
        )
    assert refused(f"oci:{folder}:app:2").endswith("and not app:2")


def test_only_what_is_asked_for_is_read(write: Write) -> None:
    packed = compressed(LAYERS[0])
    folder = write(oci(LAYERS))
    (folder / "blobs/sha256" / sha256(packed)).write_bytes(bytes(len(packed)))
    assert (
        measure(f"oci:{folder}", layers=False).transfer
        == measure(f"oci:{write(oci(LAYERS), 'whole')}").transfer
    )
    unread = measure(f"oci:{folder}", layers=False)
    assert (figures(unread), unread.compression) == ((None, None, None), "gzip")
    assert [entry.unpacked for entry in unread.image.layers] == [None, None]
    assert refused(f"oci:{folder}").startswith("layer blobs/sha256/")


def test_layers_without_stated_sizes_are_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "classic.tar"
    path.write_bytes(files(classic(LAYERS)))
    assert figures(measure(str(path), layers=False)) == (UNPACKED, FLATTENED, WASTE)


# --- what cannot be read ---------------------------------------------------------------------------------


def test_blobs_are_held_against_their_own_digests_when_asked(write: Write) -> None:
    packed = compressed(LAYERS[0])
    # other bytes of the same tar and of the same length, as compressed by another machine
    other = packed[:9] + bytes([packed[9] ^ 1]) + packed[10:]
    content = oci(LAYERS) | {f"blobs/sha256/{sha256(packed)}": other}
    archive = write(content).parent / "image.tar"
    archive.write_bytes(files(content))
    for reference in (f"oci:{archive.parent / 'layout'}", f"oci-archive:{archive}"):
        assert figures(measure(reference)) == (UNPACKED, FLATTENED, WASTE)
        assert refused(reference, verify=True).startswith(
            f"layer blobs/sha256/{sha256(packed)}: what is stored as sha256:{sha256(packed)} has the digest "
        )


def test_a_layer_of_another_size_than_its_manifest_says(write: Write) -> None:
    config, packed = configuration(LAYERS[:1]), compressed(LAYERS[0])
    stated = descriptor(packed, f"{LAYER_TYPE}+gzip") | {"size": 7}
    reason = refused(f"oci:{write(one_image(config, [stated], packed))}")
    assert reason.endswith(f"has {len(packed):,} bytes, its manifest says 7")


def manifest_with(**more: Any) -> dict[str, bytes]:
    return one_image(configuration([]), [], **more)


EMPTY = {"index.json": encoded({"manifests": []})}
HOSTILE: dict[str, tuple[dict[str, bytes], str]] = {
    "no index": ({}, "it is a folder without index.json, so no OCI layout"),
    "no list of manifests": ({"index.json": b"{}"}, "it holds no image"),
    "blob missing": (
        {name: data for name, data in oci(LAYERS).items() if data != compressed(LAYERS[1])},
        f"blobs/sha256/{sha256(compressed(LAYERS[1]))} is missing",
    ),
    "an index and a manifest at once": (manifest_with(manifests=[]), "sha256:"),
    "an absurd number of manifests": (
        {"index.json": encoded({"manifests": [descriptor(b"", MANIFEST_TYPE)] * 20_000})},
        "its indexes list more than 1,000 manifests",
    ),
    "an absurd number of manifests that are there": (
        {
            **oci(LAYERS),
            "index.json": encoded(
                {"manifests": [descriptor(next(iter(blob(b"{}").values())), MANIFEST_TYPE)] * 1500}
            ),
            **blob(b"{}"),
        },
        "its indexes list more than 1,000 manifests",
    ),
    "an index of more than any": (
        {"index.json": b'{"manifests": [' + b"1," * (5 << 20) + b"1]}"},
        "index.json has 10,485,",
    ),
    "a negative size": (
        {"index.json": encoded({"manifests": [descriptor(b"", MANIFEST_TYPE) | {"size": -1}]})},
        "an entry of an index states a size of -1",
    ),
    "an absurd size": (
        {"index.json": encoded({"manifests": [descriptor(b"", MANIFEST_TYPE) | {"size": 10**30}]})},
        "an entry of an index states a size of 1000000000",
    ),
    "a size that is a text": (
        {"index.json": encoded({"manifests": [descriptor(b"", MANIFEST_TYPE) | {"size": "9"}]})},
        "size of an entry of an index is not of type int",
    ),
    "a tower of braces": ({"index.json": b'{"a":' * 90_000}, "index.json is no JSON"),
    "a sea of braces": (
        {"index.json": b'{"a": [' + b"{}," * 1_000_000 + b"{}]}"},
        "index.json holds more than any document of an image",
    ),
    "docker's list leads out": (
        {**EMPTY, "manifest.json": encoded([{"Config": "../../../etc/passwd", "Layers": []}])},
        "../../../etc/passwd is missing",
    ),
    "docker's list is absolute": (
        {**EMPTY, "manifest.json": encoded([{"Config": "/etc/passwd", "Layers": []}])},
        "/etc/passwd is missing",
    ),
    "docker's list has a name that is none": (
        {**EMPTY, "manifest.json": encoded([{"Config": "a\0b", "Layers": []}])},
        "a\0b cannot be read",
    ),
    "a name of absurd length": (
        {**EMPTY, "manifest.json": encoded([{"Config": "a" * 5000, "Layers": []}])},
        "aaaaaaaa",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile(case: str, write: Write) -> None:
    content, reason = HOSTILE[case]
    assert refused(f"oci:{write(content)}").startswith(reason)


def test_an_artifact_is_no_image(write: Write) -> None:
    chart = descriptor(b"{}", "application/vnd.cncf.helm.config.v1+json")
    manifest = encoded({"config": chart, "layers": []})
    content = {**blob(manifest), **blob(b"{}")}
    index = encoded({"manifests": [descriptor(manifest, MANIFEST_TYPE)]})
    assert refused(f"oci:{write({**content, 'index.json': index})}").startswith("it holds no image")


def test_links_lead_no_further_than_the_folder(write: Write, tmp_path: Path) -> None:
    folder = write(oci(LAYERS))
    inside, elsewhere = folder / "kept", tmp_path / "elsewhere"
    (folder / "blobs").rename(inside)
    (folder / "blobs").symlink_to("kept")
    assert measure(f"oci:{folder}").unpacked == UNPACKED
    inside.rename(elsewhere)
    (folder / "blobs").unlink()
    (folder / "blobs").symlink_to(elsewhere)
    assert refused(f"oci:{folder}").endswith("is a link that leads out of the layout, and is not followed")
    # the folder itself is the user's own word
    (tmp_path / "link").symlink_to(write(oci(LAYERS), "other"))
    assert measure(f"oci:{tmp_path / 'link'}").unpacked == UNPACKED


def test_links_without_end_and_what_is_no_file(write: Write) -> None:
    folder = write({})
    index = folder / "index.json"
    index.symlink_to("index.json")
    assert refused(f"oci:{folder}").startswith("index.json cannot be read")
    index.unlink()
    os.mkfifo(index)
    assert refused(f"oci:{folder}") == "index.json cannot be read: it is a pipe"
    index.unlink()
    index.mkdir()
    assert refused(f"oci:{folder}") == "index.json cannot be read: it is a folder"
    index.rmdir()
    index.symlink_to("/dev/zero")
    assert refused(f"oci:{folder}").endswith("leads out of the layout, and is not followed")


def test_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(f"oci:{tmp_path}/file") == "it is a file, and no folder with an OCI layout"
    with pytest.raises(NoImageError, match="no such folder"):
        measure(f"oci:{tmp_path}/none")
