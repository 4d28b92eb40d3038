"""Figures against real engines: what they show of an image, whichever store keeps it.

DOCKER_HOST names one engine; IMGTOOL_DOCKER_HOST_CONTAINERD may name another that keeps images the other way.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from archives import classic, files, layer
from stacks import STACKS, Stack

from imgtool.images.contents import How, read_contents
from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures, measure

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM debian:bookworm
RUN mkdir -p /w/gone/deep && head -c 3000000 /dev/urandom > /w/gone/deep/big && head -c 1000000 /dev/urandom > /w/file
RUN rm -rf /w/gone
RUN chmod 600 /w/file
RUN ln /w/file /w/linked
RUN mkdir /w/again && head -c 500000 /dev/urandom > /w/again/old
RUN rm -rf /w/again && mkdir /w/again && echo new > /w/again/new
RUN rm /w/file && mkdir /w/file && echo x > /w/file/x
"""


@dataclass(frozen=True)
class Engine:
    host: str
    store: str

    def docker(
        self, *words: str, data: bytes | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["docker", "-H", self.host, *words], input=data, capture_output=True, check=check, timeout=300
        )

    def seen(self, image: str) -> dict[str, int]:
        """Sizes of the files that a container of the image would see, hard links once."""
        return {entry.name: entry.size for entry in self.exported(image) if entry.isreg()}

    def exported(self, image: str) -> list[tarfile.TarInfo]:
        """All that a container of the image would see."""
        container = self.docker("create", image, "true").stdout.decode().strip()
        try:
            exported = self.docker("export", container).stdout
        finally:
            self.docker("rm", "-f", container)
        with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
            return archive.getmembers()


def store_of(host: str) -> str:
    command = ["docker", "-H", host, "info", "--format", "{{json .DriverStatus}}"]
    status = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return "containerd" if b"io.containerd.snapshotter" in status else "overlay2"


HOSTS = ("DOCKER_HOST", "IMGTOOL_DOCKER_HOST_CONTAINERD")


