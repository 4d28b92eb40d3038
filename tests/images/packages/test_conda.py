from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from handmade import tree

from imgtool.images.packages import conda

_PATH = "/opt/conda/envs/a/conda-meta/numpy-2.1-py311.json"


def _read(data: bytes) -> tuple[Any, ...] | None:
    found = conda.package(tree({_PATH: data}), _PATH)
    return found and (found.name, found.version, tuple(found.paths))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"name": "numpy", "version": "2.1", "files": ["lib/a", "bin/b"]}, ("numpy", "2.1", ("/opt/conda/envs/a/lib/a", "/opt/conda/envs/a/bin/b", _PATH))),
        ({"name": "numpy"}, ("numpy", "", (_PATH,))),
        ({"name": "numpy", "version": 2, "files": {"a": 1}}, ("numpy", "", (_PATH,))),
        ({"name": "numpy", "files": [1, None, "../../../../../../etc/x"]}, ("numpy", "", ("/etc/x", _PATH))),
        ({"name": 1}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)  # fmt: skip
def test_record(record: object, expected: tuple[Any, ...] | None) -> None:
    assert _read(json.dumps(record).encode()) == expected


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"name": "\\ud800"'])
def test_damaged_records_are_passed_over(data: bytes) -> None:
    assert _read(data) is None


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("opt/conda/conda-meta/a.json", True),
        ("conda-meta/a.json", True),
        ("opt/conda/conda-meta/history", False),
        ("opt/conda/pkgs/a/info/index.json", False),
        ("opt/other-conda-meta/a.json", False),
    ],
)
def test_what_is_kept(path: str, kept: bool) -> None:
    assert conda.keep(path, 10) == kept
    assert not conda.keep(path, 1 << 30)


def test_the_paths_of_a_record_are_made_one_by_one() -> None:
    path = f"{'/long' * 800}/conda-meta/a.json"
    data = json.dumps({"name": "a", "files": ["x"] * 20_000}).encode()
    tracemalloc.start()
    found = conda.package(tree({path: data}), path)
    assert found
    assert sum(1 for _ in found.paths) == 20_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
