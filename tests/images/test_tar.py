from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from archives import member, pack
from hypothesis import given
from hypothesis import strategies as st

from imgtool.images.errors import ImageError
from imgtool.images.streams import Stream
from imgtool.images.tar import BLOCK, FILE, FOLDER, HARDLINK, SYMLINK, Header, next_header, number, padded

FORMATS: dict[str, Literal[0, 1, 2]] = {
    "ustar": tarfile.USTAR_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}
KINDS = {tarfile.DIRTYPE: FOLDER, tarfile.SYMTYPE: SYMLINK, tarfile.LNKTYPE: HARDLINK}
DEEP = "/".join(f"folder-{number}" for number in range(30))


def headers(data: bytes) -> Iterator[Header]:
    stream = Stream([data])
    while header := next_header(stream):
        yield header
        stream.skip(padded(header.stored))


def ours(data: bytes) -> list[tuple[str, int, int, str]]:
    return [
        (
            header.name.decode("utf-8", "surrogateescape").rstrip("/"),
            header.kind,
            header.size,
            header.link.decode(),
        )
        for header in headers(data)
    ]


def theirs(data: bytes) -> list[tuple[str, int, int, str]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [
            (
                info.name.rstrip("/"),
                KINDS.get(info.type, FILE),
                info.size if info.isreg() else 0,
                info.linkname,
            )
            for info in archive
        ]


@pytest.mark.parametrize("tar_format", FORMATS)
@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("a", tarfile.REGTYPE, ""),
        ("n" * 100, tarfile.REGTYPE, ""),
        ("p" * 60 + "/" + "n" * 60, tarfile.REGTYPE, ""),
        ("p" * 150 + "/" + "n" * 99, tarfile.REGTYPE, ""),
        ("folder/", tarfile.DIRTYPE, ""),
        ("link", tarfile.SYMTYPE, "t" * 100),
        ("link", tarfile.LNKTYPE, "t"),
        ("ünï", tarfile.REGTYPE, ""),
    ],
)
def test_names(tar_format: str, name: str, kind: bytes, link: str) -> None:
    data = pack(
        [member(name, b"12345" * (kind == tarfile.REGTYPE), kind=kind, link=link)], FORMATS[tar_format]
    )
    assert ours(data) == theirs(data)


@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_long_names_and_targets(tar_format: str, kind: bytes) -> None:
    link = "" if kind in {tarfile.REGTYPE, tarfile.DIRTYPE} else "../" + DEEP
    data = pack([member(DEEP, kind=kind, link=link), member("after", b"1")], FORMATS[tar_format])
    assert ours(data) == theirs(data)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=150)


@given(
    st.lists(
        st.tuples(TEXT, st.binary(max_size=1100), st.sampled_from([b"0", b"5", b"2", b"1"]), TEXT), max_size=6
    ),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_equals_tarfile(rows: list[tuple[str, bytes, bytes, str]], tar_format: int) -> None:
    members = [
        member(name, data if kind == b"0" else b"", kind=kind, link=link if kind in b"12" else "")
        for name, data, kind, link in rows
        if name.strip("/")
    ]
    data = pack(members, tar_format)
    assert ours(data) == theirs(data)


@pytest.mark.parametrize("size", [8**11 - 1, 8**11, 10**13])
@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
def test_large_sizes(size: int, tar_format: str) -> None:
    info = tarfile.TarInfo("big")
    info.size = size
    header = next_header(Stream([info.tobuf(FORMATS[tar_format])]))
    assert header is not None
    assert header[:5] == (b"big", FILE, size, size, b"")


@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["holes", DEEP.replace("/", "-")[:250]], ids=["short", "long"])
def test_sparse(options: list[str], name: str, tmp_path: Path) -> None:
    tar = gnu_tar()
    with (tmp_path / name).open("wb") as file:
        for hole in range(30):
            file.seek(hole * 200_000)
            file.write(b"data" * 2000)
        file.truncate(9_000_000)
    (tmp_path / "after").write_bytes(b"12345")
    data = subprocess.run(
        [tar, *options, "-S", "-C", str(tmp_path), "-cf", "-", name, "after"], check=True, capture_output=True
    ).stdout
    assert len(data) < 1_000_000
    assert ours(data) == [(name, FILE, 9_000_000, ""), ("after", FILE, 5, "")]
    # not the names: for a long one tarfile gives the temporary that version 0.1 uses
    assert [row[1:] for row in theirs(data)] == [row[1:] for row in ours(data)]


def gnu_tar() -> str:
    tar = shutil.which("gtar") or shutil.which("tar")
    if (
        tar is None
        or b"GNU" not in subprocess.run([tar, "--version"], check=True, capture_output=True).stdout
    ):
        pytest.skip("GNU tar, which alone makes these, is not installed")
    return tar


def test_v7_folder() -> None:
    info = tarfile.TarInfo("folder/")
    info.type = tarfile.AREGTYPE
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT)[:BLOCK])
    block[257:265] = bytes(8)
    assert ours(resummed(block)) == theirs(resummed(block)) == [("folder", FOLDER, 0, "")]


