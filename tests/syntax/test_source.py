from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgtool.syntax import source


@pytest.mark.parametrize("size", [0, 1, 1 << 16, (1 << 16) + 1, 3 << 16, source.MAX_FILE])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "Dockerfile"
    data = os.urandom(min(size, 1 << 16)).ljust(size, b"#")
    path.write_bytes(data)
    assert source.load(path) == data


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"#" * (source.MAX_FILE + 1))
    with pytest.raises(OSError, match="larger than"):
        source.load(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        source.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    with pytest.raises(OSError, match="not a regular file"):
        source.load(tmp_path / "Dockerfile")


def test_nothing_stays_open(tmp_path: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("the open files of a process are not to be seen here")
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM scratch")
    before = len(list(folder.iterdir()))
    source.load(path)
    with pytest.raises(OSError, match="directory"):
        source.load(tmp_path)
    assert len(list(folder.iterdir())) == before
