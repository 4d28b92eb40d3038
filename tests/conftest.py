"""What tests find on the machine: the corpus of real Dockerfiles and a Docker engine, or neither."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "corpus"

# a busy machine is no defect; what must end soon is measured in its own processor time
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# tests change rules, and must not leave anything behind: no folder can be made there
os.environ["IMGTOOL_CACHE_DIR"] = os.devnull


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine-required", action="store_true", help="fail, not skip, where no engine answers")
    parser.addoption("--every-project", action="store_true", help="build all applications, not a few")
    parser.addoption("--registry", action="store_true", help="run what installs packages from a registry")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    required = config.getoption("--engine-required")
    for item in items:
        if item.get_closest_marker("corpus") and not CORPUS.is_dir():
            item.add_marker(pytest.mark.skip(reason="no corpus of real Dockerfiles beside the project"))
        if item.get_closest_marker("engine") and not required and not engine_answers():
            item.add_marker(pytest.mark.skip(reason="no Docker engine answers at DOCKER_HOST"))
        if item.get_closest_marker("server") and not shutil.which("docker-registry"):
            item.add_marker(pytest.mark.skip(reason="no docker-registry program on this machine"))
        if item.get_closest_marker("registry") and not config.getoption("--registry"):
            item.add_marker(pytest.mark.skip(reason="installs packages: asked for by --registry"))


def pytest_collection_finish() -> None:
    # the tests themselves stay to the end: a collection takes 0.4 s where it looks through them, and some tests ask for many
    gc.freeze()


def pytest_sessionfinish() -> None:
    # what is never taken down is told at the end as if it had leaked
    gc.unfreeze()


@cache
def engine_answers() -> bool:
    """Whether DOCKER_HOST names an engine that the docker command reaches."""
    if not os.environ.get("DOCKER_HOST"):
        return False
    try:
        done = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder that holds ``open/`` and its tables."""
    return CORPUS


@pytest.fixture(scope="session")
def corpus_rows() -> list[dict[str, Any]]:
    """What BuildKit's parser makes of each corpus file."""
    text = (CORPUS / "open.buildkit.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference tables, for tests that hold our data against them."""
    path = SHARED / "reference"
    if not path.is_dir():
        pytest.skip("no reference tables beside the project")
    return path
