"""Databases as their own tools read them: on an engine's images, and where these tests are installed."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path

import pytest
from held import held

from imgtool.images.contents import read_contents
from imgtool.images.packages import KEEP, owners, read
from imgtool.inspect.analysis import analyse

_IMAGE = "python:3.11"


def _inside(*argv: str) -> str:
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", argv[0], _IMAGE, *argv[1:]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.engine
def test_packages_are_those_that_dpkg_tells() -> None:
    if not subprocess.run(
        ["docker", "image", "inspect", _IMAGE], check=False, capture_output=True
    ).stdout.strip(b"[]\n"):
        pytest.skip(f"the engine has no {_IMAGE}")
    contents = read_contents(f"docker-daemon:{_IMAGE}", keep=KEEP)
    told = _inside("dpkg-query", "-W", "-f", "${Package} ${Version}\n").split("\n")[:-1]
    found = [one for one in read(contents) if one.manager == "dpkg"]
    assert sorted(f"{one.name} {one.version}" for one in found) == sorted(told)
    owner = owners(contents)
    files = ["/bin/bash", "/etc/debian_version", "/usr/bin/dpkg"]
    lines = _inside("dpkg-query", "-S", *files).split("\n")[:-1]
    said = {path: name for name, path in (line.split(": ") for line in lines)}
    # the tree has /bin below /usr, and lists state where it was
    assert {path: owner(path.replace("/bin/bash", "/usr/bin/bash")) for path in files} == {
        path: f"dpkg:{said[path].partition(':')[0]}" for path in files
    }
    found_all = analyse(contents)
    assert sum(one.size for one in found_all.packages) + found_all.unowned.size == contents.measures.flattened
    assert sum(row.size for row in found_all.kinds) == contents.measures.flattened


@pytest.mark.parametrize("name", ["packaging", "pytest", "hypothesis"])
def test_files_of_a_distribution_are_those_that_python_tells(name: str, tmp_path: Path) -> None:
    told = importlib.metadata.distribution(name)
    files = {str(path.locate()): Path(str(path.locate())).resolve() for path in told.files or ()}
    there = {path: real.read_bytes() for path, real in files.items() if real.is_file()}
    image = {
        f"/venv/{Path(path).as_posix().lstrip('/')}": data for path, data in there.items() if ".." not in path
    }
    found = next(one for one in read(held(tmp_path, image)) if one.name == name)
    assert (found.key, found.version) == (f"pip:{name}", told.version)
    assert found.size == sum(map(len, image.values()))
    assert found.files == len(image)
