"""Images in a real registry, put there by real tools, and what is asked of one."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import archives
import pytest
from registries import USER, Asked, Reply, basic, docker_registry, made_up, push, serving

from imgtool.images.cache import LayerCache
from imgtool.images.contents import read_contents
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.measure import Measures, measure
from imgtool.images.reading import Access
from imgtool.images.registry import HUB, Name, parse_name

LAYERS = [archives.layer("a 300000, d/, d/b 1000"), archives.layer("d/.wh.b, c 5, h = c")]
FILES = archives.oci(LAYERS)
SKOPEO = pytest.mark.skipif(not shutil.which("skopeo"), reason="no skopeo on this machine")
OPENSSL = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    with docker_registry(tmp_path) as host:
        yield host


def run(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def skopeo(*words: str | Path) -> str:
    return run("skopeo", "--insecure-policy", *words)


def written(folder: Path, files: dict[str, bytes], name: str = "layout") -> Path:
    """An OCI layout on the disk."""
    for path, data in {**files, "oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}.items():
        place = folder / name / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder / name


def unpacked(measures: Measures) -> tuple[int | None, ...]:
    return measures.unpacked, measures.flattened, measures.waste


WEIGHT = (sum(map(len, LAYERS)), 300_005, 1000)


# --- names -----------------------------------------------------------------------------------------------

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "text, name",
    [
        ("debian", Name(HUB, "library/debian", "latest")),
        ("debian:bookworm", Name(HUB, "library/debian", "bookworm")),
        ("docker.io/debian", Name(HUB, "library/debian", "latest")),
        ("index.docker.io/nvidia/cuda:12.1.0", Name(HUB, "nvidia/cuda", "12.1.0")),
        ("nvidia/cuda", Name(HUB, "nvidia/cuda", "latest")),
        ("localhost/a", Name("localhost", "a", "latest")),
        ("localhost:5000/a/b-c.d__e:1", Name("localhost:5000", "a/b-c.d__e", "1")),
        ("quay.io/ascend/cann:8.0", Name("quay.io", "ascend/cann", "8.0")),
        ("[::1]:5000/a:b", Name("[::1]:5000", "a", "b")),
        (f"quay.io/a@{DIGEST}", Name("quay.io", "a", DIGEST)),
        (f"quay.io/a:tag@{DIGEST}", Name("quay.io", "a", DIGEST)),
    ],
)
def test_names(text: str, name: Name) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "A",
            "a/B",
            "a:",
            "a:b c",
            "a@sha256:12",
            "a//b",
            "a/../b",
            "quay.io/",
            "quay.io/a?b",
            "a#b",
            "a@",
        ),
        *(
            "quay.io:99999999/a",
            "https://quay.io/a",
            "me:pass@quay.io/a",
            "quay.io/a/",
            "-a.b/c",
            f"{'a/' * 130}b",
        ),
        *("a\n", "quay.io/a:b\n", "a\0", "quay.io/%2e%2e/a"),
    ],
)
def test_no_names(text: str) -> None:
    with pytest.raises(ValueError, match="is no image of a registry"):
        parse_name(text)


# --- the real one ----------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_real_registry(host: str) -> None:
    push(host, "a/b:1", FILES)
    measures = measure(f"registry:{host}/a/b:1")
    assert unpacked(measures) == unpacked(measure_archive(FILES)) == WEIGHT
    by_digest = measure(f"registry:{host}/a/b:other@{measures.image.digest}")
    assert by_digest.transfer == measures.transfer
    with pytest.raises(NoImageError, match=f"{host} has no a/b:2"):
        measure(f"registry:{host}/a/b:2")
    with pytest.raises(NoImageError, match=f"{host} has no a/c:1"):
        measure(f"registry:{host}/a/c:1")


def measure_archive(files: dict[str, bytes]) -> Measures:
    path = Path(os.environ["DOCKER_CONFIG"]) / "archive.tar"
    path.write_bytes(archives.files(files))
    return measure(f"oci-archive:{path}")


@pytest.mark.server
@SKOPEO
@pytest.mark.parametrize(
    "kind, compression",
    [("v2s2", "gzip"), ("oci", "gzip"), ("oci", "zstd")],
)
def test_what_skopeo_pushes(kind: str, compression: str, host: str, folder: Path) -> None:
    layout = written(folder, archives.oci(LAYERS, compress=False))
    how = ["--dest-tls-verify=false", "--format", kind, "--dest-compress-format", compression]
    skopeo("copy", *how, "--dest-compress", f"oci:{layout}", f"docker://{host}/a:1")
    measures = measure(f"registry:{host}/a:1")
    assert measures.compression == compression
    assert unpacked(measures) == WEIGHT
    known = json.loads(skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{host}/a:1"))
    stored = {layer["digest"]: layer["size"] for layer in known["layers"]}
    assert measures.transfer == sum(stored.values()) + known["config"]["size"]
    alone = measure(f"registry:{host}/a:1", layers=False)
    assert (alone.transfer, alone.compression) == (measures.transfer, compression)
    assert unpacked(alone) == (None, None, None)


@pytest.mark.server
def test_a_real_registry_with_users(folder: Path) -> None:
    with docker_registry(folder, login=True) as host:
        push(host, "a:1", FILES, Authorization=basic())
        for auth, reason in (
            (None, f"does not show it without docker login {host}"),
            (basic("reader", "guess"), "does not show it with the credentials that are kept for it"),
        ):
            log_in(folder, host, auth)
            with pytest.raises(ImageError, match=reason) as caught:
                measure(f"registry:{host}/a:1")
            # a gate must not take what it may not see for what is not there
            assert not isinstance(caught.value, NoImageError)
        log_in(folder, host, basic())
        assert unpacked(measure(f"registry:{host}/a:1")) == WEIGHT


def log_in(folder: Path, host: str, auth: str | None) -> None:
    auths = {host: {"auth": auth.removeprefix("Basic ")}} if auth else {}
    (folder / "config.json").write_text(json.dumps({"auths": auths}))


@pytest.mark.server
@OPENSSL
def test_a_real_registry_with_tokens(folder: Path) -> None:
    """Its tokens are signed, as the token services of the large registries sign theirs."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tokens", "-days", "2"),
        *("-keyout", key, "-out", certificate),
    )

    def sign(asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != basic():
            return Reply(401)
        return Reply(body=json.dumps({"token": token(key, certificate)}).encode())

    with made_up(sign) as (service, asked):
        settings = {"realm": f"http://{service}/token", "service": "test", "issuer": "tokens"}
        auth = {"token": {**settings, "rootcertbundle": str(certificate)}}
        with docker_registry(folder, auth=auth) as host:
            push(host, "a:1", FILES, Authorization=f"Bearer {token(key, certificate)}")
            log_in(folder, host, basic())
            assert unpacked(measure(f"registry:{host}/a:1")) == WEIGHT
            assert [one.path for one in asked] == ["/token?service=test&scope=repository%3Aa%3Apull"]
            log_in(folder, host, basic("reader", "guess"))
            with pytest.raises(ImageError, match="gives no token to the credentials that are kept") as caught:
                measure(f"registry:{host}/a:1")
            assert "guess" not in caught.value.reason


def token(key: Path, certificate: Path) -> str:
    """Source: https://distribution.github.io/distribution/spec/auth/jwt/"""
    chain = (
        certificate.read_text()
        .replace("-----BEGIN CERTIFICATE-----", "")
        .replace("-----END CERTIFICATE-----", "")
    )
    now = int(time.time())
    claims = {
        "iss": "tokens",
        "sub": USER,
        "aud": "test",
        "exp": now + 300,
        "nbf": now - 10,
        "iat": now,
        "jti": "1",
    }
    access = [{"type": "repository", "name": "a", "actions": ["pull", "push"]}]
    signed = ".".join(
        encoded(json.dumps(part).encode())
        for part in (
            {"typ": "JWT", "alg": "RS256", "x5c": ["".join(chain.split())]},
            {**claims, "access": access},
        )
    )
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key], input=signed.encode(), capture_output=True, check=True
    )
    return f"{signed}.{encoded(done.stdout)}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# --- one image, five sources -----------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.engine
