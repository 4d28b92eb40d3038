from __future__ import annotations

import gzip
import io
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.images import streams
from imgtool.images.errors import ImageError
from imgtool.images.streams import CHUNK, Region, Stream, Tail, compression, layout, unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(
    st.binary(max_size=200),
    st.integers(1, 50),
    st.lists(st.tuples(st.sampled_from(["read", "skip", "peek", "chunks"]), st.integers(0, 60)), max_size=20),
)
def test_stream_reads_as_a_file_does(data: bytes, chunk: int, steps: list[tuple[str, int]]) -> None:
    stream, file = Stream(cut(data, chunk)), io.BytesIO(data)
    for action, size in steps:
        at = file.tell()
        expected = file.read(size)
        if action == "skip":
            if len(expected) < size:
                with pytest.raises(ImageError, match="too early"):
                    stream.skip(size)
                return
            stream.skip(size)
        elif action == "peek":
            file.seek(at)
            assert stream.peek(size) == expected
        elif action == "chunks":
            assert b"".join(stream.chunks(size)) == expected
        else:
            assert stream.read(size) == expected
        assert stream.position == file.tell()
    assert stream.drain() == len(data)


def test_region_stays_inside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb", buffering=0) as file:
        region = Region(file, 2, 8)
        assert (region.read(2), region.left) == (b"23", 4)
        region.skip(1)
        assert b"".join(region.chunks()) == b"567"
        assert region.read(1) == b""
        with pytest.raises(ImageError, match="ends 3 bytes too early"):
            region.skip(3)


def test_compression() -> None:
    assert compression(gzip.compress(b"x")) == "gzip"
    assert compression(zstd.compress(b"x")) == compression(skippable(b"note")) == "zstd"
    assert compression(b"") == compression(b"\x1f") == compression(b"name") == "none"


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    # workers must agree on what tests there are, so no time goes into it
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstd.compress,
    "none": bytes,
}
KINDS = ("gzip", "zstd")


def skippable(note: bytes) -> bytes:
    """A zstd frame that only carries a note."""
    return struct.pack("<II", 0x184D2A50, len(note)) + note


@pytest.mark.parametrize("kind", PACKERS)
@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4), chunk=st.integers(1, 400))
def test_many_members(kind: str, parts: list[bytes], chunk: int) -> None:
    packed = b"".join(map(PACKERS[kind], parts))
    assert b"".join(unpacked(cut(packed, chunk), kind)) == b"".join(parts)


@given(st.lists(st.one_of(st.binary(max_size=99).map(zstd.compress), st.binary(max_size=9).map(skippable))))
def test_frames_that_carry_notes(frames: list[bytes]) -> None:
    packed = b"".join([skippable(b""), *frames])
    assert b"".join(unpacked([packed], "zstd")) == zstd.decompress(packed)


def test_frames_without_a_checksum_and_of_unknown_size() -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 0})
    packed = packer.compress(b"x" * 5000) + packer.flush()
    assert b"".join(unpacked(cut(packed, 7), "zstd")) == b"x" * 5000


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_small(kind: str) -> None:
    packed = PACKERS[kind](bytes(20 * CHUNK))
    pieces = [len(piece) for piece in unpacked([packed], kind)]
    assert sum(pieces) == 20 * CHUNK
    assert max(pieces) <= CHUNK


def test_tiny_members_cost_no_more_than_their_number() -> None:
    # given whole, each of them would copy all that are behind it: 26 GB here
    member = PACKERS["gzip"](b"x")
    start = time.process_time()
    assert sum(map(len, unpacked([member * (CHUNK // len(member))], "gzip"))) == CHUNK // len(member)
    assert time.process_time() - start < 4


@pytest.mark.parametrize("kind", KINDS)
def test_damaged(kind: str) -> None:
    packed = PACKERS[kind](bytes(range(256)) * 20)
    for data in (packed[:-1], packed[:-12], packed[:20], b"", packed + packed[:-1]):
        with pytest.raises(ImageError, match=f"^its {kind} stream is cut off$"):
            list(unpacked([data], kind))
    for data in (packed + b"garbage!", b"garbage!" * 9, zlib.compress(b"x")):
        with pytest.raises(ImageError, match=f"^its {kind} stream is damaged "):
            list(unpacked([data], kind))


def test_damaged_content() -> None:
    with pytest.raises(ImageError, match="its gzip stream is damaged"):
        list(unpacked([PACKERS["gzip"](b"x" * 1000)[:-5] + b"12345"], "gzip"))
    packed = bytearray(zstd.compress(b"x" * 1000, options={int(zstd.CompressionParameter.checksum_flag): 1}))
    packed[-1] ^= 1
    with pytest.raises(ImageError, match="its zstd stream is damaged"):
        list(unpacked([bytes(packed)], "zstd"))


def test_a_window_that_takes_too_much_memory() -> None:
    sizes = {power: zstd_with_window(power) for power in (27, 28, 31)}
    assert b"".join(unpacked([sizes[27]], "zstd")) == b"x" * 5000
    for power in (28, 31):
        with pytest.raises(ImageError, match=r"its zstd stream is damaged .*too much memory"):
            list(unpacked([sizes[power]], "zstd"))


def zstd_with_window(power: int) -> bytes:
    """A frame that states a window of 2 to this power of bytes; written by hand, since such a one takes the memory."""
    block = struct.pack("<I", 5000 << 3 | 1 << 1 | 1)[:3] + b"x"
    return b"\x28\xb5\x2f\xfd" + bytes([0, (power - 10) << 3]) + block


@pytest.mark.parametrize("kind", ["xz", "bzip2", "lz4"])
def test_what_cannot_be_unpacked(kind: str) -> None:
    with pytest.raises(ImageError, match=f"it is compressed with {kind}, which cannot be read here"):
        unpacked([b""], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_bombs_stop(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_UNPACKED", 4 * CHUNK)
    with pytest.raises(ImageError, match="more than any real layer"):
        list(unpacked([PACKERS[kind](bytes(8 * CHUNK))], kind))


ESTARGZ = gzip.compress(b"", mtime=0)[:3] + bytes([4]) + bytes(6) + struct.pack("<H", 26)
ESTARGZ += b"SG" + struct.pack("<H", 22) + b"%016xSTARGZ" % 99 + bytes([1, 0, 0, 255, 255]) + bytes(8)


@pytest.mark.parametrize(
    ("kind", "end", "expected"),
    [
        ("gzip", ESTARGZ, "estargz"),
        ("gzip", b"x" * 12 + b"%016xSTARGZ" % 99 + bytes(13), "estargz"),
        ("gzip", b"STARGZ", "gzip"),
        ("gzip", ESTARGZ + b"x", "gzip"),
        ("zstd", skippable(bytes(56) + b"GnUlInUx"), "zstd:chunked"),
        ("zstd", b"GnUlInUx.", "zstd"),
        ("gzip", b"GnUlInUx", "gzip"),
        ("none", ESTARGZ, "none"),
        ("gzip", b"", "gzip"),
    ],
)
def test_layout(kind: str, end: bytes, expected: str) -> None:
    for size in (1, 7, 500):
        tail = Tail()
        for chunk in cut(b"before " * 20 + end, size):
            tail(chunk)
        assert layout(kind, tail.data) == expected
