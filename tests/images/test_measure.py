from __future__ import annotations

import gzip
import os
import platform as platform_module
import socket
import sys
import tarfile
import tracemalloc
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
    member,
    oci,
    oci_index,
    oci_manifest,
    pack,
    sha256,
)

from imgtool.images import archive, streams
from imgtool.images import files as stores
from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures, measure

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Save = Callable[..., str]

LAYERS = [layer("d/, d/a 3000, b 5, h = b"), layer(".wh.d, b 5")]
UNPACKED, FLATTENED, WASTE = 20480, 10, 3000


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(content: Mapping[str, bytes] | bytes, name: str = "image.tar") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else files(content))
        return str(path)

    return write


def figures(measures: Measures) -> tuple[int | None, int | None, int | None, int | None]:
    return measures.transfer, measures.unpacked, measures.flattened, measures.waste


def docker_25(layers: list[bytes]) -> dict[str, bytes]:
    """What docker saves from overlay2 since it knows OCI layouts: both lists, layers uncompressed."""
    manifest, blobs = oci_manifest(layers, configuration(layers), compress=False)
    names = [f"blobs/sha256/{sha256(data)}" for data in layers]
    listed = [
        {
            "Config": f"blobs/sha256/{sha256(configuration(layers))}",
            "RepoTags": ["image:latest"],
            "Layers": names,
        }
    ]
    index = {
        "manifests": [
            descriptor(manifest, MANIFEST_TYPE, annotations={"io.containerd.image.name": "image:latest"})
        ]
    }
    return {**blobs, "index.json": encoded(index), "manifest.json": encoded(listed)}


def pulled(layers: list[bytes]) -> int:
    return sum(len(gzip.compress(data, mtime=0)) for data in layers) + len(configuration(layers))


def crane(layers: list[bytes]) -> dict[str, bytes]:
    """Docker's own list with compressed layers, as crane and kaniko write it."""
    content = classic([gzip.compress(data, mtime=0) for data in layers])
    return content | {"config.json": configuration(layers)}


