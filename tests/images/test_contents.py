from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from archives import classic, files, layer, member, oci, pack
from stacks import STACKS, Stack

from imgtool.images.contents import Contents, Duplicate, How, Seen, read_contents
from imgtool.images.errors import ImageError
from imgtool.images.layers import Detail, Room, read_entries
from imgtool.images.streams import Stream
from imgtool.images.tar import FILE, HARDLINK, SYMLINK

OVER, GONE, MODE, SAME = How.OVERWRITTEN, How.DELETED, How.MODE, How.SAME


def read(path: Path, *layers: str | bytes, compress: bool = False, keep: bytes = b"") -> Contents:
    data = [layer(one) if isinstance(one, str) else one for one in layers]
    path.write_bytes(files(oci(data) if compress else classic(data)))
    return read_contents(str(path), keep=lambda name, _size: bool(keep) and name.startswith(keep))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return tmp_path / "image.tar"


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_figures_add_up(stack: Stack, image: Path, *, compress: bool) -> None:
    contents = read(image, *stack.layers, compress=compress)
    assert sum(one.size for one in contents.files()) == contents.measures.flattened == stack.flattened
    assert sum(one.size for one in contents.wasted()) == contents.measures.waste == stack.waste


#: What is wasted: its path, its layer, the layer that hides it, how.
WASTE: dict[str, tuple[tuple[str, ...], list[tuple[str, int, int, How]]]] = {
    "nothing": (("d/, d/a 3", "d/, d/b 3"), []),
    "nothing: an empty file": (("a 0", ".wh.a"), []),
    "overwritten": (("a 3", "b 1", "a 5"), [("/a", 0, 2, OVER)]),
    "overwritten by other content of that size": (("a 3", "a 3 755 y"), [("/a", 0, 1, OVER)]),
    "overwritten twice": (("a 3", "a 4", "a 5"), [("/a", 0, 1, OVER), ("/a", 1, 2, OVER)]),
    "mode": (("a 3", "a 3 600"), [("/a", 0, 1, MODE)]),
    "mode, and back": (("a 3", "a 3 600", "a 3"), [("/a", 0, 1, MODE), ("/a", 1, 2, MODE)]),
    "same again": (("a 3", "a 3"), [("/a", 0, 1, SAME)]),
    "deleted": (("a 3, b 5", "c 1", ".wh.a"), [("/a", 0, 2, GONE)]),
    "deleted and made again": (("a 3", ".wh.a", "a 3"), [("/a", 0, 1, GONE)]),
    "deleted and made again in one layer": (("a 3", ".wh.a, a 5"), [("/a", 0, 1, OVER)]),
    "folder deleted": (("d/, d/e/, d/e/a 3, d/b 5", ".wh.d"), [("/d/e/a", 0, 1, GONE), ("/d/b", 0, 1, GONE)]),
    "folder deleted over two layers of it": (("d/, d/a 3", "d/b 5", ".wh.d"), [("/d/a", 0, 2, GONE), ("/d/b", 1, 2, GONE)]),
    "opaque": (("d/, d/a 3, d/b 5, d/e/, d/e/c 7", "d/, d/.wh..wh..opq, d/b 5"), [("/d/a", 0, 1, GONE), ("/d/b", 0, 1, SAME), ("/d/e/c", 0, 1, GONE)]),
    "opaque, with a folder of that name below": (("d/, d/e/, d/e/a 3, d/e/b 5", "d/.wh..wh..opq, d/e/, d/e/a 3 600"), [("/d/e/a", 0, 1, MODE), ("/d/e/b", 0, 1, GONE)]),
    "opaque root": (("a 3", ".wh..wh..opq, b 5"), [("/a", 0, 1, GONE)]),
    "file over folder": (("d/, d/a 3", "d 5"), [("/d/a", 0, 1, GONE)]),
    "link over folder": (("d/, d/a 3", "d -> e"), [("/d/a", 0, 1, GONE)]),
    "link over file": (("a 3", "a -> b"), [("/a", 0, 1, OVER)]),
    "folder over file": (("a 3", "a/, a/b 5"), [("/a", 0, 1, OVER)]),
    "hard link, one name left": (("a 3, b = a", ".wh.a"), []),
    "hard link, the last name counts": (("a 3, b = a", ".wh.a", "c 1", "b 5"), [("/a", 0, 3, OVER)]),
    "hard link broken by a copy": (("a 3, b = a", "b 3 600"), []),
    "hard link broken by a copy, then gone": (("a 3, b = a", "b 3 600", ".wh.a"), [("/a", 0, 2, GONE)]),
    "hard link copied up with all names": (("a 3, b = a", "a 3 600, b = a"), [("/a", 0, 1, MODE)]),
    "twice in one layer": (("a 3, a 5",), [("/a", 0, 0, OVER)]),
    "twice in one layer, the same": (("a 3, a 3",), [("/a", 0, 0, SAME)]),
    "folder replaced in its own layer": (("a/, a/b 5, a 3",), [("/a/b", 0, 0, GONE)]),
    "whiteout with content": (("a 3", ".wh.a 11"), [("/a", 0, 1, GONE), ("/.wh.a", 1, 1, GONE)]),
    "through a link of the layer": (("u/, l -> u, l/a 7", ".wh.u"), [("/u/a", 0, 1, GONE)]),
    "through a link to the root": (("l -> /, l/a 7", ".wh.a"), [("/a", 0, 1, GONE)]),
    "behind a link that was replaced": (("u/, l -> u, l/a 3, l/, l/a 5", ".wh.l"), [("/l/a", 0, 1, GONE)]),
    "not reached through a link of the layer below": (("u/, u/a 3, l -> u", "l/.wh.a"), []),
}  # fmt: skip


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("case", WASTE)
def test_waste_is_attributed(case: str, image: Path, *, compress: bool) -> None:
    layers, expected = WASTE[case]
    found = read(image, *layers, compress=compress).wasted()
    assert sorted((one.path, one.layer, one.by, one.how) for one in found) == sorted(expected)


