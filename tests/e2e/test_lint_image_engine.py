"""Images that an engine built, linted at the lines of their Dockerfile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCKERFILE = """\
FROM debian:bookworm AS keys
RUN printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ' > /id_rsa
FROM debian:bookworm
ARG MEGABYTES=3
ENV CUDA_VISIBLE_DEVICES=1,2
RUN mkdir -p /var/lib/apt/lists /usr/lib/x86_64-linux-gnu && \\
    head -c ${MEGABYTES}000000 /dev/urandom > /var/lib/apt/lists/a_Packages && \\
    echo driver > /usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05
COPY --from=keys /id_rsa /root/.ssh/id_rsa
COPY big /opt/big
RUN rm /opt/big
# imgtool ignore=IMG206 small enough
RUN mkdir /models && head -c 150000000 /dev/zero > /models/a.safetensors
USER nobody
"""
EXPECTED = [("IMG117", 5), ("IMG102", 6), ("IMG204", 6), ("IMG303", 9), ("IMG202", 11)]


@pytest.fixture
def name() -> Iterator[str]:
    made = f"t-lint-image-{uuid.uuid4().hex}"
    yield made
    subprocess.run(["docker", "image", "rm", "--force", made], capture_output=True, check=False)


def built(folder: Path, name: str, buildkit: str) -> None:
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "big").write_bytes(bytes(2_000_000))
    command = ["docker", "build", "--quiet", "--network=host", f"--tag={name}", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "DOCKER_BUILDKIT": buildkit})


@pytest.mark.engine
@pytest.mark.parametrize("buildkit", ["1", "0"], ids=["buildkit", "legacy"])
def test_findings_stand_at_the_lines(buildkit: str, tmp_path: Path, name: str) -> None:
    built(tmp_path, name, buildkit)
    words = ["lint", "--isolated", "--image", f"docker-daemon:{name}", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "imgtool", *words, "--dockerfile", "Dockerfile"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    rows = json.loads(done.stdout)
    assert [(row["code"], row["line"]) for row in rows] == EXPECTED
    assert {row["file"] for row in rows} == {"Dockerfile"}
    assert {row["code"]: row.get("saves_bytes") for row in rows}["IMG204"] == 3_000_000
