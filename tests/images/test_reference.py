from __future__ import annotations

from pathlib import Path

import pytest

from imgtool.images import reference
from imgtool.images.reference import (
    ARCHIVE,
    DAEMON,
    KINDS,
    LAYOUT,
    OCI_ARCHIVE,
    REGISTRY,
    Reference,
    parse,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    for name in ("image", "debian", "with:colon.tar", "two.tar", "oci:file"):
        (tmp_path / name).touch()
    (tmp_path / "ubuntu").mkdir()
    for name in ("layout", "with:colon", "at@sign"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "oci-layout").touch()


DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker-archive:image", Reference("", ARCHIVE, "image")),
        ("docker-archive:image:app:1", Reference("", ARCHIVE, "image", "app:1")),
        ("docker-archive:with:colon.tar", Reference("", ARCHIVE, "with:colon.tar")),
        (
            "docker-archive:with:colon.tar:host:5000/app:1",
            Reference("", ARCHIVE, "with:colon.tar", "host:5000/app:1"),
        ),
        ("docker-archive:missing.tar", Reference("", ARCHIVE, "missing.tar")),
        ("docker-archive:missing.tar:app:1", Reference("", ARCHIVE, "missing.tar:app:1")),
        ("docker-daemon:image", Reference("", DAEMON, "image")),
        ("docker-daemon:host:5000/app@sha256:1", Reference("", DAEMON, "host:5000/app@sha256:1")),
        ("image", Reference("", ARCHIVE, "image", guessed=True)),
        ("./missing", Reference("", ARCHIVE, "./missing", guessed=True)),
        ("/missing", Reference("", ARCHIVE, "/missing", guessed=True)),
        ("missing.tar", Reference("", ARCHIVE, "missing.tar", guessed=True)),
        ("missing.tar.gz", Reference("", ARCHIVE, "missing.tar.gz", guessed=True)),
        ("ubuntu", Reference("", DAEMON, "ubuntu", guessed=True)),
        ("ubuntu:22.04", Reference("", DAEMON, "ubuntu:22.04", guessed=True)),
        # a file of that name is not what a tag says
        ("debian:bookworm", Reference("", DAEMON, "debian:bookworm", guessed=True)),
        ("host:5000/app", Reference("", DAEMON, "host:5000/app", guessed=True)),
        ("debian:bookworm:1", Reference("", ARCHIVE, "debian", "bookworm:1", guessed=True)),
        ("two.tar:latest", Reference("", ARCHIVE, "two.tar", "latest", guessed=True)),
        ("two.tar:python:3.11-slim", Reference("", ARCHIVE, "two.tar", "python:3.11-slim", guessed=True)),
        ("./image:app", Reference("", ARCHIVE, "./image", "app", guessed=True)),
        ("missing.tar:app", Reference("", ARCHIVE, "missing.tar:app", guessed=True)),
        # what no image can be called
        ("Makefile", Reference("", ARCHIVE, "Makefile", guessed=True)),
        ("app:", Reference("", ARCHIVE, "app:", guessed=True)),
        (".", Reference("", ARCHIVE, ".", guessed=True)),
        ("..", Reference("", ARCHIVE, "..", guessed=True)),
        ("folder/", Reference("", ARCHIVE, "folder/", guessed=True)),
        ("\0", Reference("", ARCHIVE, "\0", guessed=True)),
        ("a" * 5000 + ".tar", Reference("", ARCHIVE, "a" * 5000 + ".tar", guessed=True)),
        # and what one can
        ("ghcr.io/a/b__c-d.e:V1.0_x", Reference("", DAEMON, "ghcr.io/a/b__c-d.e:V1.0_x", guessed=True)),
        (f"a@sha256:{'0' * 64}", Reference("", DAEMON, f"a@sha256:{'0' * 64}", guessed=True)),
        (f"sha256:{'0' * 64}", Reference("", DAEMON, f"sha256:{'0' * 64}", guessed=True)),
        ("[::1]:5000/app", Reference("", DAEMON, "[::1]:5000/app", guessed=True)),
        ("Host:5000/app", Reference("", DAEMON, "Host:5000/app", guessed=True)),
        # a kind is meant, whatever file there is
        ("oci:file", Reference("", LAYOUT, "file")),
        ("docker-daemon:oci:latest", Reference("", DAEMON, "oci:latest")),
        # images of these names exist
        # kinds, their places told apart from names by what there is
        ("oci:layout", Reference("", LAYOUT, "layout")),
        ("oci:layout:app:1", Reference("", LAYOUT, "layout", "app:1")),
        ("oci:with:colon:host:5000/app", Reference("", LAYOUT, "with:colon", "host:5000/app")),
        (f"oci:layout@{DIGEST}", Reference("", LAYOUT, "layout", DIGEST)),
        (f"oci:layout:{DIGEST}", Reference("", LAYOUT, "layout", DIGEST)),
        (f"oci:layout:app@{DIGEST}", Reference("", LAYOUT, "layout", f"app@{DIGEST}")),
        ("oci:at@sign", Reference("", LAYOUT, "at@sign")),
        ("oci:missing:app", Reference("", LAYOUT, "missing:app")),
        ("oci-archive:two.tar:app", Reference("", OCI_ARCHIVE, "two.tar", "app")),
        ("registry:host:5000/app:1", Reference("", REGISTRY, "host:5000/app:1")),
        ("registry:app", Reference("", REGISTRY, "app")),
        (f"registry:app@{DIGEST}", Reference("", REGISTRY, f"app@{DIGEST}")),
        # a folder with a layout is meant, any other may have the name of an image
        ("layout", Reference("", LAYOUT, "layout", guessed=True)),
        ("./layout:app", Reference("", LAYOUT, "./layout", "app", guessed=True)),
        ("./ubuntu", Reference("", ARCHIVE, "./ubuntu", guessed=True)),
        ("layout:app", Reference("", DAEMON, "layout:app", guessed=True)),
        # images that are called like kinds
        ("registry:2", Reference("", DAEMON, "registry:2", guessed=True)),
        ("registry:latest", Reference("", DAEMON, "registry:latest", guessed=True)),
        ("registry:2.8.3", Reference("", DAEMON, "registry:2.8.3", guessed=True)),
        ("docker:24-dind", Reference("", DAEMON, "docker:24-dind", guessed=True)),
    ],
)
def test_parse(text: str, expected: Reference) -> None:
    read = parse(text)
    assert read.text == text
    assert (read.source, read.place, read.name, read.guessed) == (
        expected.source,
        expected.place,
        expected.name,
        expected.guessed,
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("podman:app:1", "read oci-archive:app.tar"),
        ("docker://app", "write registry:NAME"),
        ("containers-storage:app", "podman save"),
        ("dir:/x", "skopeo copy"),
        ("oci-dir:/x", "write oci:FOLDER"),
        ("containerd:app", "ctr images export"),
    ],
)
def test_kinds_that_are_not_covered(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"the kind {text.partition(':')[0]}: is not covered: .*{hint}"):
        parse(text)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_without_a_place(kind: str) -> None:
    with pytest.raises(ValueError, match=f"'{kind}:' names no image: write {kind}:"):
        parse(f"{kind}:")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("ghcr.io/a/b:1", REGISTRY),
        ("localhost/b", REGISTRY),
        ("host:5000/b", REGISTRY),
        ("[::1]:5000/b", REGISTRY),
        (f"ubuntu@{DIGEST}", REGISTRY),
        # Docker Hub, as likely as an engine that is not there
        ("ubuntu:22.04", DAEMON),
        ("library/ubuntu", DAEMON),
        (DIGEST, DAEMON),
    ],
)
def test_where_no_engine_is_to_be_seen(
    text: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "_ENGINES", (f"{tmp_path}/docker.sock",))
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    assert parse(text).source == source
    (tmp_path / "docker.sock").touch()
    assert parse(text).source == DAEMON
