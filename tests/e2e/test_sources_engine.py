"""One image through all that real tools make of it: engines, their archives, layouts of buildx and of skopeo.

DOCKER_HOST names one engine; IMGTOOL_DOCKER_HOST_CONTAINERD may name another that keeps images the other way,
which is the one that exports OCI layouts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgtool.images.measure import Measures, measure

pytestmark = pytest.mark.engine

#: A base that every engine has: none. Files of one byte sequence, folders removed, modes changed.
DOCKERFILE = """\
FROM scratch
COPY tree/ /
COPY --chmod=600 tree/d/kept /d/kept
COPY tree/d/kept /e/again
CMD ["/none"]
"""
KEPT, OTHER = os.urandom(30_000), bytes(70_000)


def run(*words: str) -> str:
    found = subprocess.run(words, capture_output=True, check=False, timeout=300, text=True)
    assert found.returncode == 0, f"{' '.join(words)}: {found.stderr[-2000:]}"
    return found.stdout


def figures(measures: Measures) -> tuple[int | None, int | None, int | None]:
    return measures.unpacked, measures.flattened, measures.waste


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    (folder / "tree/d").mkdir(parents=True)
    (folder / "tree/d/kept").write_bytes(KEPT)
    (folder / "tree/other").write_bytes(OTHER)
    (folder / "Dockerfile").write_text(DOCKERFILE, "utf-8")
    return folder


@pytest.fixture(scope="module")
def saved(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What DOCKER_HOST's engine saves of the image."""
    tag = f"t-sources-{uuid.uuid4().hex}"
    run("docker", "build", "-q", "-t", tag, str(context))
    path = tmp_path_factory.mktemp("saved") / "saved.tar"
    try:
        run("docker", "save", "-o", str(path), tag)
    finally:
        run("docker", "rmi", "-f", tag)
    return path


@pytest.fixture(scope="module")
def expected(saved: Path) -> tuple[int | None, int | None, int | None]:
    found = figures(measure(str(saved), verify=True))
    assert found[1:] == (len(KEPT) * 2 + len(OTHER), len(KEPT))
    return found


@pytest.fixture(params=["DOCKER_HOST", "IMGTOOL_DOCKER_HOST_CONTAINERD"])
def loaded(request: pytest.FixtureRequest, saved: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same image in an engine, by its name there."""
    host = os.environ.get(request.param)
    if not host:
        pytest.skip(f"{request.param} names no engine")
    monkeypatch.setenv("DOCKER_HOST", host)
    name = run("docker", "load", "-q", "-i", str(saved)).split()[-1]
    yield name
    run("docker", "rmi", "-f", name)


def test_engines_and_what_they_save(
    loaded: str, expected: tuple[int, int, int], tmp_path: Path, saved: Path
) -> None:
    again = tmp_path / "again.tar"
    run("docker", "save", "-o", str(again), loaded)
    found = [
        measure(reference, verify=verify)
        for reference in (f"docker-daemon:{loaded}", f"docker-archive:{again}", f"oci-archive:{again}")
        for verify in (False, True)
    ]
    assert {figures(measures) for measures in found} == {expected}
    assert {measures.image.config_digest for measures in found} == {measure(str(saved)).image.config_digest}
    assert len({measures.image.digest for measures in found}) == 1


@pytest.mark.parametrize("kind", ["gzip", "zstd", "zstd:chunked"])
@pytest.mark.parametrize("verify", [False, True])
def test_skopeo(kind: str, verify: bool, saved: Path, expected: tuple[int, int, int], tmp_path: Path) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("there is no skopeo")
    options = ["--dest-compress", "--dest-compress-format", kind]
    places = {"oci": tmp_path / "layout", "oci-archive": tmp_path / "archive.tar"}
    for place, path in places.items():
        copied = [f"docker-archive:{saved}", f"{place}:{path}:app:1"]
        run("skopeo", "copy", "-q", "--insecure-policy", *options, *copied)
    found = [measure(f"{place}:{path}:app:1", verify=verify) for place, path in places.items()]
    assert {figures(measures) for measures in found} == {expected}
    assert {measures.compression for measures in found} == {kind}
    one, other = found
    assert one.transfer == other.transfer == listed(places["oci"])
    assert one.image.digest == other.image.digest
    assert measure(f"oci:{places['oci']}", layers=False).transfer == one.transfer


def listed(layout: Path) -> int:
    """Bytes of all blobs of a layout with one image, but for its manifest."""
    sizes = [path.stat().st_size for path in (layout / "blobs/sha256").iterdir()]
    manifest = run("skopeo", "inspect", "--raw", f"oci:{layout}:app:1")
    return sum(sizes) - len(manifest.encode())


@pytest.mark.parametrize("kind", ["gzip", "zstd", "uncompressed"])
def test_buildx(
    kind: str, context: Path, expected: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = os.environ.get("IMGTOOL_DOCKER_HOST_CONTAINERD")
    if not host:
        pytest.skip("IMGTOOL_DOCKER_HOST_CONTAINERD names no engine, and others export no layouts")
    monkeypatch.setenv("DOCKER_HOST", host)
    layout, archive = tmp_path / "layout", tmp_path / "archive.tar"
    compressed = f"compression={kind},force-compression=true"
    for more in (f"dest={layout},tar=false", f"dest={archive}", f"dest={tmp_path / 'docker.tar'}"):
        output = f"type={'docker' if 'docker.tar' in more else 'oci'},{compressed},{more}"
        run("docker", "build", "-q", "--output", output, str(context))
    found = [
        measure(f"oci:{layout}", verify=True),
        measure(str(layout)),
        measure(f"oci-archive:{archive}"),
        measure(f"docker-archive:{tmp_path / 'docker.tar'}"),
    ]
    # each build gives files their own times, not sizes
    assert {figures(measures) for measures in found} == {expected}
    assert {measures.compression for measures in found} == {"none" if kind == "uncompressed" else kind}


def test_a_layout_of_several_platforms(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = os.environ.get("IMGTOOL_DOCKER_HOST_CONTAINERD")
    if not host:
        pytest.skip("IMGTOOL_DOCKER_HOST_CONTAINERD names no engine, and others export no layouts")
    monkeypatch.setenv("DOCKER_HOST", host)
    platforms = ("linux/amd64", "linux/arm64", "linux/arm/v6")
    run(
        *("docker", "build", "-q", "--platform", ",".join(platforms), "--provenance=true"),
        *("--output", f"type=oci,dest={tmp_path / 'layout'},tar=false", str(context)),
    )
    for platform in platforms:
        assert measure(f"oci:{tmp_path / 'layout'}", platform=platform).image.platform == platform
