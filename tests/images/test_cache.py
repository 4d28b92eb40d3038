from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import archives
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.images import cache as caches
from imgtool.images.blobs import LayerTar, stream_layer
from imgtool.images.cache import LayerCache
from imgtool.images.contents import keep_nothing
from imgtool.images.errors import ImageError
from imgtool.images.layers import Detail, Room
from imgtool.images.tar import FILE

DIGEST = f"sha256:{'0' * 64}"
TAR = archives.pack(
    [
        archives.member("etc/", kind=tarfile.DIRTYPE),
        archives.member("etc/name", b"value"),
        archives.member("etc/same", b"value"),
        archives.member("etc/more", kind=tarfile.LNKTYPE, link="etc/name"),
        archives.member("odd\n\udcff", b"x", kind=tarfile.REGTYPE),
        archives.member("s", kind=tarfile.SYMTYPE, link="/etc/name"),
        archives.member("root/.netrc", b"machine a login b password c"),
        archives.member("root/odd", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        archives.member("empty"),
    ]
)
Keep = Callable[[bytes, int], bool]


def everything(_path: bytes, _size: int) -> bool:
    return True


def in_etc(path: bytes, _size: int) -> bool:
    return path.startswith(b"etc/")


def read(keep: Keep | None = None, data: bytes = TAR, *, digests: bool = True) -> LayerTar:
    detail = Detail(keep, digests) if keep else None
    return stream_layer([gzip.compress(data, mtime=0)], Room(), detail=detail)


def noted(cache: LayerCache, keep: Keep | None = None, digest: str = DIGEST) -> None:
    cache.keep(digest, Detail(keep) if keep else None, read(keep))


def recalled(cache: LayerCache, keep: Keep | None = None, room: Room | None = None) -> LayerTar | None:
    return cache.recall(DIGEST, Detail(keep) if keep else None, room or Room())


@pytest.fixture
def cache(tmp_path: Path) -> LayerCache:
    return LayerCache(tmp_path / "cache")


def plain(tar: LayerTar | None) -> object:
    """What a layer is known to hold, but for what is about the reading itself."""
    if tar is None:
        return None
    e = tar.entries
    own = [tar.compression, tar.stored, tar.unpacked, tar.diff_id]
    return own, e.paths, e.kinds, e.sizes, e.links, e.stated, e.digests, e.kept


def test_nothing_is_known_of_a_new_one(cache: LayerCache) -> None:
    assert recalled(cache) is None
    assert recalled(cache, in_etc) is None


@pytest.mark.parametrize("keep", [None, keep_nothing, in_etc])
def test_what_was_read_is_recalled(keep: Keep | None, cache: LayerCache) -> None:
    tar = read(keep)
    noted(cache, keep)
    assert plain(recalled(cache, keep)) == plain(tar)


NAMES = st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name and name.strip(b"/."))
FILES = st.dictionaries(
    NAMES.map(lambda name: name.decode("utf-8", "surrogateescape")), st.binary(max_size=99)
)