def test_owners_and_attributes_are_modes_too(image: Path) -> None:
    def of(uid: int, **records: str) -> bytes:
        info, data = member("a", b"content")
        info.uid, info.pax_headers = uid, records
        return pack([(info, data)])

    capable = {"SCHILY.xattr.security.capability": "x"}
    contents = read(image, of(0), of(1000), of(1000), of(3_000_000), of(3_000_000, **capable))
    assert [one.how for one in contents.wasted()] == [MODE, SAME, MODE, MODE]
    assert [one[4:7] for one in contents.files()] == [(0o755, 3_000_000, 0)]


def test_files(image: Path) -> None:
    contents = read(image, "d/, d/a 3 600, b 5, s -> d/a", "d/, c 7, d/h = d/a, t -> s", "d/z 1")
    assert sorted(contents.files()) == [
        Seen("/b", 5, 0, FILE, 0o755, 0, 0, 1),
        Seen("/c", 7, 1, FILE, 0o755, 0, 0, 1),
        Seen("/d/a", 3, 0, FILE, 0o600, 0, 0, 2, 1),
        Seen("/d/h", 0, 0, HARDLINK, 0o600, 0, 0, 2, 1),
        Seen("/d/z", 1, 2, FILE, 0o755, 0, 0, 1),
        Seen("/s", 0, 0, SYMLINK, 0o755, 0, 0, 1),
        Seen("/t", 0, 1, SYMLINK, 0o755, 0, 0, 1),
    ]


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (("a 3, b 3",), [Duplicate(3, ("/a", "/b"), (0, 0))]),
        (("a 3", "d/, d/a 3, c 3 600"), [Duplicate(3, ("/a", "/c", "/d/a"), (0, 1, 1))]),
        (("a 3, b 3, c 9, d 9",), [Duplicate(9, ("/c", "/d"), (0, 0)), Duplicate(3, ("/a", "/b"), (0, 0))]),
        (("a 3, b 3 755 y",), []),
        (("a 3, b = a",), []),
        (("a 3, h = a, b 3",), [Duplicate(3, ("/a", "/b"), (0, 0))]),
        (("a 0, b 0",), []),
        (("a 3, b 3", ".wh.a"), []),
        (("a 3", "a 3"), []),
    ],
)  # fmt: skip
def test_duplicates(
    layers: tuple[str, ...], expected: list[Duplicate], image: Path, *, compress: bool
) -> None:
    found = [sorted_paths(one) for one in read(image, *layers, compress=compress).duplicates()]
    assert found == expected


def sorted_paths(one: Duplicate) -> Duplicate:
    pairs = sorted(zip(one.paths, one.layers, strict=True))
    return Duplicate(one.size, tuple(path for path, _ in pairs), tuple(number for _, number in pairs))


def test_what_duplicates_lose() -> None:
    assert Duplicate(5, ("/a", "/b", "/c"), (0, 0, 1)).lost == 10


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_kept(image: Path, *, compress: bool) -> None:
    layers = ("k 3, kl = k, k2 2, other 4", "k2 5 644 y, k3 1", ".wh.k3")
    contents = read(image, *layers, compress=compress, keep=b"k")
    assert contents.kept == {"/k": b"xxx", "/kl": b"xxx", "/k2": b"yyyyy"}


def test_what_is_kept_is_bounded() -> None:
    room = Room(kept=8)
    entries = read_entries(Stream([layer("a 5, b 5, c 3, d 0, e 1")]), room, Detail(lambda *_: True))
    assert entries.kept == {0: b"xxxxx", 2: b"xxx"}
    assert room.kept == 0


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_paths_need_not_be_text(image: Path, *, compress: bool) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for info, content in (member("caf\xe9", b"12"), member("k\xe9", b"1")):
            archive.addfile(info, io.BytesIO(content))
    contents = read(image, data.getvalue(), compress=compress, keep=b"k")
    assert [one.path for one in contents.files()] == ["/caf\udce9", "/k\udce9"]
    assert contents.kept == {"/k\udce9": b"1"}


