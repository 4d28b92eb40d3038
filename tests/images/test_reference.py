from __future__ import annotations

from pathlib import Path

import pytest

from imgtool.images.reference import ARCHIVE, DAEMON, Reference, parse


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("image", "debian", "with:colon.tar", "two.tar", "oci:file"):
        (tmp_path / name).touch()
    (tmp_path / "ubuntu").mkdir()


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
        # a file of that name is meant, whatever kind it looks like
        ("oci:file", Reference("", ARCHIVE, "oci:file", guessed=True)),
        ("docker-daemon:oci:latest", Reference("", DAEMON, "oci:latest")),
        # images of these names exist
        ("registry:2", Reference("", DAEMON, "registry:2", guessed=True)),
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
    "text",
    [
        "oci:foo",
        "oci:",
        "oci-archive:image",
        "podman:app:1",
        "registry:host/app:1",
        "docker://app",
        "containers-storage:app",
        "dir:/x",
    ],
)
def test_kinds_that_are_not_covered(text: str) -> None:
    with pytest.raises(ValueError, match=f"the kind {text.partition(':')[0]}: is not covered"):
        parse(text)