@pytest.fixture(params=HOSTS)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    host = os.environ.get(request.param)
    if not host:
        pytest.skip(f"{request.param} names no engine")
    monkeypatch.setenv("DOCKER_HOST", host)
    return Engine(host, store_of(host))


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    """A name of this test's own, since several may run at once."""
    name = f"imgtool-test-size:{uuid.uuid4().hex}"
    yield name
    engine.docker("rmi", "-f", name, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image built on DOCKER_HOST's engine, saved: what moves to another store keeps its layers."""
    tag = f"imgtool-test-size:{uuid.uuid4().hex}"
    engine = Engine(os.environ["DOCKER_HOST"], "")
    if engine.docker("image", "inspect", "debian:bookworm", check=False).returncode:
        pytest.skip("the engine has no debian:bookworm")
    context = tmp_path_factory.mktemp("context")
    (context / "Dockerfile").write_text(DOCKERFILE, "utf-8")
    engine.docker("build", "-q", "--network", "host", "-t", tag, str(context))
    archive = tmp_path_factory.mktemp("built") / "built.tar"
    engine.docker("save", "-o", str(archive), tag)
    engine.docker("rmi", "-f", tag)
    return archive


def figures(measures: Measures) -> tuple[int | None, int | None, int | None]:
    return measures.unpacked, measures.flattened, measures.waste


def test_engine_and_archives_agree(engine: Engine, built: Path, tmp_path: Path) -> None:
    expected = measure(str(built))
    # the folder removed, the file before its mode changed and before it was linked, the folder replaced
    assert expected.waste == 3_000_000 + 1_000_000 + 1_000_000 + 500_000
    name = engine.docker("load", "-i", str(built)).stdout.decode().split()[-1]
    saved = tmp_path / "saved.tar"
    try:
        engine.docker("save", "-o", str(saved), name)
        for reference in (f"docker-daemon:{name}", f"docker-archive:{saved}"):
            assert figures(measure(reference)) == figures(expected)
        assert figures(measure(str(saved), verify=True)) == figures(expected)
        assert sum(engine.seen(name).values()) + hidden_by_containers(built) == expected.flattened
    finally:
        engine.docker("rmi", "-f", name)


def test_every_file_and_who_hides_it(engine: Engine, built: Path) -> None:
    name = engine.docker("load", "-i", str(built)).stdout.decode().split()[-1]
    try:
        contents = read_contents(f"docker-daemon:{name}")
        exported = engine.exported(name)
    finally:
        engine.docker("rmi", "-f", name)
    linked = [entry for entry in exported if entry.isreg() or entry.issym() or entry.islnk()]
    files = {entry.name: (entry.mode, entry.uid, entry.gid) for entry in linked}
    ours = {one.path[1:]: one[4:7] for one in contents.files()}
    # a container has a few files of the engine's own
    assert {path: stated for path, stated in files.items() if path in ours and path not in COVERED} == {
        path: stated for path, stated in ours.items() if path not in COVERED
    }
    assert {path for path in files if path not in ours} <= {".dockerenv", "dev/console", "etc/mtab", *COVERED}
    top = len(contents.measures.image.layers) - 7
    assert sorted(one for one in contents.wasted() if one.layer >= top) == [
        ("/w/again/old", 500_000, top + 4, top + 5, How.DELETED),
        ("/w/file", 1_000_000, top, top + 2, How.MODE),
        ("/w/file", 1_000_000, top + 2, top + 3, How.SAME),
        ("/w/gone/deep/big", 3_000_000, top, top + 1, How.DELETED),
    ]


COVERED = {"etc/hostname", "etc/hosts", "etc/resolv.conf"}


def hidden_by_containers(archive: Path) -> int:
    """Bytes of what an engine puts files of its own over in every container."""
    with tarfile.open(archive) as outer:
        first, *_ = json.load(file(outer, "manifest.json"))[0]["Layers"]
        with tarfile.open(fileobj=file(outer, first)) as base:
            return sum(entry.size for entry in base if entry.name.removeprefix("./") in COVERED)


def file(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    opened = archive.extractfile(name)
    assert opened
    return opened


def test_transfer_is_what_the_manifest_lists(engine: Engine, tag: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY file /a\nCOPY file /b\nCMD ["/a"]\n', "utf-8")
    (tmp_path / "file").write_bytes(os.urandom(100_000) + bytes(100_000))
    engine.docker("build", "-q", "-t", tag, str(tmp_path))
    measures = measure(f"docker-daemon:{tag}")
    if engine.store == "overlay2":
        assert measures.transfer is None
    else:
        assert measures.transfer == listed(engine.docker("save", tag).stdout)
    assert (measures.flattened, measures.waste) == (400_000, 0)


def listed(saved: bytes) -> int:
    """Bytes of the blobs that the one image manifest in an archive lists."""
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        small = [
            file(archive, entry.name).read() for entry in archive if entry.isreg() and entry.size < 10_000
        ]
    documents = [json.loads(data) for data in small if data.startswith(b"{")]
    manifests = [document for document in documents if isinstance(document.get("layers"), list)]
    (image,) = [manifest for manifest in manifests if "in-toto" not in json.dumps(manifest["layers"])]
    return sum(blob["size"] for blob in [image["config"], *image["layers"]])


def test_no_such_image(tag: str) -> None:
    with pytest.raises(ImageError, match=r"^the engine at \S+ has no such image$"):
        measure(f"docker-daemon:{tag}")


# --- the table of stacks, on what engines make of it ----------------------------------------------------


def rooted(text: str, folder: str) -> str:
    """A layer with every path below a folder."""
    words = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        path, arrow, target = word.partition(" = ")
        words.append(f"{folder}/{path}{arrow}{folder + '/' if arrow else ''}{target}")
    return ", ".join(words)


def together(stacks: Sequence[Stack]) -> list[bytes]:
    """One image of many stacks, each in a folder of its own."""
    depth = max(len(stack.layers) for stack in stacks)
    rows = [[*stack.layers, *[""] * (depth - len(stack.layers))] for stack in stacks]
    return [
        layer(", ".join(filter(None, (rooted(row[number], f"s{at}") for at, row in enumerate(rows)))))
        for number in range(depth)
    ]


def needs_the_root(stack: Stack) -> bool:
    text = ", ".join(stack.layers)
    return any(part in text for part in ("= /", "-> /", "../..", "aufs", "plnk")) or ".wh..wh..opq" in {
        word.strip() for word in text.split(",")
    }


def test_engines_show_what_the_table_says(engine: Engine, tag: str) -> None:
    stacks = [stack for stack in STACKS if engine.store in stack.engines and not needs_the_root(stack)]
    assert len(stacks) > 30
    content = files(classic(together(stacks), names=[tag]))
    engine.docker("load", data=content)
    seen: Counter[str] = Counter()
    for name, size in engine.seen(tag).items():
        seen[name.partition("/")[0]] += size
    shown = {stack.name: seen[f"s{number}"] for number, stack in enumerate(stacks)}
    assert shown == {stack.name: stack.flattened for stack in stacks}


@pytest.mark.parametrize(
    "stack", [stack for stack in STACKS if needs_the_root(stack) or len(stack.engines) < 2], ids=str
)
def test_engine_unpacks_it_or_not(stack: Stack, engine: Engine, tag: str) -> None:
    content = files(classic([layer(text) for text in stack.layers], names=[tag]))
    loaded = engine.docker("load", data=content, check=False)
    created = engine.docker("create", tag, "true", check=False)
    try:
        if loaded.returncode == created.returncode == 0:
            shown: int | None = sum(engine.seen(tag).values())
        else:
            shown = None
    finally:
        engine.docker("rm", "-f", created.stdout.decode().strip() or "none", check=False)
    if engine.store in stack.engines:
        assert shown == stack.flattened
    else:
        assert shown != stack.flattened