SHAPES: dict[str, tuple[dict[str, bytes], int | None]] = {
    "classic": (classic(LAYERS), None),
    "docker 25": (docker_25(LAYERS), None),
    "containerd store": (oci(LAYERS), pulled(LAYERS)),
    "containerd store, loaded": (oci(LAYERS, compress=False), None),
    "crane": (crane(LAYERS), pulled(LAYERS)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("outer", ["plain", "gzip", "several gzip members", "zstd"])
def test_every_shape_weighs_the_same(shape: str, outer: str, save: Save) -> None:
    content, transfer = SHAPES[shape]
    data = files(content)
    if outer == "gzip":
        data = gzip.compress(data)
    elif outer == "several gzip members":
        data = gzip.compress(data[:1000]) + gzip.compress(data[1000:])
    elif outer == "zstd":
        data = zstd.compress(data)
    assert figures(measure(save(data))) == (transfer, UNPACKED, FLATTENED, WASTE)


@pytest.mark.parametrize("shape", SHAPES)
def test_verified_layers_weigh_the_same(shape: str, save: Save) -> None:
    content, transfer = SHAPES[shape]
    assert figures(measure(save(content), verify=True)) == (transfer, UNPACKED, FLATTENED, WASTE)


def test_what_a_layer_says(save: Save) -> None:
    history = [
        {"created_by": "COPY . ."},
        {"created_by": "ENV A=b", "empty_layer": True},
        {"comment": "imported"},
    ]
    image = measure(save(oci(LAYERS, history=history))).image
    assert (image.source, image.platform, image.config["config"]) == (
        "docker-archive",
        "linux/amd64",
        {"Cmd": ["/x"]},
    )
    assert list(image.history) == history
    first, second = image.layers
    packed = gzip.compress(LAYERS[0], mtime=0)
    assert (first.digest, first.diff_id) == (f"sha256:{sha256(packed)}", f"sha256:{sha256(LAYERS[0])}")
    assert (first.compression, first.transfer, first.unpacked, first.content) == (
        "gzip",
        len(packed),
        10240,
        3005,
    )
    assert (first.created_by, second.created_by) == ("COPY . .", "imported")


def test_history_of_another_length_says_nothing(save: Save) -> None:
    image = measure(save(classic(LAYERS, history=[{"created_by": "RUN x"}]))).image
    assert [layer.created_by for layer in image.layers] == [None, None]
    assert [layer.digest for layer in image.layers] == [None, None]


def test_a_layer_stacked_twice_is_pulled_once(save: Save) -> None:
    measures = measure(save(oci([LAYERS[0], LAYERS[0]])))
    assert figures(measures) == (
        len(gzip.compress(LAYERS[0], mtime=0)) + len(configuration([LAYERS[0]] * 2)),
        2 * 10240,
        3005,
        3005,
    )


def test_no_layers(save: Save) -> None:
    assert figures(measure(save(oci([])))) == (len(configuration([])), 0, 0, 0)


def test_padding_counts_as_unpacked(save: Save) -> None:
    padded = LAYERS[0] + bytes(100_000)
    for content in (classic([padded]), oci([padded])):
        assert measure(save(content)).unpacked == len(padded)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_old_docker_linked_a_layer_that_occurs_twice(kind: bytes, save: Save) -> None:
    content = classic([LAYERS[0], LAYERS[0]])
    target = "../0/layer.tar" if kind == tarfile.SYMTYPE else "0/layer.tar"
    members = [member(name, data) for name, data in content.items() if name != "1/layer.tar"]
    data = pack([*members, member("1/layer.tar", kind=kind, link=target)])
    for archived in (data, gzip.compress(data)):
        assert measure(save(archived)).unpacked == 2 * 10240


def test_links_in_an_archive_that_lead_in_a_circle(save: Save) -> None:
    content = classic([LAYERS[0]])
    members = [member(name, data) for name, data in content.items() if name != "0/layer.tar"]
    links = [("0/layer.tar", "../1/layer.tar"), ("1/layer.tar", "../0/layer.tar")]
    data = pack([*members, *(member(name, kind=tarfile.SYMTYPE, link=target) for name, target in links)])
    assert refused(save(data)) == "0/layer.tar is missing"


# --- which image ---------------------------------------------------------------------------------------

ARM = {"architecture": "arm64", "variant": "v8"}


def of_platforms(*configs: Mapping[str, Any]) -> dict[str, bytes]:
    inner, blobs = oci_index([([layer(f"a {number}")], config) for number, config in enumerate(configs, 1)])
    named = descriptor(
        inner, INDEX_TYPE, annotations={"io.containerd.image.name": "docker.io/library/image:latest"}
    )
    return {**blobs, **blob(inner), "index.json": encoded({"manifests": [named]})}


@pytest.mark.parametrize(
    ("platform", "machine", "size"),
    [
        (None, "x86_64", 1),
        (None, "aarch64", 2),
        ("linux/amd64", "aarch64", 1),
        ("linux/arm64", "x86_64", 2),
        ("linux/arm64/v8", "x86_64", 2),
        ("linux/aarch64", "x86_64", 2),
        ("linux/arm", "x86_64", 3),
        ("linux/arm/v7", "x86_64", 3),
        ("linux/arm/v6", "x86_64", 4),
    ],
)
def test_platform(
    platform: str | None, machine: str, size: int, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm32 = [{"architecture": "arm", "variant": variant} for variant in ("v7", "v6")]
    path = save(of_platforms({}, ARM, *arm32))
    monkeypatch.setattr(platform_module, "machine", lambda: machine)
    assert measure(path, platform=platform).flattened == size


def test_the_only_platform_needs_no_choice(save: Save) -> None:
    assert measure(save(of_platforms(ARM))).image.platform == "linux/arm64"


def test_a_platform_that_was_not_pulled_is_not_there(save: Save) -> None:
    content = of_platforms({}, ARM)
    missing = next(name for name, data in content.items() if data == gzip.compress(layer("a 2"), mtime=0))
    del content[missing]
    assert measure(save(content)).image.platform == "linux/amd64"
    assert refused(save(content), platform="linux/arm64") == (
        "it holds docker.io/library/image:latest (linux/amd64), and nothing for linux/arm64"
    )


def test_names(save: Save) -> None:
    one, two = classic([LAYERS[0]], names=["one:1", "other:2"]), classic([LAYERS[1]], names=["two:latest"])
    content = {
        f"{prefix}{name}": data
        for prefix, files in (("x/", one), ("y/", two))
        for name, data in files.items()
    }
    content["manifest.json"] = encoded(
        [
            {"Config": f"{prefix}config.json", "RepoTags": tags, "Layers": [f"{prefix}0/layer.tar"]}
            for prefix, tags in (("x/", ["one:1", "other:2"]), ("y/", ["two:latest"]))
        ]
    )
    path = save(content)
    held = "it holds one:1 (linux/amd64), two:latest (linux/amd64)"
    words = [f"docker-archive:{path}:one:1", f"docker-archive:{path}:two:latest"]
    for reference in (path, f"docker-archive:{path}"):
        assert refused(reference) == f"{held}: say which, as {words[0]} or {words[1]}"
    assert [measure(word).flattened for word in words] == [3005, 5]
    assert measure(f"{path}:two:latest").flattened == 5
    assert refused(f"{path}:three") == "it holds one:1 (linux/amd64), two:latest (linux/amd64), and not three"
    for name in ("other:2", "docker.io/library/one:1"):
        assert measure(f"docker-archive:{path}:{name}").flattened == 3005
    assert measure(f"docker-archive:{path}:two").flattened == 5


def test_several_names_of_one_image(save: Save) -> None:
    content = docker_25(LAYERS)
    (listed,) = [name for name in content if name == "index.json"]
    manifest, _ = oci_manifest(LAYERS, configuration(LAYERS), compress=False)
    named = [
        descriptor(
            manifest, MANIFEST_TYPE, annotations={"io.containerd.image.name": f"docker.io/library/{name}"}
        )
        for name in ("one:1", "two:2")
    ]
    path = save(content | {listed: encoded({"manifests": named})})
    assert measure(path).unpacked == measure(f"docker-archive:{path}:two:2").unpacked == UNPACKED


# --- what cannot be measured ---------------------------------------------------------------------------


def refused(reference: str, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        measure(reference, **options)
    return caught.value.reason


CLASSIC, OCI = classic(LAYERS), oci(LAYERS)
XZ = b"\xfd7zXZ\0" + bytes(600)


def without(content: Mapping[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in content.items() if name not in names}


def index_of(document: Any) -> dict[str, bytes]:
    return OCI | {"index.json": document if isinstance(document, bytes) else encoded(document)}


def chained(length: int) -> dict[str, bytes]:
    """Indexes in indexes, the last one empty."""
    content: dict[str, bytes] = {}
    inner = encoded({"manifests": []})
    for _ in range(length):
        content |= blob(inner)
        inner = encoded({"manifests": [descriptor(inner, INDEX_TYPE)]})
    return content | {"index.json": inner}


def broken_layer(data: bytes) -> dict[str, bytes]:
    return CLASSIC | {"1/layer.tar": data}


HOSTILE: dict[str, tuple[dict[str, bytes] | bytes, str]] = {
    "empty file": (b"", "it holds no image"),
    "no tar": (b"garbage" * 1000, "it is no tar archive"),
    "a short text": (b"hello\n", "it is no tar archive"),
    "a text in gzip": (compressed(b"hello\n" * 1000), "it is no tar archive"),
    "a first header without its end": (files(CLASSIC)[:300], "it is cut off inside a header"),
    "a first header damaged": (b"x" + files(CLASSIC), "it is no tar archive"),
    "a first name damaged": (b"x" + files(CLASSIC)[1:], "a header's checksum is wrong: it is damaged, or no"),
    "zeros": (bytes(4096), "it holds no image"),
    "other files alone": ({"etc/passwd": b"x"}, "it holds no image"),
    "cut off in a layer": (files(CLASSIC)[:9000], "it ends "),
    "cut off in a header": (files(CLASSIC)[:700] + b"x", "it ends "),
    "cut off before manifest.json": (
        files(CLASSIC)[: files(CLASSIC).index(b"manifest.json")],
        "it holds no image",
    ),
    "xz": (XZ, "it is compressed with xz, which cannot be read here"),
    "zstd cut off": (zstd.compress(files(CLASSIC))[:-20], "its zstd stream is cut off"),
    "gzip cut off": (gzip.compress(files(CLASSIC))[:-20], "its gzip stream is cut off"),
    "gzip damaged": (gzip.compress(files(CLASSIC))[:-8] + b"12345678", "its gzip stream is damaged"),
    "manifest.json no JSON": (CLASSIC | {"manifest.json": b"[{"}, "manifest.json is no JSON"),
    "manifest.json deep": (CLASSIC | {"manifest.json": b"[" * 90_000}, "manifest.json is no JSON"),
    "manifest.json a number of a million digits": (
        CLASSIC | {"manifest.json": b"[" + b"1" * 10**6 + b"]"},
        "manifest.json is no JSON",
    ),
    "manifest.json an object": (
        CLASSIC | {"manifest.json": b"{}"},
        "manifest.json of the archive is not of type list",
    ),
    "manifest.json of strings": (CLASSIC | {"manifest.json": b'["x"]'}, "manifest.json is no JSON object"),
    "manifest.json empty": (CLASSIC | {"manifest.json": b"[]"}, "it holds no image"),
    "manifest.json absurd": (
        CLASSIC | {"manifest.json": b"[" + b" " * (9 << 20) + b"]"},
        "manifest.json has 9,437,186 bytes",
    ),
    "layers a string": (
        CLASSIC | {"manifest.json": encoded([{"Config": "config.json", "Layers": "x"}])},
        "Layers of manifest.json is not of type list",
    ),
    "layers of numbers": (
        CLASSIC | {"manifest.json": encoded([{"Config": "config.json", "Layers": [1]}])},
        "Layers of manifest.json does not hold strings alone",
    ),
    "no config": (CLASSIC | {"manifest.json": encoded([{"Layers": []}])}, " is missing"),
    "a lone surrogate": (
        CLASSIC | {"manifest.json": b'[{"Config": "\\ud800", "Layers": []}]'},
        "\ud800 is missing",
    ),
    "config missing": (without(CLASSIC, "config.json"), "config.json is missing"),
    "config a list": (CLASSIC | {"config.json": b"[]"}, "config.json is no JSON object"),
    "config of numbers": (CLASSIC | {"config.json": b'{"os": 1}'}, "os of a platform is not of type str"),
    "config without layers": (
        CLASSIC | {"config.json": b"{}"},
        "its manifest has 2 layers, its configuration 0",
    ),
    "rootfs a list": (
        CLASSIC | {"config.json": b'{"rootfs": []}'},
        "rootfs of the image's configuration is not of type dict",
    ),
    "layer missing": (without(CLASSIC, "1/layer.tar"), "1/layer.tar is missing"),
    "layer no tar": (broken_layer(b"garbage" * 100), "layer 1/layer.tar: a header has no number"),
    "layer cut off": (broken_layer(LAYERS[1][:1700]), "layer 1/layer.tar: it is cut off inside a header"),
    "layer xz": (
        broken_layer(XZ),
        "layer 1/layer.tar: it is compressed with xz, which cannot be read here",
    ),
    "layer zstd cut off": (
        broken_layer(zstd.compress(LAYERS[1])[:-9]),
        "layer 1/layer.tar: its zstd stream is cut off",
    ),
    "layer gzip cut off": (
        broken_layer(gzip.compress(LAYERS[1])[:-9]),
        "layer 1/layer.tar: its gzip stream is cut off",
    ),
    "layer is another": (
        broken_layer(gzip.compress(LAYERS[0])),
        "layer 1/layer.tar is not what the configuration names",
    ),
    "layer a document": (broken_layer(b"{}"), "layer 1/layer.tar: it is cut off inside a header"),
    "index.json no JSON": (index_of(b"\xff"), "index.json is no JSON"),
    "index.json a list": (index_of([]), "index.json is no JSON object"),
    "index.json of strings": (index_of({"manifests": ["x"]}), "an entry of an index is no JSON object"),
    "digest a path": (
        index_of({"manifests": [{"digest": "sha256:../../etc/passwd"}]}),
        "an entry of an index has no digest but 'sha256:../../etc/passwd'",
    ),
    "digest missing": (index_of({"manifests": [{}]}), "an entry of an index has no digest but ''"),
    "annotations a list": (
        index_of({"manifests": [descriptor(b"", "", annotations=[])]}),
        "annotations of an entry of an index is not of type dict",
    ),
    "manifest missing": (index_of({"manifests": [descriptor(b"", MANIFEST_TYPE)]}), "it holds no image"),
    "manifest is another": (
        {name: data.replace(b'"schemaVersion": 2', b'"schemaVersion": 3') for name, data in OCI.items()},
        "what is stored as sha256:",
    ),
    "config is another": (
        {name: data.replace(b'"/x"', b'"/y"') for name, data in OCI.items()},
        "what is stored as sha256:",
    ),
    "only attestations": (of_platforms(), "it holds no image"),
    "indexes without end": (chained(1500), "its indexes list more than 1,000 manifests"),
    "nested indexes without an image": (chained(900), "it holds no image"),
    "blobs missing": (
        {name: data for name, data in OCI.items() if not data.startswith(b"\x1f\x8b")},
        "blobs/sha256/",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile(case: str, save: Save) -> None:
    content, reason = HOSTILE[case]
    assert refused(save(content)).startswith(reason)


@pytest.mark.parametrize(
    "case", [case for case in HOSTILE if not case.startswith(("empty", "xz", "zstd", "gzip", "cut off"))]
)
def test_hostile_in_a_stream(case: str, save: Save) -> None:
    content, reason = HOSTILE[case]
    data = content if isinstance(content, bytes) else files(content)
    said = refused(save(gzip.compress(data)))
    # a stream takes a layer for a document before it knows better
    assert said.startswith(reason) or case == "layer a document"


def test_an_artifact_is_no_image(save: Save) -> None:
    manifest = encoded({"config": descriptor(b"{}", "application/vnd.oci.empty.v1+json"), "layers": []})
    content = {
        **blob(manifest),
        **blob(b"{}"),
        "index.json": encoded({"manifests": [descriptor(manifest, MANIFEST_TYPE)]}),
    }
    assert refused(save(content)).startswith("it holds no image")


FOREIGN_TYPE = LAYER_TYPE.replace("layer", "layer.nondistributable")


@pytest.mark.parametrize("kept", [True, False])
def test_a_foreign_layer_is_told_apart(kept: bool, save: Save) -> None:
    config = configuration(LAYERS)
    foreign = descriptor(LAYERS[0], FOREIGN_TYPE, urls=["https://example.org/l"])
    packed = gzip.compress(LAYERS[1], mtime=0)
    layers = [foreign, descriptor(packed, f"{LAYER_TYPE}+gzip")]
    manifest = encoded({"config": descriptor(config, CONFIG_TYPE), "layers": layers})
    content = {
        **blob(manifest),
        **blob(config),
        **blob(packed),
        **(blob(LAYERS[0]) if kept else {}),
        "index.json": encoded({"manifests": [descriptor(manifest, MANIFEST_TYPE)]}),
    }
    measures = measure(save(content))
    assert [layer.foreign for layer in measures.image.layers] == [True, False]
    assert measures.image.layers[0].media_type == FOREIGN_TYPE
    assert measures.transfer == len(packed) + len(config)
    if kept:
        assert figures(measures)[1:] == (UNPACKED, FLATTENED, WASTE)
    else:
        assert figures(measures)[1:] == (None, None, None)


def test_uncompressed_layers_are_held_against_their_digests_when_asked(save: Save) -> None:
    path = save(broken_layer(LAYERS[0]))
    assert measure(path).unpacked == UNPACKED
    assert refused(path, verify=True).startswith("layer 1/layer.tar is not what the configuration names")


def test_what_nobody_asks_for_may_be_broken(save: Save) -> None:
    content = CLASSIC | {"README": b"\xff" * 3000, "other.json": b"{" * 10_000, "junk.tar": LAYERS[0][:1000]}
    for data in (files(content), gzip.compress(files(content))):
        assert measure(save(data)).flattened == FLATTENED


def test_a_file_of_huge_stated_size_is_cut_off(save: Save) -> None:
    info = tarfile.TarInfo("big")
    info.size = 1 << 62
    data = info.tobuf(tarfile.GNU_FORMAT)
    assert refused(save(broken_layer(data))).startswith(
        "layer 1/layer.tar: it ends 4,611,686,018,427,387,904 bytes"
    )
    info.size = -1
    assert refused(save(broken_layer(info.tobuf(tarfile.GNU_FORMAT)))).endswith(
        "a header holds a negative number"
    )


def test_bombs_cost_no_memory(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_UNPACKED", 64 << 20)
    bomb = gzip.compress(bytes(80 << 20))
    path = save(crane([LAYERS[0]]) | {"0/layer.tar": bomb})
    tracemalloc.start()
    try:
        assert refused(path).endswith("it unpacks to more than any real layer")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_documents_are_bounded_together(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "MAX_DOCUMENTS", 100)
    assert refused(save(CLASSIC)) == "it holds more than any real image"


def test_files_in_an_archive_are_bounded(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    assert refused(save(CLASSIC)) == "it holds more than 3 files"


@pytest.mark.parametrize("compress", [False, True])
def test_names_in_an_archive_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, compress: bool
) -> None:
    monkeypatch.setattr(archive, "MAX_NAMES", 3000)
    for said in ({"name": "a" * 2000}, {"name": "a", "kind": tarfile.SYMTYPE, "link": "b" * 2000}):
        data = pack([member(**said) for _ in range(2)])
        path = tmp_path / "a.tar"
        path.write_bytes(gzip.compress(data) if compress else data)
        with pytest.raises(ImageError, match="more than any real image"):
            measure(str(path))


def test_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    for reference, reason in {
        f"docker-archive:{tmp_path}/none.tar": "no such file",
        f"docker-archive:{tmp_path}": "it is a folder",
        ".": "it is a folder",
        "/dev/zero": "it is a device",
        f"{tmp_path}/pipe": "it is a pipe",
        f"{tmp_path}/socket": "it is a socket",
        "x" * 5000 + ".tar": "no such file",
        "\0": "no such file",
    }.items():
        assert refused(reference) == reason, reference


def test_images_without_names_are_told_apart_by_digest(save: Save) -> None:
    one, two = classic([LAYERS[0]], names=[]), classic([LAYERS[1]], names=[])
    content = {
        f"{prefix}{name}": data for prefix, held in (("x/", one), ("y/", two)) for name, data in held.items()
    }
    content["manifest.json"] = encoded(
        [{"Config": f"{prefix}config.json", "Layers": [f"{prefix}0/layer.tar"]} for prefix in ("x/", "y/")]
    )
    path = save(content)
    digests = [f"sha256:{sha256(images['config.json'])}" for images in (one, two)]
    assert refused(path) == (
        "it holds an image (linux/amd64), an image (linux/amd64): say which, as "
        + " or ".join(f"docker-archive:{path}:{digest}" for digest in digests)
    )
    assert [measure(f"{path}:{digest}").flattened for digest in digests] == [3005, 5]


@pytest.mark.parametrize("reference", ["", "docker-archive:", "docker-daemon:"])
def test_no_reference(reference: str) -> None:
    with pytest.raises(ValueError, match="names no image"):
        measure(reference)


@pytest.mark.parametrize("platform", ["linux", "linux/", "/amd64", "linux/arm/v7/x", "linux amd64"])
def test_no_platform(platform: str, save: Save) -> None:
    with pytest.raises(ValueError, match="is no platform"):
        measure(save(CLASSIC), platform=platform)
