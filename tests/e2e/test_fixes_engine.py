"""A Dockerfile and the same with all safe fixes, built: equal configuration, equal files, package caches and logs aside."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.lint import registry
from imgtool.lint.fixer import FixResult, fix
from imgtool.lint.runner import lint

pytestmark = pytest.mark.engine

SYSTEM = """\
FROM debian:bookworm as Base
MAINTAINER Some Body
ENV GREETING Hello  big "world" \\
    of images
ENV PATH /opt/bin:$PATH
label note some text
# who works here
RUN groupadd -g 2000 crew
# one of them
RUN useradd -u 2000 -g 2000 -M worker
ADD app/main.py /srv/first/
COPY app/ /app/
RUN chown -R 2000:2000 /app
WORKDIR /srv/second
COPY app/ .
RUN chmod -R 750 /srv/second
RUN apt-get update && apt-get install -y less
RUN rm -rf /var/lib/apt/lists/*
RUN apt-get update && \\
    # no answer is asked for where nothing else comes with it
    apt-get install tree
EXPOSE 80/TCP 127.0.0.1:8080:81
VOLUME /data
HEALTHCHECK --interval=5s CMD true
FROM base
COPY --from=Base /app/ /copied/
RUN chown -R worker:crew /copied
STOPSIGNAL SIGINT
CMD ["sh", "-c", "echo $GREETING"]
"""
PYTHON = """\
FROM python:3.11
RUN pip install six
RUN mkdir /made
RUN ln -s /made /linked
RUN touch /made/file
RUN <<EOF
set -e
cd /made
# the tools
pip install idna
touch there
EOF
RUN cd /made && touch first
RUN export A=b && echo $A > /made/second
RUN echo "${A:-none}" > /made/third
workdir /srv
CMD python -c "import six"
"""
# (Dockerfile, the rules whose fixes it shows)
BUILT = {
    "system": (
        SYSTEM,
        "BK001 BK002 BK004 BK013 BK021 BK022 DL3014 DL3020 IMG201 IMG202 IMG203 IMG204",
    ),
    "python": (PYTHON, "BK004 IMG201 IMG204"),
}
CONTEXT = {"app/main.py": "print(1)\n", "app/below/data.txt": "data\n", "app/run.sh": "#!/bin/sh\n"}
# what the house lets a safe fix change, and what every build writes anew
CACHES = re.compile(r"var/lib/apt/lists/.|var/cache/(?:apt|ldconfig)/.|var/log/.|root/\.cache(?:/|\Z)")


def docker(*words: str, data: bytes | None = None) -> bytes:
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(["docker", *words], input=data, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return done.stdout


@pytest.fixture
def images() -> Iterator[list[str]]:
    made: list[str] = []
    yield made
    for image in made:
        subprocess.run(["docker", "image", "rm", "-f", image], capture_output=True, check=False)


def mended(data: bytes, dockerfile: Path) -> FixResult:
    rules = [registry.load(entry) for entry in registry.index()]
    dockerfile.write_bytes(data)
    return fix(data, lambda current: lint(current, "Dockerfile", rules, FactOptions(dockerfile=dockerfile)))


def built(data: bytes, context: Path, images: list[str]) -> str:
    # the host's network: the build reaches package registries through it
    made = docker("build", "--network", "host", "-q", "-f", "-", str(context), data=data)
    images.append(made.decode().strip())
    return images[-1]


def config(image: str) -> Mapping[str, Any]:
    (found,) = json.loads(docker("image", "inspect", image))
    return {"author": found.get("Author"), "platform": found["Architecture"], **found["Config"]}


def files(image: str) -> dict[str, tuple[object, ...]]:
    """What a container of the image would see: kind, rights, owner and content of every file."""
    container = docker("create", image, "true").decode().strip()
    try:
        exported = docker("export", container)
    finally:
        docker("rm", "-f", container)
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        return {m.name: _seen(archive, m) for m in archive if not CACHES.match(m.name)}


def _seen(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    content = archive.extractfile(member) if member.isreg() else None
    # compiled modules hold the time of their source
    digest = hashlib.sha256(content.read()).digest() if content and not member.name.endswith(".pyc") else b""
    return member.type, member.mode, member.uid, member.gid, member.linkname, digest


@pytest.mark.parametrize("name", BUILT)
def test_safe_fixes_build_the_same_image(name: str, tmp_path: Path, images: list[str]) -> None:
    for path, text in CONTEXT.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    dockerfile, shown = BUILT[name]
    done = mended(dockerfile.encode(), tmp_path / "Dockerfile")
    assert done.converged
    assert set(shown.split()) <= set(done.fixed), (set(shown.split()) - set(done.fixed), done.data.decode())
    before, after = (built(data, tmp_path, images) for data in (dockerfile.encode(), done.data))
    assert config(before) == config(after)
    was, now = files(before), files(after)
    assert {
        path: (was.get(path), now.get(path)) for path in {*was, *now} if was.get(path) != now.get(path)
    } == {}
