"""The original and its rewrite, built and run for real: the same output from a smaller image."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgtool.images.measure import measure

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "fixtures" / "projects"

pytestmark = pytest.mark.engine


def docker(*words: str) -> str:
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def build(name: str, dockerfile: Path, context: Path) -> None:
    # the host's network: the build reaches package registries through it
    docker("build", "--network", "host", "-q", "-t", name, "-f", str(dockerfile), str(context))


@pytest.fixture(scope="module")
def names() -> Iterator[list[str]]:
    made: list[str] = []
    yield made
    for name in made:
        subprocess.run(["docker", "image", "rm", "-f", name], capture_output=True, check=False)


def rewritten(project: Path, target: str, folder: Path) -> Path:
    made = folder / "Dockerfile.rewritten"
    command = [sys.executable, "-m", "imgtool", "rewrite", str(project / "Dockerfile"), "--target", target]
    done = subprocess.run([*command, "--output", str(made)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


# project, target, the least factor by which the image must shrink on the stand-in bases
PROJECTS_BUILT = [
    ("extension", "cuda", 1.8),
    ("pip-only", "cuda", 1.5),
    ("service", "cuda", 1.3),
    ("ascend", "cann", 1.2),
]


@pytest.mark.parametrize("project, target, factor", PROJECTS_BUILT)
def test_same_output_from_a_smaller_image(
    project: str, target: str, factor: float, tmp_path: Path, names: list[str]
) -> None:
    folder = PROJECTS / project
    before, after = f"imgtool-e2e-{project}:before", f"imgtool-e2e-{project}:after"
    names += [before, after]
    build(before, folder / "Dockerfile", folder)
    build(after, rewritten(folder, target, tmp_path), folder)
    outputs = [docker("run", "--rm", name) for name in (before, after)]
    assert outputs[0] == outputs[1]
    assert outputs[0].strip()
    sizes = [measure(f"docker-daemon:{name}").flattened for name in (before, after)]
    print(f"{project}: {sizes[0]} -> {sizes[1]} bytes flattened, factor {sizes[0] / sizes[1]:.2f}")  # noqa: T201 - figures for the record
    assert sizes[0] / sizes[1] >= factor
