from __future__ import annotations

import gc
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from imgtool.images.daemon import refuse_unpacked
from imgtool.images.errors import ImageError
from imgtool.images.measure import measure


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()


def refused(reference: str) -> str:
    with pytest.raises(ImageError) as caught:
        measure(reference)
    # the docker package leaves the socket of an engine that does not answer to the collector
    gc.collect()
    return caught.value.reason


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:///nowhere/docker.sock", "unix:///nowhere/docker.sock"),
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1"),
        ("tcp://me:secret@127.0.0.1:1", "tcp://127.0.0.1:1"),
        ("tcp://me:sec@ret@127.0.0.1:1", "tcp://127.0.0.1:1"),
        ("tcp://host:port", "tcp://host:port"),
        ("http://[", "http://["),
        ("nonsense", "nonsense"),
    ],
)
def test_no_engine(host: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    hint = f"the engine at {said} does not answer; write registry:{{}} if it is in a registry"
    assert refused("nosuch") == f"no such file, and {hint.format('nosuch')}"
    assert refused("app") == f"it is a folder, and {hint.format('app')}"
    Path("app/oci-layout").touch()
    assert (
        refused("app:1") == f"no such file, and {hint.format('app:1')}, oci:app:1 if it is in the folder app"
    )
    assert refused("docker-daemon:app") == f"the engine at {said} does not answer"


def test_an_engine_behind_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@127.0.0.1:1")
    said = "the engine at ssh://127.0.0.1:1 is reached over ssh, which is not covered: save the image, with "
    assert refused("docker-daemon:app").startswith(said)


@contextmanager
def engine(status: int, body: bytes, length: int | None = None, **told: object) -> Iterator[str]:
    """An address that says ``told`` of itself and all images, and gives ``body`` for every one that is saved."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_image = self.path.endswith("/get")
            data = body if is_image else json.dumps({"ApiVersion": "1.44", **told}).encode()
            self.send_response(status if is_image else 200)
            self.send_header("Content-Length", str(length if is_image and length else len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "length", "reason"),
    [
        (404, b'{"message": "No such image: app:1"}', None, "has no such image"),
        (500, b'{"message": "disk\\nfull"}', None, "does not give it: disk full"),
        (500, b"<html>" + b"x" * 5000, None, "does not give it: <html>" + "x" * 194),
        (200, b"", 5000, "stopped answering half-way"),
    ],
)
def test_an_engine_that_gives_nothing(
    status: int, body: bytes, length: int | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine(status, body, length) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        assert refused("docker-daemon:app:1") == f"the engine at {address} {reason}"
        elsewhere = "; write registry:app:1 if it is in a registry" if status == 404 else ""
        assert refused("app:1") == f"no such file, and the engine at {address} {reason}{elsewhere}"


def test_what_is_no_image_says_so_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with engine(200, bytes(10240)) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        assert refused("app:1") == "it holds no image: no manifest.json and no index.json names one"


@pytest.mark.parametrize(
    ("store", "layers", "refuses"),
    [
        ([["driver-type", "io.containerd.snapshotter.v1"]], ["sha256:0"], False),
        ([["Backing Filesystem", "extfs"], ["Supports d_type", "true"]], ["sha256:0"], True),
        (None, ["sha256:0"], True),
        # without a layer there is the configuration alone
        (None, [], False),
    ],
)
def test_what_a_pull_moves_is_not_known_to_every_engine(
    store: object, layers: list[str], refuses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine(500, b"", DriverStatus=store, RootFS={"Layers": layers}) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        if not refuses:
            refuse_unpacked("app:1")
            return
        said = f"the engine at {address} keeps layers uncompressed: what a pull moves is not known there"
        with pytest.raises(ImageError, match=f"^{re.escape(said)}$"):
            refuse_unpacked("app:1")