@given(files=FILES, owner=st.integers(0, 1 << 20), attribute=st.sampled_from(["", "x", "é"]))
def test_any_layer_comes_back(
    files: dict[str, bytes], owner: int, attribute: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    members = [archives.member(name, data) for name, data in files.items()]
    for info, _ in members:
        info.uid = owner
        info.pax_headers = {"SCHILY.xattr.user.x": attribute} if attribute else {}
    detail = Detail(lambda _path, size: size > 50)
    tar = read(detail.keep, archives.pack(members))
    kept = LayerCache(tmp_path_factory.mktemp("cache"))
    kept.keep(DIGEST, detail, tar)
    assert plain(kept.recall(DIGEST, detail, Room())) == plain(tar)


# --- what was noted, and what is asked for ---------------------------------------------------------------


@pytest.mark.parametrize(
    "before, after, known",
    [
        (None, None, True),
        (in_etc, None, True),
        (in_etc, keep_nothing, True),
        (in_etc, lambda path, _: path == b"etc/name", True),
        # --- more is asked for than was noted ---
        (None, keep_nothing, False),
        (keep_nothing, in_etc, False),
        (in_etc, everything, False),
    ],
)
def test_a_reading_must_have_noted_all(
    before: Keep | None, after: Keep | None, cache: LayerCache, *, known: bool
) -> None:
    noted(cache, before)
    found = recalled(cache, after)
    assert plain(found) == (plain(read(after)) if known else None)


def test_digests_may_not_have_been_noted(cache: LayerCache) -> None:
    detail = Detail(in_etc, digests=False)
    cache.keep(DIGEST, detail, read(in_etc, digests=False))
    assert recalled(cache, in_etc) is None
    assert cache.recall(DIGEST, detail, Room()) is not None
    noted(cache, keep_nothing)
    assert recalled(cache, in_etc) is not None


def test_two_readings_are_put_together(cache: LayerCache) -> None:
    noted(cache, in_etc)
    noted(cache, lambda path, _: path.startswith(b"odd"))
    noted(cache)
    assert recalled(cache, lambda path, _: path[:3] in {b"etc", b"odd"}) is not None


def test_no_more_room(cache: LayerCache) -> None:
    noted(cache, in_etc)
    assert recalled(cache, in_etc, Room(kept=9)) is None
    room = Room(kept=10)
    assert recalled(cache, in_etc, room) is not None
    assert room.kept == 0
    with pytest.raises(ImageError, match="more than any real image"):
        recalled(cache, None, Room(100))


def test_secrets_are_not_kept(cache: LayerCache) -> None:
    tar = read(everything)
    assert {tar.entries.paths[number] for number in tar.entries.kept} >= {b"root/.netrc", b"root/odd"}
    noted(cache, everything)
    assert recalled(cache, everything) is None
    found = cache._read(DIGEST)
    assert found
    kept = {found.entries.paths[number] for number in found.entries.kept}
    assert {b"etc/name", b"etc/same"} <= kept
    assert not {b"root/.netrc", b"root/odd"} & kept


# --- files that are not what they were -------------------------------------------------------------------


def entry(cache: LayerCache) -> Path:
    (path,) = cache.folder.glob("layers-v*/*")
    return path


def test_only_its_owner_reads_it(cache: LayerCache) -> None:
    noted(cache)
    if os.name == "posix":
        assert entry(cache).stat().st_mode & 0o777 == 0o600
        assert entry(cache).parent.stat().st_mode & 0o777 == 0o700
    assert (cache.folder / "CACHEDIR.TAG").read_text().startswith("Signature: ")


def test_damage_is_a_miss(cache: LayerCache) -> None:
    noted(cache, in_etc)
    path = entry(cache)
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert recalled(cache, in_etc) is None or at >= 32
        path.write_bytes(whole[:at])
        assert recalled(cache, in_etc) is None
    path.write_bytes(whole)
    assert recalled(cache, in_etc) is not None


@given(noise=st.binary(max_size=300), at=st.integers(0, 400))
def test_forged_ones_do_nothing(noise: bytes, at: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in an entry whose digest is right: it is known, or it is not."""
    kept = LayerCache(tmp_path_factory.mktemp("cache"))
    noted(kept, in_etc)
    path = entry(kept)
    raw = bytearray(zlib.decompress(path.read_bytes()[caches._HEAD.size :]))
    raw[at : at + len(noise)] = noise
    body = zlib.compress(bytes(raw))
    path.write_bytes(caches._HEAD.pack(hashlib.sha256(body).digest(), len(raw)) + body)
    found = recalled(kept, everything)
    assert found is None or len(found.entries.paths) == len(found.entries.kinds)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipe has a name here")
def test_a_pipe_is_not_waited_for(cache: LayerCache) -> None:
    noted(cache)
    path = entry(cache)
    path.unlink()
    os.mkfifo(path)
    assert recalled(cache) is None


def test_links_are_not_followed(cache: LayerCache, tmp_path: Path) -> None:
    noted(cache)
    path = entry(cache)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    if os.name == "posix":
        assert recalled(cache) is None
    noted(cache)
    assert not path.is_symlink()
    assert recalled(cache) is not None


def test_a_folder_that_cannot_be_made() -> None:
    nowhere = LayerCache(Path(os.devnull))
    noted(nowhere)
    assert recalled(nowhere) is None


def test_a_layer_that_is_too_much_is_not_kept(cache: LayerCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_MAX_RAW", 100)
    noted(cache)
    assert recalled(cache) is None


# --- how much there is -----------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes(tmp_path: Path) -> None:
    one = LayerCache(tmp_path / "one")
    noted(one)
    size = entry(one).stat().st_size
    cache = LayerCache(tmp_path / "cache", limit=4 * size)
    digests = [f"sha256:{number:064}" for number in range(5)]
    for age, digest in enumerate(digests[:4]):
        noted(cache, digest=digest)
        then = time.time() - 90_000 + age
        os.utime(cache._path(digest), (then, then))
    assert cache.recall(digests[0], None, Room())
    noted(cache, digest=digests[4])
    left = [digest for digest in digests if cache.recall(digest, None, Room())]
    assert left == [digests[0], digests[3], digests[4]]


PROCESS = """
import gzip, sys
from pathlib import Path
from imgtool.images.blobs import stream_layer
from imgtool.images.cache import LayerCache
from imgtool.images.layers import Room
cache = LayerCache(Path(sys.argv[1]), limit=int(sys.argv[2]))
tar = stream_layer([gzip.compress(sys.stdin.buffer.read(), mtime=0)], Room())
for number in range(60):
    digest = f"sha256:{number % 7:064}"
    found = cache.recall(digest, None, Room())
    assert found is None or found == tar, found
    cache.keep(digest, None, tar)
"""


def test_several_processes(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROCESS, str(tmp_path), "2000"]
    started = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(3)]
    for process in started:
        process.communicate(TAR, timeout=60)
    assert [process.returncode for process in started] == [0, 0, 0]
    assert not [path for path in tmp_path.glob("layers-v*/*") if path.name.count(".")]


# --- what it costs ---------------------------------------------------------------------------------------


def test_a_large_layer_is_small(cache: LayerCache) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(4_000):
            info = tarfile.TarInfo(f"usr/lib/python3/dist-packages/package{number // 50}/module{number}.py")
            archive.addfile(info)
    cache.keep(DIGEST, Detail(keep_nothing), read(keep_nothing, buffer.getvalue()))
    assert entry(cache).stat().st_size < 4_000 * 24
    before = time.process_time()
    found = recalled(cache, keep_nothing)
    assert time.process_time() - before < 1
    assert found
    assert found.entries.kinds == bytes([FILE]) * 4_000
