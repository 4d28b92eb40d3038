"""Diffs over bytes: what ``git apply`` makes of them is the new file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.report.diff import unified

# --- (old, new) ---
CHANGES = [
    pytest.param(b"a\nb\n", b"a\nc\n", id="a line"),
    pytest.param(b"a\r\nb\r\n", b"a\r\nc\r\n", id="CRLF"),
    pytest.param(b"a\rb\n", b"a\rc\n", id="a lone carriage return"),
    pytest.param(b"a\x0bb\x85\xff\n", b"a\x0bc\x85\xff\n", id="what splits lines elsewhere"),
    pytest.param(b"a", b"b", id="no newline at the end"),
    pytest.param(b"a\nb", b"a\nb\n", id="a newline more"),
    pytest.param(b"a\n", b"a", id="a newline less"),
    pytest.param(b"", b"a\n", id="from nothing"),
    pytest.param(b"a\n", b"", id="to nothing"),
]


def applied(folder: Path, old: bytes, new: bytes) -> bytes:
    (folder / "Dockerfile").write_bytes(old)
    subprocess.run(["git", "apply", "-"], input=unified(old, new, "Dockerfile"), cwd=folder, check=True)
    return (folder / "Dockerfile").read_bytes()


@pytest.mark.parametrize("old, new", CHANGES)
def test_git_applies_it(tmp_path: Path, old: bytes, new: bytes) -> None:
    assert applied(tmp_path, old, new) == new


def test_no_change_is_no_diff() -> None:
    assert unified(b"a\n", b"a\n", "x") == b""


def test_form() -> None:
    assert unified(b"a\nb\n", b"a\nc", "/x/Docker\udcfffile") == (
        b"diff --git a/x/Docker\xfffile b/x/Docker\xfffile\n"
        b"--- a/x/Docker\xfffile\n+++ b/x/Docker\xfffile\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
    )


LINES = st.lists(st.sampled_from([b"a", b"b", b"", b"\r", b"\xff"]), max_size=6).map(b"\n".join)


@settings(max_examples=30)
@given(LINES, LINES)
def test_git_applies_any(tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes) -> None:
    if old != new:
        assert applied(tmp_path_factory.mktemp("diff"), old, new) == new
