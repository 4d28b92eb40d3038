"""One application as two images and one for both, baked on an engine and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine

CANN = "quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11"
NAME = "imgtool-e2e-targets"

# the layout of the vendor's image, which is what a constructed stage is made from: Python under its own prefix with
# its libraries beside it, the toolkit's and NNAL's environments, compilers
LIKE_CANN = r"""
FROM python:3.11
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev patchelf \
 && rm -rf /var/lib/apt/lists/*
RUN home=/usr/local/python3.11.13 latest=/usr/local/Ascend/ascend-toolkit/latest \
 && mkdir -p $home/bin $home/lib $latest/lib64 /usr/local/Ascend/nnal/atb /etc/Ascend \
 && cp -L /usr/bin/python3.11 $home/bin/ \
 && cp -L /usr/lib/*/libexpat.so.1 $home/lib/ \
 && patchelf --set-rpath $home/lib $home/bin/python3.11 \
 && cp -a /usr/lib/python3.11 /usr/lib/python3/dist-packages/pip $home/lib/ \
 && mv $home/lib/pip $home/lib/python3.11/ \
 && rm $home/lib/python3.11/EXTERNALLY-MANAGED \
 && ln -s $home/bin/python3.11 $home/bin/python3 \
 && cp -L /usr/lib/*/libsqlite3.so.0 $latest/lib64/libascendcl.so \
 && cp -L /usr/lib/*/{EXTRA} $latest/lib64/libneeds.so \
 && echo 'export ASCEND_SOURCED=toolkit' >/usr/local/Ascend/ascend-toolkit/set_env.sh \
 && echo 'export ATB_SOURCED=nnal' >/usr/local/Ascend/nnal/atb/set_env.sh \
 && echo 8.3.RC1 >/etc/Ascend/version.info
ENV PATH=/usr/local/python3.11.13/bin:${PATH}
SHELL ["/bin/bash", "-c"]
"""

DOCKERFILE = """\
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip gcc && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN python3 -m pip install --break-system-packages -r requirements.txt
COPY . .
CMD ["python3", "main.py"]
"""
MAIN = """\
import os, sqlite3, sys
import six
print(six.__version__, sys.prefix, os.environ.get("ATB_SOURCED"), os.environ.get("ACCELERATOR"))
"""


def docker(*words: str, check: bool = True, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    assert not check or done.returncode == 0, done.stderr[-3000:]
    return done


def like_cann(folder: Path, extra: str) -> None:
    (folder / "Dockerfile.base").write_text(LIKE_CANN.replace("{EXTRA}", extra))
    docker("build", "--network", "host", "-q", "-t", CANN, "-f", str(folder / "Dockerfile.base"), str(folder))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The application's folder, both images and the fat one baked from what rewrite writes there."""
    if not docker("image", "inspect", "ubuntu:22.04", check=False).stdout.strip("[]\n"):
        pytest.skip("ubuntu:22.04 is not there")
    folder = tmp_path_factory.mktemp("targets")
    like_cann(folder, "libz.so.1")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("six==1.16.0\n")
    (folder / "main.py").write_text(MAIN)
    options = "--target cuda --target cann --cann 8.3.rc1 --bake --fat --version 1.0 --name".split()
    command = [sys.executable, "-m", "imgtool", "rewrite", str(folder / "Dockerfile"), *options, NAME]
    done = subprocess.run(
        [*command, "--output-dir", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    network = ("--allow=network.host", "--allow=fs.read=*", "--set", "*.network=host")
    docker("buildx", "bake", *network, "cuda", "cann", "fat", folder=folder)
    yield folder
    for tag in ("1.0-cuda12.1", "1.0-cann8.3.rc1", "1.0-fat"):
        docker("image", "rm", "-f", f"{NAME}:{tag}", check=False)
    docker("image", "rm", "-f", CANN, check=False)


def test_bake_reads_the_file(app: Path) -> None:
    printed = docker("buildx", "bake", "--print", folder=app).stdout
    assert sorted(json.loads(printed)["target"]) == ["cann", "cuda"]


def test_both_images_run(app: Path) -> None:  # noqa: ARG001 - it bakes them
    cuda = docker("run", "--rm", f"{NAME}:1.0-cuda12.1").stdout.split()
    cann = docker("run", "--rm", f"{NAME}:1.0-cann8.3.rc1").stdout.split()
    assert cuda == ["1.16.0", "/usr", "None", "None"]
    # its own Python, and the environment that the image's ENTRYPOINT sets
    assert cann == ["1.16.0", "/usr/local/python3.11.13", "nnal", "None"]


@pytest.mark.parametrize("tag", ["1.0-cuda12.1", "1.0-cann8.3.rc1", "1.0-fat"])
def test_no_image_has_a_compiler(app: Path, tag: str) -> None:  # noqa: ARG001
    look = ("--entrypoint", "sh", f"{NAME}:{tag}", "-c", "command -v gcc || echo none")
    assert docker("run", "--rm", *look).stdout.split() == ["none"]


@pytest.mark.parametrize(
    ("device", "output"),
    [
        ("nvidiactl", ["1.16.0", "/usr", "None", "cuda"]),
        ("davinci_manager", ["1.16.0", "/usr/local/python3.11.13", "nnal", "cann"]),
    ],
)
def test_the_fat_image_picks_by_the_device_node(app: Path, device: str, output: list[str]) -> None:  # noqa: ARG001
    # a node of another device under the name: only that it is there counts
    done = docker("run", "--rm", "--device", f"/dev/null:/dev/{device}", f"{NAME}:1.0-fat")
    assert done.stdout.split() == output


def test_the_fat_image_needs_a_device(app: Path) -> None:  # noqa: ARG001
    done = docker("run", "--rm", f"{NAME}:1.0-fat", check=False)
    assert (done.returncode, "start the container with a device" in done.stderr) == (1, True)


def test_a_library_that_the_constructed_stage_lacks_fails_the_build(app: Path, tmp_path: Path) -> None:
    """A toolkit whose library needs one that only the vendor's image has."""
    like_cann(tmp_path, "libctf.so.0")
    build = ("build", "--network", "host", "-f", str(app / "Dockerfile.cann"), str(app))
    done = docker(*build, check=False)
    assert done.returncode != 0
    assert "libbfd" in done.stderr
