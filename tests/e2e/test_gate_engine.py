"""Before and after in one go: the gate builds both Dockerfiles, and leaves nothing of them in the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine

#: Bytes of the file that the second stage adds, and of what it hides again.
MORE, GONE = 3_000_000, 2_000_000
SMALL = "FROM scratch AS small\nLABEL imgtool-test={label}\nCOPY small /small\nFROM small AS large\n"
LARGE = f"{SMALL}COPY large /large\nCOPY gone /gone\nCOPY small /gone\n"

Gate = Callable[..., subprocess.CompletedProcess[str]]


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, check=True, timeout=300, text=True).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project before and after; what was built of it is looked for in the end."""
    label = uuid.uuid4().hex
    folder = tmp_path_factory.mktemp("project")
    for name, text in (("after", LARGE), ("before", SMALL), ("broken", f"{LARGE}COPY no-such-file /\n")):
        (folder / name).mkdir()
        (folder / name / "Dockerfile").write_text(text.format(label=label))
        for file, size in (("small", 5), ("large", MORE), ("gone", GONE)):
            (folder / name / file).write_bytes(b"x" * size)
    yield folder
    assert docker("images", "-q", "--filter", f"label=imgtool-test={label}") == ""


@pytest.fixture
def gate(folder: Path) -> Gate:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "imgtool", "gate", "--network", "host", *words]
        return subprocess.run(
            command, cwd=folder, capture_output=True, check=False, timeout=600, text=True, env={**os.environ}
        )

    return run


def pair(before: str, after: str) -> tuple[str, ...]:
    return ("--dockerfile", f"{after}/Dockerfile", "--against-dockerfile", f"{before}/Dockerfile")


def test_growth_between_two_dockerfiles(gate: Gate) -> None:
    done = gate(*pair("before", "after"), "--max-growth", "1MB", "--max-growth", "1GB", "--format", "json")
    (image,) = json.loads(done.stdout)["images"]
    assert (done.returncode, image["status"]) == (1, "failed")
    assert MORE + GONE < image["growth"] < MORE + GONE + 10_000
    assert [one["outcome"] for one in image["budgets"]] == ["over", "within"]
    assert image["grown"]["paths"][0] == {"name": "/large", "before": None, "after": MORE, "growth": MORE}
    layer = image["grown"]["layers"][0]
    assert (layer["name"], layer["line"]) == ("COPY large /large", 5)
    assert image["head"]["reference"] == "after/Dockerfile"
    assert image["head"]["waste"] - image["base"]["waste"] == GONE


def test_what_shrinks_is_within(gate: Gate) -> None:
    done = gate(*pair("after", "before"), "--max-growth", "0", "--format", "github")
    assert (done.returncode, done.stdout) == (0, "imgtool gate: 1 image: 1 within budget\n")


def test_annotations_stand_at_the_line_that_grew(gate: Gate) -> None:
    done = gate(*pair("before", "after"), "--max-growth", "0", "--format", "github")
    assert done.stdout.startswith(
        "::error title=imgtool gate (image),file=after/Dockerfile,line=5::image: --max-growth 0"
    )
    assert done.returncode == 1


def test_each_stage_that_the_configuration_names(gate: Gate, folder: Path) -> None:
    config = folder / "stages.toml"
    config.write_text(
        '[gate]\nmax-growth = "1MB"\n'
        '[[gate.images]]\nname = "one"\ntarget = "small"\n'
        '[[gate.images]]\nname = "two"\ntarget = "large"\nmax-growth = "1GB"\nmax-waste = "1MB"\n'
    )
    done = gate(*pair("before", "after"), "--config", str(config), "--format", "json")
    one, two = json.loads(done.stdout)["images"]
    assert (one["status"], one["growth"]) == ("passed", 0)
    assert {held["budget"]: held["outcome"] for held in two["budgets"]} == {
        "max-growth": "within",
        "max-waste": "over",
    }
    assert done.returncode == 1


def test_what_does_not_build_is_not_established(gate: Gate) -> None:
    done = gate(*pair("before", "broken"), "--max-growth", "1GB", "--stage", "large")
    assert done.returncode == 3
    assert "image: broken/Dockerfile:large cannot be measured: it does not build" in done.stderr
    assert "no-such-file" in done.stderr


def test_an_image_of_the_engine_is_a_baseline_too(gate: Gate, folder: Path) -> None:
    name = f"imgtool-test-gate:{uuid.uuid4().hex}"
    docker("build", "-q", "-t", name, str(folder / "before"))
    words = ("--dockerfile", "after/Dockerfile", "--baseline", f"docker-daemon:{name}")
    try:
        assert gate(*words, "--max-growth", "1GB").returncode == 0
        assert gate(*words, "--max-growth", "1MB").returncode == 1
    finally:
        docker("rmi", "-f", name)