@SKOPEO
def test_one_image_in_five_places(host: str, folder: Path) -> None:
    name = f"{host}/t-registry-five:1"
    (folder / "Dockerfile").write_text(
        "FROM debian:bookworm\n"
        "RUN mkdir /d && head -c 300000 /dev/urandom > /d/a && echo b > /d/b\n"
        "RUN rm -r /d/a && ln /d/b /d/c && ln -s b /d/s\n"
        "RUN chmod 700 /d/b && chown nobody /d/s\n"
    )
    run("docker", "build", "-q", "--network", "host", "-t", name, "-f", folder / "Dockerfile", folder)
    try:
        run("docker", "push", "-q", name)
        run("docker", "save", "-o", folder / "saved.tar", name)
        found = measure(f"docker-daemon:{name}")
    finally:
        run("docker", "rmi", name)
    pushed = f"docker://{name}"
    skopeo("copy", "--src-tls-verify=false", pushed, f"oci:{folder}/layout:x")
    skopeo("copy", "--src-tls-verify=false", pushed, f"oci-archive:{folder}/layout.tar:x")
    others = [
        measure(f"docker-archive:{folder}/saved.tar"),
        measure(f"registry:{name}"),
        measure(f"oci:{folder}/layout"),
        measure(f"oci-archive:{folder}/layout.tar"),
    ]
    assert [unpacked(one) for one in others] == [unpacked(found)] * 4
    # what the registry has is what the layouts hold, blob by blob
    assert len({one.transfer for one in others[1:]}) == 1
    assert [layer.digest for layer in others[1].image.layers] == [
        layer.digest for layer in others[2].image.layers
    ]


