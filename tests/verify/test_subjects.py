from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import classic, files, layer

from imgtool.images.spool import Spool
from imgtool.verify import subjects
from imgtool.verify.build import Recipe
from imgtool.verify.model import read_image
from imgtool.verify.subjects import Subject, opened

LAYERS = [layer("base 10"), layer("lib 20"), layer("app 30")]
FILE = b"FROM x AS below\nRUN make base\nFROM below\nARG A\nENV B=1\nONBUILD RUN y\nCOPY app /\nCMD x\n"
BASE = [
    {"created_by": "/bin/sh -c #(nop) ADD file:1 in /"},
    {"created_by": "CMD [bash]", "empty_layer": True},
]
OWN = [
    {"created_by": "RUN /bin/sh -c make base # buildkit"},
    {"created_by": "ARG A", "empty_layer": True},
    {"created_by": "ENV B=1", "empty_layer": True},
    {"created_by": "COPY app / # buildkit"},
    {"created_by": 'CMD ["/bin/sh" "-c" "x"]', "empty_layer": True},
]


@pytest.fixture
def spool() -> Iterator[Spool]:
    made = Spool()
    yield made
    made.close()


@pytest.mark.parametrize(
    "data, is_file",
    [
        (b"FROM x\n", True),
        (b"", True),
        (b"\xef\xbb\xbf# syntax=docker/dockerfile:1\nFROM x\n", True),
        (files({"manifest.json": b"[]"}), False),
        (gzip.compress(b"tar", mtime=0), False),
    ],
)
def test_what_is_a_dockerfile(data: bytes, is_file: bool, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert Subject(str(path)).is_file is is_file
    # who names the kind means an image
    assert not Subject(f"docker-archive:{path}").is_file


@pytest.mark.parametrize("text", ["debian:bookworm", "docker-daemon:x", "no/such/file", "."])
def test_what_is_none(text: str) -> None:
    assert not Subject(text).is_file


@pytest.mark.parametrize(
    "history, expected",
    [
        ([*BASE, *OWN], ["/base"]),
        # built by something that writes another history
        ([*BASE, *OWN[:-1], {"created_by": "buildah", "empty_layer": True}], None),
        (OWN[1:], None),
        ([], None),
    ],
)
def test_the_base_by_the_lines_of_the_history(
    history: list[dict[str, object]], expected: list[str] | None, tmp_path: Path, spool: Spool
) -> None:
    (tmp_path / "x.tar").write_bytes(files(classic(LAYERS, history=history)))
    image = read_image(f"docker-archive:{tmp_path / 'x.tar'}", spool)
    stage = subjects._stage(FILE, Recipe(tmp_path), None)
    base = subjects._base(image.measures.image, stage, spool)
    assert (base and sorted(base.nodes)) == expected


def test_a_base_that_is_named(tmp_path: Path, spool: Spool) -> None:
    for name, layers in {"app": LAYERS, "base": LAYERS[:2]}.items():
        (tmp_path / f"{name}.tar").write_bytes(files(classic(layers)))
    subject = Subject(str(tmp_path / "app.tar"), base=str(tmp_path / "base.tar"))
    one = opened(subject, Recipe(tmp_path), spool, lambda _: None)
    assert one.built is None
    assert one.base
    assert sorted(one.base.nodes) == ["/base", "/lib"]
    assert sorted(one.image.tree.nodes) == ["/app", "/base", "/lib"]
