"""Fixes that write a file where there is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Imgtool

ONLY = ("lint", "--isolated", "--select", "IMG301")
IGNORED = "**/__pycache__\n"


@pytest.fixture
def project(here: Path) -> Path:
    (here / "Dockerfile").write_text("FROM debian:bookworm-slim\nCOPY . .\n")
    (here / "main.py").write_text("")
    return here


def test_safe_fixes_write_nothing(imgtool: Imgtool, project: Path) -> None:
    done = imgtool(*ONLY, "--fix")
    assert done.code == 1
    assert "1 with --fix --unsafe-fixes" in done.err
    assert not (project / ".dockerignore").exists()


def test_the_file_is_written(imgtool: Imgtool, project: Path) -> None:
    done = imgtool(*ONLY, "--fix", "--unsafe-fixes")
    # pre-commit would not see it
    assert (done.code, done.out) == (1, "")
    assert ".dockerignore is new" in done.err
    assert "1 fixed" in done.err
    assert (project / ".dockerignore").read_text() == IGNORED
    assert imgtool(*ONLY).code == 0


def test_what_is_left_is_what_a_second_run_finds(imgtool: Imgtool, project: Path) -> None:
    (project / ".env").write_text("PASSWORD=x")
    (project / "w.safetensors").touch()
    os.truncate(project / "w.safetensors", 50_000_000)
    both = ("lint", "--isolated", "--select", "IMG301,IMG302")
    assert ".env" in imgtool(*both).out
    done = imgtool(*both, "--fix", "--unsafe-fixes")
    assert "w.safetensors" in done.out
    assert ".env" not in done.out
    assert imgtool(*both).out == done.out


def test_each_dockerfile_sees_its_own_file(imgtool: Imgtool, project: Path) -> None:
    # a folder of the first, which the second names
    (project / ".env").write_text("PASSWORD=x")
    (project / "gpu.Dockerfile").write_text("FROM debian:bookworm-slim\nCOPY .env /\nADD . .\n")
    both = ("lint", "--isolated", "--select", "IMG301,IMG302", "--diff", "--unsafe-fixes")
    apart = [imgtool(*both, name).out for name in ("Dockerfile", "gpu.Dockerfile")]
    assert imgtool(*both).out == "".join(apart)
    assert apart[0] != apart[1]


def test_the_diff_shows_it(imgtool: Imgtool, project: Path) -> None:
    done = imgtool(*ONLY, "--diff", "--unsafe-fixes")
    assert done.code == 1
    header = "diff --git a/.dockerignore b/.dockerignore\nnew file mode 100644\n"
    assert done.out == header + "--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1 @@\n+**/__pycache__\n"
    assert not (project / ".dockerignore").exists()


def test_two_dockerfiles_of_one_context(imgtool: Imgtool, project: Path) -> None:
    (project / "gpu.Dockerfile").write_text("FROM debian:bookworm-slim\nADD . .\n")
    done = imgtool(*ONLY, "--fix", "--unsafe-fixes")
    assert done.code == 1
    assert done.err.count("is new") == 1


def test_a_file_that_is_there_stays(imgtool: Imgtool, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Callable[..., object] = Path.open

    def late(path: Path, mode: str = "r", **more: str) -> object:
        # another process is faster
        if mode == "x":
            path.write_text("mine")
        return opened(path, mode, **more)

    monkeypatch.setattr(Path, "open", late)
    assert imgtool(*ONLY, "--fix", "--unsafe-fixes").code == 1
    assert (project / ".dockerignore").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes there")
def test_half_a_file_does_not_stay(imgtool: Imgtool, project: Path) -> None:
    import resource  # noqa: PLC0415 - see above

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        done = imgtool(*ONLY, "--fix", "--unsafe-fixes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.code == 2
    assert ".dockerignore: cannot be written: File too large" in done.err
    assert not (project / ".dockerignore").exists()
