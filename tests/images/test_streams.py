from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.images import streams
from imgtool.images.errors import ImageError
from imgtool.images.streams import CHUNK, Region, Stream, compression, inflate


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
    assert compression(b"\x28\xb5\x2f\xfd....") == "zstd"
    assert compression(b"") == compression(b"\x1f") == compression(b"name") == "none"


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.integers(1, 400))
def test_inflate_reads_many_members(parts: list[bytes], chunk: int) -> None:
    packed = b"".join(gzip.compress(part) for part in parts)
    assert b"".join(inflate(cut(packed, chunk))) == b"".join(parts)


def test_inflate_keeps_pieces_small() -> None:
    packed = gzip.compress(bytes(20 * CHUNK))
    pieces = [len(piece) for piece in inflate([packed])]
    assert sum(pieces) == 20 * CHUNK
    assert max(pieces) <= CHUNK


# workers must agree on what tests there are, so no time goes into it
PACKED = gzip.compress(b"x" * 1000, mtime=0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PACKED[:-1], "its gzip stream is cut off"),
        (PACKED[:-12], "its gzip stream is cut off"),
        (b"", "its gzip stream is cut off"),
        (PACKED + b"garbage", "its gzip stream is damaged"),
        (PACKED[:-5] + b"12345", "its gzip stream is damaged"),
        (zlib.compress(b"x"), "its gzip stream is damaged"),
    ],
)
def test_damaged_gzip(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        list(inflate([data]))


def test_bombs_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_UNPACKED", 4 * CHUNK)
    with pytest.raises(ImageError, match="more than any real layer"):
        list(inflate([gzip.compress(bytes(8 * CHUNK))]))
