"""``imgtool init``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imgtool.config import load
from imgtool.lint import hadolint_config
from imgtool.lint.settings import LintSettings, settings

Imgtool = Callable[..., Any]


def test_the_template_says_what_is_so_without_it(imgtool: Imgtool, here: Path) -> None:
    done = imgtool("init")
    assert (done.code, done.out, done.err) == (0, ".imgtool.toml\n", "")
    found = settings(load(here / ".imgtool.toml"))
    assert found.profile == LintSettings().profile
    assert found.fail_on == LintSettings().fail_on


def test_what_the_template_leaves_out_can_be_put_in(imgtool: Imgtool, here: Path) -> None:
    imgtool("init")
    path = here / ".imgtool.toml"
    path.write_text(re.sub(r"^# (?=\S+ = )", "", path.read_text(), flags=re.MULTILINE))
    found = settings(load(path))
    assert found.context == here
    assert "IMG201" in found.severities


FULL = """
ignored: [DL3008]
failure-threshold: error
format: json
trustedRegistries: ["*.io"]
label-schema: {org.opencontainers.image.title: text, 'a "b" \\c': url}
override: {info: [DL3016]}
disable-ignore-pragma: true
"""


@pytest.mark.parametrize("name", [".hadolint.yaml", ".hadolint.yml", "ci/h.yml"])
def test_from_hadolint(imgtool: Imgtool, here: Path, name: str) -> None:
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text(FULL)
    done = imgtool("init", "--from-hadolint", *([name] if "/" in name else []))
    assert (done.code, done.out) == (0, ".imgtool.toml\n")
    assert done.err == f"imgtool: {name}: left out: format: --format\n"
    # reading either is the same
    ours, theirs = settings(load(here / ".imgtool.toml")), settings(hadolint_config.load(here / name))
    assert replace(ours, exclude=()) == replace(theirs, exclude=())
    assert tomllib.loads((here / ".imgtool.toml").read_text())["lint"]["profile"] == "all"


# --- (files that are there, words, what the error says) ---
REFUSED: list[tuple[dict[str, str], list[str], str]] = [
    ({".imgtool.toml": ""}, [], ".imgtool.toml: is the configuration here already; --force replaces it"),
    (
        {"imgtool.toml": ""},
        [],
        "imgtool.toml: is the configuration here already, which .imgtool.toml would hide",
    ),
    ({"pyproject.toml": "[tool.imgtool]\n"}, ["--force"], "which .imgtool.toml would hide"),
    (
        {".hadolint.yml": "ignored: [DL3008]"},
        ["--force"],
        ".hadolint.yml: is the configuration here already, which .imgtool.toml would hide; --from-hadolint",
    ),
    ({}, ["--from-hadolint"], ".hadolint.yaml: is not here"),
    ({}, ["--from-hadolint", "x.yaml"], "x.yaml: cannot be read"),
    ({}, ["x.yaml"], "FILE is for --from-hadolint"),
    ({".hadolint.yaml": "ignored: 1"}, ["--from-hadolint"], "ignored: must be a list of strings"),
]


@pytest.mark.parametrize("files, words, message", REFUSED)
def test_refused(imgtool: Imgtool, here: Path, files: dict[str, str], words: list[str], message: str) -> None:
    for name, text in files.items():
        (here / name).write_text(text)
    done = imgtool("init", *words)
    assert (done.code, done.out) == (2, "")
    assert message in re.sub(r"\s+", " ", done.err)
    assert {p.name: p.read_text() for p in here.iterdir()} == files


def test_force_replaces_our_own(imgtool: Imgtool, here: Path) -> None:
    (here / ".imgtool.toml").write_text("[lint]\nignore = ['IMG001']\n")
    # which does not count beside it
    (here / ".hadolint.yaml").write_text("ignored: [DL3008]\n")
    assert imgtool("init", "--force").code == 0
    assert settings(load(here / ".imgtool.toml")).ignore == ()


def test_a_hadolint_file_that_does_not_count_is_no_obstacle(imgtool: Imgtool, here: Path) -> None:
    (here.parent / "imgtool.toml").write_text("")
    (here / ".hadolint.yaml").write_text("ignored: [DL3008]\n")
    assert imgtool("init").code == 0


def test_a_pyproject_of_others_is_no_obstacle(imgtool: Imgtool, here: Path) -> None:
    (here / "pyproject.toml").write_text("[project]\n")
    (here.parent / "imgtool.toml").write_text("")
    assert imgtool("init").code == 0