# --- what is asked ---------------------------------------------------------------------------------------

BOTH, BLOBS = archives.oci_index(
    [(LAYERS[:1], {"architecture": "amd64"}), (LAYERS[1:], {"architecture": "arm64", "variant": "v8"})]
)
INDEXED = {
    **BLOBS,
    **archives.blob(BOTH),
    "index.json": archives.encoded({"manifests": [archives.descriptor(BOTH, archives.INDEX_TYPE)]}),
}


@pytest.mark.parametrize("layers", [True, False])
def test_a_platform_is_chosen_before_anything_of_it_is_fetched(*, layers: bool) -> None:
    with made_up(serving(INDEXED)) as (host, asked):
        measures = measure(f"registry:{host}/a", platform="linux/arm64/v8", layers=layers)
    # the index, a manifest, a configuration, and a layer
    assert len(asked) == 3 + layers
    assert sum("/manifests/" in one.path for one in asked) == 2
    assert measures.image.platform == "linux/arm64"
    assert measures.transfer == measures.image.config_size + len(next(iter(packed(LAYERS[1]))))


def packed(layer: bytes) -> Iterator[bytes]:
    manifest, parts = archives.oci_manifest([layer], b"{}", compress=True)
    size = json.loads(manifest)["layers"][0]["size"]
    return (data for data in parts.values() if len(data) == size)


def test_shared_layers_are_fetched_once() -> None:
    files = archives.oci([LAYERS[0], LAYERS[1], LAYERS[0]])
    with made_up(serving(files)) as (host, asked):
        measures = measure(f"registry:{host}/a")
    blobs = [one.path for one in asked if "/blobs/" in one.path]
    assert len(blobs) == len(set(blobs)) == 3
    assert len(measures.image.layers) == 3
    assert sum(layer.transfer or 0 for layer in measures.image.layers[1:]) + measures.image.config_size == (
        measures.transfer
    )


def test_layers_are_fetched_side_by_side() -> None:
    now, most = [0], [0]
    honest = serving(archives.oci([archives.layer(f"f{number} 9") for number in range(8)]))

    def slow(asked: Asked) -> Reply | None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        time.sleep(0.1)
        now[0] -= 1
        return honest(asked)

    with made_up(slow) as (host, _):
        measure(f"registry:{host}/a")
    assert 2 <= most[0] <= 4


# --- what is known from earlier --------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [None, lambda path, _: path == b"c"], ids=["sizes", "contents"])
def test_layers_are_fetched_once_in_many_runs(
    keep: Callable[[bytes, int], bool] | None, folder: Path
) -> None:
    access = Access(cache=LayerCache(folder / "cache"))

    def look(host: str) -> Any:
        if keep is None:
            return unpacked(measure(f"registry:{host}/a", access=access))
        contents = read_contents(f"registry:{host}/a", keep=keep, access=access)
        return unpacked(contents.measures), list(contents.files()), list(contents.wasted()), contents.kept

    layers = {f"/v2/a/blobs/{layer['digest']}" for layer in layers_of(FILES)}
    with made_up(serving(FILES)) as (host, asked):
        first = look(host)
        assert layers <= {one.path for one in asked}
        asked.clear()
        assert look(host) == first
        assert not layers & {one.path for one in asked}
        # to verify is to read again
        measure(f"registry:{host}/a", verify=True, access=access)
        assert layers <= {one.path for one in asked}


