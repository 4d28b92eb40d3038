"""The gate over a real registry: baselines by tag and digest, and transfer sizes without any layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import layer, oci
from registries import docker_registry, push

pytestmark = pytest.mark.server

OLD, NEW = oci([layer("a 100000")]), oci([layer("a 100000"), layer("b 20000, a 100000")])


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def host(tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with docker_registry(tmp_path) as host:
        push(host, "app:main", OLD)
        push(host, "app:pr", NEW)
        yield host
    assert storage.is_dir()


@pytest.fixture
def gate(imgtool: Callable[..., Any], here: Path, host: str) -> Callable[..., Any]:
    """``imgtool gate`` on names in the registry, for ``registry:HOST/`` write ``@``."""
    assert not list(here.iterdir())
    return lambda *words: imgtool("gate", *(word.replace("@", f"registry:{host}/", 1) for word in words))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["@app:main", "@app:pr", "--max-growth", "5%"], 1),
        (["@app:main", "@app:pr", "--max-growth", "200%"], 0),
        (["@app:pr", "--baseline", "@app:main", "--max-growth", "0", "--measure", "transfer"], 1),
        (["@app:main", "--baseline", "@app:pr", "--max-growth", "0", "--measure", "transfer"], 0),
        # no such tag, no such repository: the first time, there is no baseline
        (["@app:pr", "--baseline", "@app:gone", "--max-growth", "0"], 0),
        (["@app:pr", "--baseline", "@gone:main", "--max-growth", "0"], 0),
        (["@app:pr", "--baseline", "@app:gone", "--max-growth", "0", "--missing-baseline", "fail"], 1),
        (["@app:gone", "@app:pr", "--max-growth", "0"], 3),
        (["@app:gone", "--max-size", "1GB"], 3),
    ],
)
def test_exit_codes(gate: Callable[..., Any], words: list[str], code: int) -> None:
    assert gate(*words).code == code


def test_transfer_asks_for_no_layer(gate: Callable[..., Any], storage: Path) -> None:
    words = ("@app:pr", "--baseline", "@app:main", "--max-growth", "1GB", "--measure", "transfer")
    before = json.loads(gate(*words, "--format", "json").out)["images"][0]
    assert before["status"] == "passed"
    layers = [*storage.glob("**/blobs/sha256/*/*/data")]
    for data in layers:
        # manifests and configurations are JSON, layers are gzip
        if data.read_bytes()[:2] == b"\x1f\x8b":
            data.unlink()
    after = json.loads(gate(*words, "--format", "json").out)["images"][0]
    assert after["growth"] == before["growth"] > 0
    assert after["head"]["unpacked"] is None
    assert gate(*words[:-1], "unpacked").code == 3


def test_a_baseline_that_lacks_a_layer_is_not_missing(gate: Callable[..., Any], storage: Path) -> None:
    gone = NEW.keys() - OLD.keys()
    for data in storage.glob("**/blobs/sha256/*/*/data"):
        if f"blobs/sha256/{data.parent.name}" in gone and data.read_bytes()[:2] == b"\x1f\x8b":
            data.unlink()
    done = gate("@app:main", "--baseline", "@app:pr", "--max-growth", "0")
    assert done.code == 3
    assert "that is whole" in done.err


def test_the_digest_is_told(gate: Callable[..., Any]) -> None:
    done = gate("@app:main", "--max-size", "1GB", "--format", "json")
    digest = json.loads(done.out)["images"][0]["head"]["digest"]
    assert digest.startswith("sha256:")
    assert gate("@app:pr", "--baseline", f"@app@{digest}", "--max-growth", "0").code == 1
