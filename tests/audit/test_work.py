from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from archives import classic, files, layer

from imgtool.audit import items, work
from imgtool.audit.items import Item
from imgtool.lint.batch import Request

FAULTY = "FROM debian:bookworm\nMAINTAINER somebody\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def dockerfile(text: str | bytes = FAULTY, name: str = "Dockerfile", **settings: Any) -> Item:
    data = text if isinstance(text, bytes) else text.encode()
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(data)
    (item,) = items.dockerfiles([Path(name)], Request(shellcheck=False, **settings))
    return item


def image(name: str = "app.tar") -> Item:
    (item,) = items.images([name], Request())
    return item


def result(item: Item) -> work.Record:
    record = work.examine(item)
    record.item.pop("seconds")
    return record


def test_a_function_of_the_item_alone() -> None:
    item = dockerfile("FROM debian:bookworm\nCOPY . .\n")
    first = result(item)
    # whatever lies beside the file, and wherever the work is done
    Path(".env").write_text("TOKEN=1")
    Path("Dockerfile").unlink()
    assert result(pickle.loads(pickle.dumps(item))) == first  # noqa: S301 - our own
    assert result(dockerfile("FROM debian:bookworm\nCOPY . .\n")) == first


def test_keys_know_what_a_result_depends_on() -> None:
    item = dockerfile()
    assert dockerfile().key == item.key
    others = [
        dockerfile(FAULTY + "\n"),
        dockerfile(name="a/Dockerfile"),
        dockerfile(profile="all"),
        dockerfile(build_args={"A": "1"}),
    ]
    assert len({item.key, *(other.key for other in others)}) == 5


def test_keys_of_archives_know_their_size_and_time() -> None:
    before = image().key
    Path("app.tar").write_bytes(b"1")
    os.utime("app.tar", ns=(1, 1))
    first = image().key
    assert image().key == first
    os.utime("app.tar", ns=(1, 2))
    assert len({before, first, image().key}) == 3


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("app:latest", True),
        ("docker-archive:app.tar", True),
        ("file.tar", True),
        ("layout", True),
        ("folder", False),
        ("Dockerfile", False),
        ("nothing", True),
        ("./nothing.tar", True),
        ("/nothing.tar:app", True),
        ("./nothing", False),
        ("nothing/", False),
        ("../nothing/Dockerfile", False),
    ],
)
def test_words_that_name_images(word: str, *, expected: bool) -> None:
    Path("folder").mkdir()
    Path("layout").mkdir()
    for name in ("layout/oci-layout", "file.tar", "Dockerfile"):
        Path(name).touch()
    assert items.is_image(word) == expected


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nothing.tar", "no such file"),
        ("docker-archive:", "names no image"),
        ("folder.tar", "it is a folder"),
    ],
)
def test_images_that_are_none(name: str, error: str) -> None:
    Path("folder.tar").mkdir()
    row = result(image(name)).item
    assert (row["status"], error in row["error"]) == ("failed", True), row


def test_a_platform_that_is_none() -> None:
    Path("app.tar").write_bytes(files(classic([layer("a 3")])))
    (item,) = items.images(["app.tar"], Request(), "what")
    row = result(item).item
    assert (row["status"], "what" in row["error"]) == ("failed", True)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("PASSWORD=hunter2"), "RuntimeError, a defect of imgtool"),
    ],
)
def test_what_goes_wrong_is_a_row(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(work, "part", fail)
    record = result(dockerfile())
    assert (record.item["status"], record.item["error"], record.findings) == ("failed", said, ())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_and_texts_that_are_not_utf_8() -> None:
    item = dockerfile(b"FROM debian:bookworm\nMAINTAINER \xff\xfe\n", os.fsdecode(b"\xff/Dockerfile"))
    record = result(item)
    assert (record.item["status"], record.item["path"]) == ("ok", "\N{REPLACEMENT CHARACTER}/Dockerfile")
    str(record).encode()


def test_a_file_that_is_not_there() -> None:
    (item,) = items.dockerfiles([Path("nothing/Dockerfile")], Request())
    assert result(item).item["error"] == "no such file or folder"