def test_sparse_files_are_no_duplicates(image: Path) -> None:
    def sparse(name: str, data: bytes) -> bytes:
        """A file of 4096 bytes of which ``data`` alone is stored, at some place that the map says."""
        mapped = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": "4096"}
        info, content = member(name, data)
        info.pax_headers = {**mapped, "GNU.sparse.numblocks": "1", "GNU.sparse.map": "0,4"}
        return pack([(info, content)])

    contents = read(image, sparse("a", b"1234"), sparse("b", b"1234"), sparse("a", b"1234"))
    assert [(one.path, one.size) for one in contents.files()] == [("/a", 4096), ("/b", 4096)]
    assert [one.how for one in contents.wasted()] == [OVER]
    assert not list(contents.duplicates())


def test_an_archive_that_passes_once_says_the_same(image: Path) -> None:
    layers = ("a 3, b 3, c 5", "a 3 600, .wh.c", "k 9")
    plain = read(image, *layers, keep=b"k")
    image.write_bytes(gzip.compress(image.read_bytes()))
    packed = read_contents(str(image), keep=lambda name, _size: name == b"k")
    assert list(packed.files()) == list(plain.files())
    assert list(packed.wasted()) == list(plain.wasted())
    assert list(packed.duplicates()) == list(plain.duplicates())
    assert packed.kept == plain.kept


def test_one_blob_as_two_layers(image: Path) -> None:
    contents = read(image, "a 3", "a 3", compress=True)
    assert [(one.layer, one.by, one.how) for one in contents.wasted()] == [(0, 1, SAME)]
    assert [(one.path, one.layer) for one in contents.files()] == [("/a", 1)]


def test_no_layers(image: Path) -> None:
    contents = read(image)
    assert not list(contents.files())
    assert not list(contents.wasted())
    assert not list(contents.duplicates())


def test_memory_of_many_entries(image: Path) -> None:
    """500,000 entries in 300 MB are 600 bytes each."""
    count, layers = 900, 4
    made = [
        pack(
            member(
                f"usr/lib/python3.11/site-packages/package_{n % 3}_{k // 99}/module_{k}.py", b"%d" % (k % 99)
            )
            for k in range(count)
        )
        for n in range(layers)
    ]
    image.write_bytes(files(classic(made)))
    read_contents(str(image))  # what is imported and compiled once does not count
    tracemalloc.start()
    try:
        contents = read_contents(str(image))
        found = [
            sum(1 for _ in each) for each in (contents.files(), contents.wasted(), contents.duplicates())
        ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [3 * count, count, 99]
    assert peak / (count * layers) < 600


def header(name: str, size: int) -> bytes:
    """The header of a file, and nothing of what it states to hold."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def unowned() -> bytes:
    """An entry that belongs to nobody who has a number."""
    block = bytearray(header("a", 0))
    block[108:116] = b"nobody!!"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "cut off in a file": (layer("a 3000")[:2000], "ends "),
    "cut off in a kept file": (layer("k 3000")[:2000], "ends "),
    "a file of 8 TB": (header("a", 8 << 40) + b"x" * 2000, "ends "),
    "a kept file of 8 TB": (header("k", 8 << 40) + b"x" * 2000, "ends "),
    "an owner that is no number": (unowned(), "a header has no number where one belongs"),
    "a loop of links": (layer("l -> m, m -> l, l/a 3"), "'l' leads through a loop of links"),
    "a hard link out": (layer("a = ../../../etc/passwd"), "a hard link leads to "),
    "links that make a path of 6,000 bytes": (
        layer(f"l -> {'a/' * 1500}, l/l -> {'a/' * 1500}, l/l/b 3"),
        "a path of 5,999 bytes is absurd",
    ),
}


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_layers(case: str, image: Path, *, compress: bool) -> None:
    data, reason = HOSTILE[case]
    with pytest.raises(ImageError, match=reason):
        read(image, data, compress=compress, keep=b"k")


def test_paths_that_lead_out_stay_inside(image: Path) -> None:
    contents = read(image, "../../a 3, /b 5, l -> ../../.., l/c 7, d/../../e 9")
    assert sorted(one.path for one in contents.files()) == ["/a", "/b", "/c", "/e", "/l"]


def test_a_bomb_costs_no_memory(image: Path) -> None:
    data = io.BytesIO()
    with gzip.GzipFile(fileobj=data, mode="wb", compresslevel=1) as packed:
        packed.write(header("k", 150 << 20))
        for _ in range(150):
            packed.write(bytes(1 << 20))
        packed.write(bytes(1024))
    # its digest is not looked at before the end
    content = classic([layer("a 1")])
    image.write_bytes(files(content | {"0/layer.tar": data.getvalue()}))
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="is not what the configuration names"):
            read_contents(str(image), keep=lambda name, _size: name == b"k")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("cut", [0, 600, 5000])
def test_an_archive_that_is_cut_off(cut: int, image: Path) -> None:
    data = files(classic([layer("k 3000, a 3000")]))
    image.write_bytes(data[:cut])
    with pytest.raises(ImageError):
        read_contents(str(image), keep=lambda *_: True)
