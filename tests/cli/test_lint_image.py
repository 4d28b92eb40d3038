"""``imgtool lint --image`` from words to exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archives import classic, files, member, pack

from imgtool.cli.lint_call import LintFormat

Imgtool = Callable[..., Any]

DOCKERFILE = "FROM debian:trixie\nCOPY lists /var/lib/apt/lists\nENV CUDA_VISIBLE_DEVICES=1\n"
HISTORY = [
    {"created_by": "/bin/sh -c #(nop) ADD file:0123456789 in / "},
    {"created_by": "COPY lists /var/lib/apt/lists # buildkit"},
    {"created_by": "ENV CUDA_VISIBLE_DEVICES=1", "empty_layer": True},
]


@pytest.fixture
def image(here: Path) -> str:
    layers = [pack([member("a", b"x")]), pack([member("var/lib/apt/lists/x", bytes(2_000_000))])]
    config = {"Env": ["CUDA_VISIBLE_DEVICES=1"]}
    (here / "app.tar").write_bytes(files(classic(layers, history=HISTORY, config=config)))
    (here / "Dockerfile").write_text(DOCKERFILE)
    return "docker-archive:app.tar"


def rows(done: Any) -> list[tuple[str, str, int]]:
    return [(row["file"], row["code"], row["line"]) for row in json.loads(done.out)]


def test_text(imgtool: Imgtool, image: str) -> None:
    done = imgtool("lint", "--image", image)
    assert done.code == 1
    assert done.out.startswith(f"{image}:2:1: IMG204 warning: Package cache kept in a layer: ")
    assert "    2 | COPY lists /var/lib/apt/lists\n" in done.out
    assert "saves about 2.0 MB" in done.out
    assert done.err == "imgtool: 2 findings\n"


def test_lines_of_the_dockerfile(imgtool: Imgtool, image: str) -> None:
    done = imgtool("lint", "--image", image, "--dockerfile", "Dockerfile", "--format", "json")
    assert rows(done) == [("Dockerfile", "IMG204", 2), ("Dockerfile", "IMG117", 3)]
    assert done.code == 1


def test_what_is_not_told_by_the_dockerfile(imgtool: Imgtool, image: str, here: Path) -> None:
    (here / "Dockerfile").write_text("FROM debian:trixie\nCOPY other /x\nENV CUDA_VISIBLE_DEVICES=1\n")
    done = imgtool("lint", "--image", image, "--dockerfile", "Dockerfile", "--format", "json")
    assert rows(done) == [("Dockerfile", "IMG117", 3), (image, "IMG204", 2)]
    said = "not every line of Dockerfile is known: its history has another COPY than line 2"
    assert done.err == f"imgtool: {image}: {said}\n"


@pytest.mark.parametrize(
    "words, codes, code",
    [
        (["--select", "IMG117"], ["IMG117"], 1),
        (["--ignore", "IMG117,package-cache-kept"], [], 0),
        (["--fail-on", "error"], ["IMG204", "IMG117"], 0),
        (["--profile", "hadolint"], [], 0),
    ],
)
def test_rules_are_chosen_as_for_files(
    words: list[str], codes: list[str], code: int, imgtool: Imgtool, image: str
) -> None:
    done = imgtool("lint", "--image", image, "--format", "json", *words)
    assert ([row[1] for row in rows(done)], done.code) == (codes, code)


def test_the_configuration_counts(imgtool: Imgtool, image: str, here: Path) -> None:
    (here / "imgtool.toml").write_text('[lint]\nignore = ["IMG117"]\n[lint.severity]\nIMG204 = "info"\n')
    done = imgtool("lint", "--image", image, "--format", "json")
    assert [(row["code"], row["severity"]) for row in json.loads(done.out)] == [("IMG204", "info")]
    assert len(rows(imgtool("lint", "--image", image, "--format", "json", "--isolated"))) == 2


@pytest.mark.parametrize("output", [one for one in LintFormat if one is not LintFormat.TEXT])
def test_every_format(output: str, imgtool: Imgtool, image: str) -> None:
    done = imgtool("lint", "--image", image, "--format", output)
    assert "IMG204" in done.out
    assert done.code == 1


def test_a_baseline(imgtool: Imgtool, image: str) -> None:
    words = ("lint", "--image", image, "--baseline", "known.json")
    assert imgtool(*words, "--update-baseline").code == 0
    assert imgtool(*words).code == 0


def test_an_image_that_cannot_be_read_is_3_and_the_others_are_linted(imgtool: Imgtool, image: str) -> None:
    done = imgtool("lint", "--image", "docker-archive:none.tar", "--image", image, "--format", "json")
    assert [row[1] for row in rows(done)] == ["IMG204", "IMG117"]
    assert done.code == 3
    done = imgtool("lint", "--image", "docker-archive:none.tar")
    assert (done.code, done.out) == (3, "")
    assert done.err == "imgtool: docker-archive:none.tar cannot be measured: no such file\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--image", "docker-archive:app.tar", "Dockerfile"],
        ["--image", "docker-archive:app.tar", "--fix"],
        ["--image", "docker-archive:app.tar", "--diff"],
        ["--image", "docker-archive:app.tar", "--platform", "/"],
        ["--image", "docker-archive:app.tar", "--dockerfile", "none"],
        ["--image", "docker-archive:app.tar", "--dockerfile", "Dockerfile", "--stage", "nowhere"],
        ["--image", ""],
        ["--platform", "linux/amd64"],
        ["--dockerfile", "Dockerfile"],
    ],
)
def test_wrong_usage(words: list[str], imgtool: Imgtool, image: str) -> None:
    assert imgtool("lint", *words).code == 2, image


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("app.tar", True),
        ("large.tar", True),
        ("layout", True),
        ("nothing.tar.gz", True),
        ("app:latest", True),
        ("docker-daemon:app", True),
        ("ghcr.io/me/app@sha256:" + "0" * 64, True),
        ("nothing", False),
        ("nothing/Dockerfile", False),
        ("Dockerfile", False),
        ("folder", False),
        (".", False),
    ],
)
def test_an_image_where_files_stand(
    imgtool: Imgtool, image: str, here: Path, word: str, is_one: bool
) -> None:
    assert image
    (here / "large.tar").write_bytes(bytes(5_000_000))
    for name in ("layout", "folder"):
        (here / name).mkdir()
    (here / "layout/oci-layout").touch()
    hint = f"imgtool: {word} looks like an image: imgtool lint --image {word}\n"
    assert (hint in imgtool("lint", word).err) == is_one


def test_what_was_not_read_is_not_called_clean(imgtool: Imgtool, here: Path) -> None:
    (here / "large.tar").write_bytes(bytes(5_000_000))
    (here / "Dockerfile").write_text("FROM scratch\nCOPY a /\nUSER 1\n")
    alone, both = imgtool("lint", "large.tar"), imgtool("lint", "large.tar", "Dockerfile", "--isolated")
    assert (alone.code, "no findings" in alone.err) == (2, False)
    assert (both.code, "imgtool: no findings in 1 file\n" in both.err) == (2, True), both.err
