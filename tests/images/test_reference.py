from __future__ import annotations

from pathlib import Path

import pytest

from imgtool.images.reference import ARCHIVE, DAEMON, Reference, parse


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("image", "debian", "with:colon.tar"):
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
        ("\0", Reference("", DAEMON, "\0", guessed=True)),
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
