from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import classic, files, layer, member, pack
from handmade import tree
from stacks import STACKS, Stack

from imgtool.images.errors import ImageError
from imgtool.images.measure import measure
from imgtool.images.spool import Spool
from imgtool.verify.model import Image, Kind, Node, read_image


@pytest.fixture
def spool() -> Iterator[Spool]:
    made = Spool()
    yield made
    made.close()


def _read(path: Path, layers: list[bytes], spool: Spool) -> Image:
    path.write_bytes(files(classic(layers)))
    return read_image(f"docker-archive:{path}", spool)


@pytest.mark.parametrize("stack", [one for one in STACKS if one.engines], ids=str)
def test_the_files_to_be_seen_are_those_that_are_weighed(stack: Stack, tmp_path: Path, spool: Spool) -> None:
    made = _read(tmp_path / "x.tar", [layer(text) for text in stack.layers], spool)
    found = {id(node): node.size for node in made.tree.nodes.values() if node.kind is Kind.FILE}
    assert sum(found.values()) == stack.flattened == measure(str(tmp_path / "x.tar")).flattened


def test_what_a_layer_says_of_a_path(tmp_path: Path, spool: Spool) -> None:
    info, data = member("app/x", b"content")
    info.mode, info.uid, info.gid = 0o4750, 1000, 3_000_000
    info.pax_headers = {"SCHILY.xattr.security.capability": "cap"}
    link = member("app/y", kind=tarfile.SYMTYPE, link="x")
    hard = member("app/z", kind=tarfile.LNKTYPE, link="app/x")
    nodes = _read(tmp_path / "x.tar", [pack([(info, data), link, hard])], spool).tree.nodes
    file = nodes["/app/x"]
    assert (file.kind, file.size, file.mode, file.uid, file.gid) == (Kind.FILE, 7, 0o4750, 1000, 3_000_000)
    assert file.xattrs == ((b"security.capability", b"cap"),)
    assert nodes["/app/z"] is file
    assert (nodes["/app/y"].kind, nodes["/app/y"].target) == (Kind.LINK, "x")
    # nobody stated the folder
    assert nodes["/app"] == Node(Kind.FOLDER)


def test_the_uppermost_layer_counts(tmp_path: Path, spool: Spool) -> None:
    below = pack([member("d", kind=tarfile.DIRTYPE), member("d/a", b"old"), member("d/b", b"gone")])
    info, data = member("d", kind=tarfile.DIRTYPE)
    info.mode = 0o700
    made = _read(
        tmp_path / "x.tar", [below, pack([(info, data), member("d/a", b"newer"), member("d/.wh.b")])], spool
    )
    assert sorted(made.tree.nodes) == ["/d", "/d/a"]
    assert made.tree.nodes["/d"].mode == 0o700
    assert made.tree.read("/d/a", 100) == b"newer"
    assert made.tree.read("/d/a", 2) == b"ne"


def test_a_layer_of_both_images_lies_in_the_spool_once(tmp_path: Path, spool: Spool) -> None:
    shared, own = layer("a 4000"), layer("b 10")
    one = _read(tmp_path / "1.tar", [shared], spool)
    size = spool.file.seek(0, io.SEEK_END)
    other = _read(tmp_path / "2.tar", [shared, own], spool)
    assert spool.file.seek(0, io.SEEK_END) == size + len(own)
    assert one.tree.nodes["/a"] == other.tree.nodes["/a"]
    assert other.tree.read("/b", 100) == b"x" * 10


def test_names_that_are_no_unicode_stay_apart(tmp_path: Path, spool: Spool) -> None:
    names = [b"a\xff".decode("utf-8", "surrogateescape"), b"a\xfe".decode("utf-8", "surrogateescape")]
    made = _read(
        tmp_path / "x.tar", [pack([member(name, b"1") for name in names], tarfile.GNU_FORMAT)], spool
    )
    assert sorted(made.tree.nodes) == sorted(f"/{name}" for name in names)


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/bin/sh", "/usr/bin/dash"),
        ("/usr/../bin/./sh", "/usr/bin/dash"),
        ("/bin", "/usr/bin"),
        ("/", "/"),
        ("/../../bin/sh", "/usr/bin/dash"),
        ("/bin/nope", None),
        ("/loop/x", None),
        ("/dangling", None),
        ("/usr/bin/dash/x", None),
        ("/bomb", None),
    ],
)
def test_where_a_path_leads(path: str, expected: str | None) -> None:
    made = tree(
        {
            "/bin": "usr/bin",
            "/usr/bin/sh": "dash",
            "/usr/bin/dash": b"",
            "/loop": "loop",
            "/dangling": "/nowhere",
            "/bomb": "/bomb/" + "bomb/" * 200,
        }
    )
    assert made.resolve(path) == expected


def test_an_archive_is_no_image_of_the_engine(tmp_path: Path, spool: Spool) -> None:
    made = _read(tmp_path / "x.tar", [layer("a 1")], spool)
    assert made.config == {"Cmd": ["/x"]}
    assert made.engine is None


def test_what_is_cut_off_is_no_image(tmp_path: Path, spool: Spool) -> None:
    (tmp_path / "x.tar").write_bytes(files(classic([layer("a 4000")]))[:-12000])
    with pytest.raises(ImageError):
        read_image(f"docker-archive:{tmp_path / 'x.tar'}", spool)
