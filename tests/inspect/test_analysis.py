from __future__ import annotations

from pathlib import Path

import pytest
from archives import classic, files, layer
from held import held
from stacks import STACKS, Stack

from imgtool.images.contents import How, read_contents
from imgtool.inspect.analysis import KEEP, Row, analyse

_STATUS = b"Package: base\nStatus: install ok installed\nVersion: 1\n"
_DEBIAN = {"/var/lib/dpkg/status": _STATUS, "/var/lib/dpkg/info/base.list": b"/.\n/usr\n/usr/bin/x\n"}


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_tables_add_up(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(files(classic([layer(one) for one in stack.layers])))
    found = analyse(read_contents(str(path), keep=KEEP), top=1000)
    assert sum(row.size for row in found.kinds) == stack.flattened
    assert sum(row.size for row in found.paths) == stack.flattened
    assert sum(one.size for one in found.packages) + found.unowned.size == stack.flattened
    assert sum(row.size for row in found.wasted_by) == stack.waste
    assert sum(one.size for one in found.wasted) == stack.waste
    assert sum(one.waste for one in found.layers) == stack.waste


def test_tables_of_one_image(tmp_path: Path) -> None:
    base = {**_DEBIAN, "/usr/bin/x": b"x" * 500, "/app/weights": b"w" * 900}
    found = analyse(held(tmp_path, base, {"/app/weights": b"v" * 900, "/app/copy": b"v" * 900}), top=2)
    assert [(row.name, row.size, row.layer) for row in found.paths] == [
        ("/app/copy", 900, 1),
        ("/app/weights", 900, 1),
    ]
    assert [(one.key, one.size, one.files, one.layers) for one in found.packages] == [
        ("dpkg:base", 500, 1, ((0, 500),))
    ]
    assert found.unowned == Row("", 1800 + sum(map(len, _DEBIAN.values())), 4)
    assert (found.duplicated, sorted(found.duplicates[0].paths)) == (900, ["/app/copy", "/app/weights"])
    assert [(one.path, one.how) for one in found.wasted] == [("/app/weights", How.OVERWRITTEN)]
    assert found.wasted_by == (Row("overwritten", 900, 1),)
    assert [one.waste for one in found.layers] == [900, 0]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"/x": b"12"}, []),
        # one folder that all others are in says the same as they do
        ({"/a/b/c/x": b"12"}, [("/a/b/c", 2, 1)]),
        ({"/a/b/x": b"12", "/a/c/y": b"3"}, [("/a", 3, 2), ("/a/b", 2, 1), ("/a/c", 1, 1)]),
        ({"/a/x": b"12", "/a/c/y": b"3"}, [("/a", 3, 2), ("/a/c", 1, 1)]),
        ({"/a/x": b"1", "/a/c/y": b"3" * 99}, [("/a/c", 99, 1)]),
    ],
)
def test_folders(files: dict[str, bytes], expected: list[tuple[str, int, int]], tmp_path: Path) -> None:
    found = analyse(held(tmp_path, files))
    assert [(row.name, row.size, row.count) for row in found.folders] == expected


def test_rows_of_one_kind_are_one_line(tmp_path: Path) -> None:
    files = {"/a.safetensors": b"w" * 1_000_000, "/.ollama/models/b": b"v" * 1_000_000, "/usr/bin/x": b"1"}
    found = analyse(held(tmp_path, files))
    assert [(row.name, row.size, row.count, row.code) for row in found.kinds] == [
        ("weights", 2_000_000, 2, "IMG206"),
        ("programs", 1, 1, None),
    ]
    assert [(row.name, row.kind, row.code) for row in found.paths[:1]] == [
        ("/.ollama/models/b", "weights", "IMG206")
    ]


def test_cuda_of_the_system_and_of_wheels_is_one_too_many(tmp_path: Path) -> None:
    site = "/usr/lib/python3.11/site-packages/nvidia/cublas/lib"
    both = {"/usr/local/cuda/lib64/libcublas.so.12": b"1", f"{site}/libcublas.so.12": b"12"}
    assert [(row.name, row.code) for row in analyse(held(tmp_path, both)).kinds] == [
        ("wheel-cublas", "IMG105"),
        ("cuda-cublas", None),
    ]


def test_folders_of_absurd_length_are_told_as_what_they_are_in(tmp_path: Path) -> None:
    deep = "/d" * 300
    found = analyse(held(tmp_path, {f"{deep}/x": b"12", f"{deep}/y": b"1"}))
    (row,) = found.folders
    assert (row.size, row.count) == (3, 2)
    assert len(row.name) <= 512
    assert deep.startswith(row.name)
