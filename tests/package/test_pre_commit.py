"""The hooks under pre-commit itself, which installs them from the committed tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.registry

CLEAN = 'FROM debian:bookworm\nCMD ["true"]\n'
BROKEN = "FROM debian:bookworm\nCOPY x\n"
FIXABLE = 'FROM debian:bookworm\n# imgtool ignore=IMG001\nCMD ["true"]\n'

SEEN = ["Dockerfile", "gpu.dockerfile", "docker/Dockerfile.a3.openEuler", "Containerfile-cann"]
NOT_SEEN = ["Dockerfile.md", "Dockerfile.dockerignore", "Dockerfile.j2", "dockerfile.py", "README"]


def run(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """The pre-commit program, a clone of what is committed here, and the environment for both."""
    folder = tmp_path_factory.mktemp("hooks")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    installed = run(programs / "python", "-m", "pip", "install", "-q", "pre-commit>=3.2", cwd=folder)
    assert installed.returncode == 0, installed.stderr
    cloned = run("git", "clone", "-q", str(ROOT), "clone", cwd=folder)
    assert cloned.returncode == 0, cloned.stderr
    return programs / "pre-commit", folder / "clone", {**os.environ, "PRE_COMMIT_HOME": str(folder / "home")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose Dockerfiles are clean, and whose other files would not be if they were linted."""
    for name in SEEN:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CLEAN)
    for name in NOT_SEEN:
        (tmp_path / name).write_text(BROKEN)
    run("git", "init", "-q", cwd=tmp_path)
    run("git", "add", "-A", cwd=tmp_path)
    return tmp_path


def hook(name: str, project: Path, hooks: tuple[Path, Path, dict[str, str]]) -> tuple[int, str]:
    program, clone, environment = hooks
    words = ("try-repo", str(clone), name, "--all-files", "--verbose")
    done = run(program, *words, cwd=project, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_lint(project: Path, hooks: tuple[Path, Path, dict[str, str]]) -> None:
    code, shown = hook("imgtool-lint", project, hooks)
    assert code == 0, shown
    # all files in one process
    assert f"imgtool: no findings in {len(SEEN)} files" in shown
    for name in SEEN:
        (project / name).write_text(BROKEN)
    code, shown = hook("imgtool-lint", project, hooks)
    assert code == 1
    assert [name for name in SEEN if f"{name}:2:1: IMG001" in shown] == SEEN
    assert f"in {len(SEEN)} files" in shown


def test_fix(project: Path, hooks: tuple[Path, Path, dict[str, str]]) -> None:
    (project / "gpu.dockerfile").write_text(FIXABLE)
    run("git", "add", "-A", cwd=project)
    code, shown = hook("imgtool-fix", project, hooks)
    assert (code, "files were modified by this hook" in shown) == (1, True), shown
    assert (project / "gpu.dockerfile").read_text() == CLEAN
    run("git", "add", "-A", cwd=project)
    assert hook("imgtool-fix", project, hooks)[0] == 0
