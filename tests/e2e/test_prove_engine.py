"""Rewrites that are built, verified and mended until they hold, or refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import DOCKERFILE

from imgtool.facts.given import FactOptions
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.plan import Status
from imgtool.verify.build import Recipe
from imgtool.verify.loop import Job, Proven, prove
from imgtool.verify.smoke import Smoke
from imgtool.verify.verdict import Options

pytestmark = pytest.mark.engine

PLAIN = '#include <cstdio>\nint main() { puts("it runs"); }\n'
OPENS = """\
#include <cstdio>
#include <dlfcn.h>
int main() { return dlopen("libjansson.so.4", RTLD_NOW) ? puts("opened") < 0 : 1; }
"""
COMPILES = """\
#include <cstdlib>
int main() { return std::system("g++ --version > /dev/null") != 0; }
"""


def _project(folder: Path, program: str) -> Path:
    (folder / "run.cpp").write_text(program)
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(DOCKERFILE)
    return dockerfile


def _proven(path: Path, *commands: str) -> Proven:
    job = Job(
        path,
        path.read_bytes(),
        None,
        FactOptions(dockerfile=path, context=path.parent),
        Choices(),
        Recipe(path.parent, network="host"),
        Options(smoke=Smoke(commands=commands)),
    )
    return prove(job, lambda _: None)


def _imgtool(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "imgtool",
        "rewrite",
        "Dockerfile",
        "--build",
        "--network",
        "host",
        *words,
    ]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, **env}
    )


def test_a_draft_is_mended_and_made_smaller_until_it_holds(tmp_path: Path) -> None:
    """The library that only the program's constants name is installed, and the base flavour turns out to do."""
    _project(tmp_path, OPENS)
    done = _imgtool(tmp_path, "--run", "run")
    assert done.returncode == 0, done.stderr
    _, first, second, third = done.stderr.splitlines()[-4:]
    assert "draft 1: libraries: /usr/local/bin/run: it names libjansson.so.4, which is missing" in first
    assert "draft 2 with libjansson4: verified" in second
    assert "draft 3 with the base flavour, libjansson4: verified" in third
    final = done.stdout[done.stdout.rindex("FROM ") :]
    assert final.startswith("FROM nvidia/cuda:12.1.0-base-ubuntu22.04\n")
    assert "apt-get install -y --no-install-recommends libjansson4 " in final


def test_what_nothing_mends_is_refused(tmp_path: Path) -> None:
    path = _project(tmp_path, COMPILES)
    found = _proven(path, "run")
    assert found.made.plan.status is Status.REFUSED
    assert found.made.data == path.read_bytes()
    (reason,) = found.made.plan.reasons
    assert reason.code == "not-verified"
    assert "smoke: `run`" in reason.message
    assert len(found.rounds) == 1


def test_an_original_that_does_not_build_settles_nothing(tmp_path: Path) -> None:
    _project(tmp_path, "this is no C++")
    done = _imgtool(tmp_path, "--output", "out")
    assert done.returncode == 3
    assert "not established: Dockerfile does not build" in done.stderr
    assert not (tmp_path / "out").exists()


def test_no_engine_settles_nothing(tmp_path: Path) -> None:
    _project(tmp_path, PLAIN)
    done = _imgtool(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == 3
    assert "not established" in done.stderr
    assert done.stdout == ""