def layers_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """The descriptors of an image's two layers."""
    documents = [json.loads(data) for data in files.values() if data.startswith(b'{"schemaVersion"')]
    (layers,) = [found for one in documents if len(found := one.get("layers", [])) == len(LAYERS)]
    return list(layers)


class Shown:
    """What progress is told."""

    def __init__(self) -> None:
        self.expected = self.seen = 0

    def expect(self, size: int, /) -> None:
        self.expected += size

    def __call__(self, chunk: bytes, /) -> None:
        self.seen += len(chunk)


def test_progress_knows_how_much_there_is(folder: Path) -> None:
    access = Access(cache=LayerCache(folder / "cache"))
    first, again, only = Shown(), Shown(), Shown()
    with made_up(serving(FILES)) as (host, _):
        measure(f"registry:{host}/a", progress=first, access=access)
        measure(f"registry:{host}/a", progress=again, access=access)
        measure(f"registry:{host}/a", progress=only, layers=False)
    total = sum(layer["size"] for layer in layers_of(FILES))
    assert (first.expected, first.seen) == (total, total)
    assert (again.expected, again.seen) == (0, 0)
    assert only.seen == 0


def test_what_is_known_of_a_registry_helps_with_a_layout(folder: Path) -> None:
    access = Access(cache=LayerCache(folder / "cache"))
    with made_up(serving(FILES)) as (host, _):
        first = unpacked(measure(f"registry:{host}/a", access=access))
    layout = written(folder, FILES)
    assert unpacked(measure(f"oci:{layout}", access=access)) == first
    broken = layout / "blobs" / layers_of(FILES)[0]["digest"].replace(":", "/")
    broken.write_bytes(broken.read_bytes()[:20].ljust(broken.stat().st_size, b"x"))
    assert unpacked(measure(f"oci:{layout}", access=access)) == first
    with pytest.raises(ImageError):
        measure(f"oci:{layout}", access=access, verify=True)


def test_a_blob_that_is_another_is_not_kept(folder: Path) -> None:
    access = Access(cache=LayerCache(folder / "cache"))
    layout = written(folder, FILES)
    broken = layout / "blobs" / layers_of(FILES)[0]["digest"].replace(":", "/")
    broken.write_bytes(archives.layer("z 1"))
    with pytest.raises(ImageError):
        measure(f"oci:{layout}", access=access)
    names = {path.name for path in (folder / "cache").rglob("sha256-*")}
    assert broken.name not in {name.removeprefix("sha256-") for name in names}


# --- the program -----------------------------------------------------------------------------------------


@pytest.mark.server
def test_the_program_asks_a_registry(host: str) -> None:
    push(host, "a:1", FILES)
    words = [sys.executable, "-m", "imgtool", "size", f"registry:{host}/a:1", "--format", "json"]
    whole, alone = (json.loads(run(*words, *more))[0] for more in ([], ["--measure", "transfer"]))
    assert (whole["unpacked"], whole["flattened"], whole["waste"]) == WEIGHT
    assert (alone["transfer"], alone["unpacked"]) == (whole["transfer"], None)
    assert alone["digest"] == whole["digest"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_an_interrupt_ends_it_soon() -> None:
    size = layers_of(FILES)[0]["size"]

    def dripping() -> Iterator[bytes]:
        for _ in range(size):
            yield b"x"
            time.sleep(0.2)

    digest = layers_of(FILES)[0]["digest"]
    honest = serving(FILES)
    reply = Reply(pieces=dripping, headers={"Content-Length": str(size)})
    with made_up(lambda asked: reply if digest in asked.path else honest(asked)) as (host, asked):
        # a shell starts what runs in its background with the signal ignored, and that is inherited
        code = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
            "from imgtool.__main__ import main; main()"
        )
        words = [sys.executable, "-c", code, "size", "--no-cache", f"registry:{host}/a:1"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            end = time.monotonic() + 30
            while not any(digest in one.path for one in asked) and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=20)
            finally:
                process.kill()
    assert process.returncode