def test_what_goes_another_way_than_tarfile() -> None:
    # Go, and so every engine, hands a global header on as an entry and applies it to nothing
    data = io.BytesIO()
    with tarfile.open(
        fileobj=data, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "global"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("own"))
    assert [header.name for header in headers(data.getvalue())] == [b"own"]
    # tarfile takes GNU's times for a prefix of the name
    block = bytearray(tarfile.TarInfo("name").tobuf(tarfile.GNU_FORMAT)[:BLOCK])
    block[345:356] = b"14000000000"
    assert [header.name for header in headers(resummed(block))] == [b"name"]


def test_links_have_no_data_whatever_they_state() -> None:
    block = bytearray(entry_block(b"2"))
    block[124:136] = b"00000001000\0"
    data = resummed(block) + entry_block(b"0")
    assert [header.stored for header in headers(data)] == [0, 0]


def entry_block(flag: bytes) -> bytes:
    info = tarfile.TarInfo("name")
    info.type = flag
    return info.tobuf(tarfile.USTAR_FORMAT)


def resummed(block: bytearray, *, signed: bool = False) -> bytes:
    block[148:156] = b" " * 8
    summed = sum(byte - 256 if signed and byte > 127 else byte for byte in block)
    block[148:156] = b"%06o\0 " % summed
    return bytes(block)


def test_signed_checksums() -> None:
    block = bytearray(entry_block(b"0"))
    block[:4] = b"\xff\xfe\xfd\xfc"
    assert [header.name for header in headers(resummed(block, signed=True))] == [b"\xff\xfe\xfd\xfc"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"00000000017\0", 15),
        (b"00000000017 ", 15),
        (b"         17\0", 15),
        (b"17\0garbage!\0", 15),
        (b"777777777777", 8**12 - 1),
        (bytes(12), 0),
        (b" " * 12, 0),
        (b"\x80" + bytes(10) + b"\x0f", 15),
        (b"\x80\0\0\0\0\0\0\2\0\0\0\0", 1 << 33),
    ],
)
def test_number(field: bytes, value: int) -> None:
    assert number(field) == value


@pytest.mark.parametrize(
    "field", [b"00000000018\0", b"-0000000017\0", b"0x000000017\0", b"1_000000000\0", b"\xff" * 12]
)
def test_no_number(field: bytes) -> None:
    with pytest.raises(ImageError):
        number(field)


def extended(flag: bytes, data: bytes, size: int | None = None) -> bytes:
    info = tarfile.TarInfo("extended")
    info.type, info.size = flag, len(data) if size is None else size
    block = info.tobuf(tarfile.GNU_FORMAT)
    return block + data + bytes(-len(data) % BLOCK)


def record(key: str, value: str) -> bytes:
    text = f" {key}={value}\n"
    length = len(text) + len(str(len(text)))
    return f"{length + (len(str(length)) > len(str(len(text))))}{text}".encode()


ENTRY = entry_block(b"0")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"\1" * BLOCK,
            "a header has no number where one belongs: it is damaged, or no tar archive",
        ),
        (b"0" * BLOCK, "a header's checksum is wrong: it is damaged, or no tar archive"),
        (ENTRY[:300], "it is cut off inside a header"),
        (extended(b"x", b"", 1 << 40), "an extended header of 1,099,511,627,776 bytes is absurd"),
        (extended(b"L", b"", (1 << 20) + 1), "an extended header of 1,048,577 bytes is absurd"),
        (extended(b"x", b"12 path=x", 1000), "it is cut off inside an extended header"),
        (extended(b"x", b"no record") + ENTRY, "a PAX header is malformed"),
        (extended(b"x", b"999 path=x\n") + ENTRY, "a PAX header is malformed"),
        (extended(b"x", b"9 path=xx") + ENTRY, "a PAX header is malformed"),
        (extended(b"x", b"0 path=x\n") + ENTRY, "a PAX header is malformed"),
        (extended(b"x", b"99999999999999 path=x\n") + ENTRY, "a PAX header is malformed"),
        (extended(b"x", record("size", "-1")) + ENTRY, "a header states a size of -1"),
        (extended(b"x", record("size", "9" * 30)) + ENTRY, "a header states a size of 999"),
        (extended(b"x", record("size", "1e9")) + ENTRY, "a header states a size of 1e9"),
        (
            extended(b"x", record("GNU.sparse.realsize", str(1 << 62))) + ENTRY,
            "a header states a size of 4611686",
        ),
    ],
)
def test_hostile(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        list(headers(data))
    assert caught.value.reason.startswith(reason)


def test_endless_sparse_map() -> None:
    block = bytearray(entry_block(b"S"))
    block[257:265] = b"ustar  \0"
    block[482] = 1
    with pytest.raises(ImageError, match="cut off inside a sparse map"):
        list(headers(resummed(block) + (bytes(504) + b"\1" + bytes(7)) * 100))


def test_gnu_long_name_beats_pax() -> None:
    data = extended(b"L", b"gnu\0") + extended(b"x", record("path", "pax")) + ENTRY
    assert [header.name for header in headers(data)] == [b"gnu"]


def test_the_last_pax_header_counts() -> None:
    data = extended(b"x", record("path", "one")) + extended(b"x", record("linkpath", "two")) + ENTRY
    assert [header.name for header in headers(data)] == [b"name"]
