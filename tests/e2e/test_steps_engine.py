"""Parts of a rewrite on built images: the tree before and after, caches left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.rewrite.choices import Part
from imgtool.rewrite.plan import Status
from imgtool.rewrite.steps import improved

pytestmark = pytest.mark.engine

# mode, owner, link and content of all but caches, logs, and byte code, which holds times
TREE = r"""
set -- -xdev '(' -path ./proc -o -path ./sys -o -path ./dev -o -path ./var/log -o -path ./var/lib/apt/lists \
  -o -path ./var/cache/apt -o -path ./var/cache/ldconfig -o -path ./root/.cache -o -path ./root/.npm \
  -o -path ./etc/hosts -o -path ./etc/resolv.conf -o -path ./etc/hostname -o -path ./.dockerenv \
  -o -path ./run -o -name __pycache__ ')' -prune -o
cd / && find . "$@" -printf '%p %m %U:%G %l\n' && find . "$@" -type f -exec sha256sum {} +
"""

# useradd writes today's date, and one of the layers may be yesterday's
PYTHON = "FROM python:3.11-slim\n"
SYSTEM = "FROM debian:bookworm\n"
INSTALL = "RUN apt-get update && apt-get install -y --no-install-recommends procps"
CASES = [
    (Part.MERGE_RUNS, f"{SYSTEM}RUN groupadd --gid 1000 app\nRUN mkdir -p /srv/a && chgrp app /srv/a\nRUN ln -s /srv/a /a\n"),
    (Part.FOLD_CHOWN, f"{SYSTEM}RUN useradd --create-home app\nWORKDIR /srv/app\nCOPY . .\nRUN chown -R app:app /srv/app\n"),
    (Part.DROP_CACHES, f"{SYSTEM}{INSTALL}\n"),
    (Part.DROP_CACHES, f"{PYTHON}RUN pip install six==1.16.0\n"),
    (Part.CACHE_MOUNTS, f"{SYSTEM}{INSTALL} && apt-get clean && rm -rf /var/lib/apt/lists/*\n"),
    (Part.CACHE_MOUNTS, f"{PYTHON}RUN pip install --no-cache-dir six==1.16.0 && pip cache purge\n"),
    (Part.REORDER, f"{PYTHON}WORKDIR /srv/app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n"),
    (Part.REORDER, f"{PYTHON}COPY . /srv/app\nRUN pip install --no-cache-dir -r /srv/app/requirements.txt\n"),
    (Part.REORDER, f"{PYTHON}WORKDIR /srv\nCOPY --chown=1:1 . ./app\nRUN pip install --no-cache-dir -r app/requirements.txt\n"),
]  # fmt: skip


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub").chmod(0o770)
    (folder / "sub" / "deep" / "run").write_text("#!/bin/sh\n")
    (folder / "sub" / "deep" / "run").chmod(0o755)
    (folder / "requirements.txt").write_text("six==1.16.0\n")
    (folder / "requirements.txt").chmod(0o640)
    (folder / "link").symlink_to("sub/deep")
    folder.chmod(0o750)
    return folder


@pytest.mark.parametrize("part, before", CASES, ids=[f"{part}-{n}" for n, (part, _) in enumerate(CASES)])
def test_the_tree_is_the_same(part: Part, before: str, context: Path) -> None:
    done = improved(before.encode(), FactOptions(context=context), [part])
    assert done.plan.status is Status.CONVERTED
    assert _tree(before, context) == _tree(done.data.decode(), context)


def _tree(dockerfile: str, context: Path) -> list[str]:
    image = _docker("build", "-q", "--network", "host", "-f", "-", str(context), given=dockerfile).strip()
    try:
        listed = _docker(
            "run", "--rm", "--user", "0", "--network", "none", "--entrypoint", "sh", image, "-c", TREE
        )
    finally:
        _docker("rmi", image)
    return sorted(listed.splitlines())


def _docker(*words: str, given: str = "") -> str:
    done = subprocess.run(
        ["docker", *words], input=given, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
