from __future__ import annotations

import json
from pathlib import Path

import pytest
from archives import layer, pair

from imgtool.cli.start import run

BASE, HEAD = [layer("a 100000")], [layer("a 100000"), layer("b 20000")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in pair(BASE, HEAD).items():
        (tmp_path / name).write_bytes(data)


def exit_code(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run(["compare", *words])
    return ended.value.code or 0


# --- (words, exit code) ---
ENDS = [
    (["base.tar", "base.tar"], 0),
    # the same layers, kept in two ways
    (["base.tar", "base.oci.tar"], 0),
    (["base.tar", "head.tar"], 1),
    (["head.tar", "base.tar"], 1),
    (["base.tar", "head.tar", "--top", "0"], 1),
    (["base.oci.tar", "head.oci.tar", "--measure", "transfer"], 1),
    (["base.tar", "head.oci.tar", "--measure", "transfer"], 3),
    (["base.tar", "arm.tar"], 3),
    (["missing.tar", "base.tar"], 3),
    (["base.tar", "missing.tar"], 3),
    (["base.tar"], 2),
    (["base.tar", "head.tar", "--measure", "waste"], 2),
    (["base.tar", "head.tar", "--top", "-1"], 2),
]


@pytest.mark.parametrize("words, code", ENDS)
@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_exit_codes(words: list[str], code: int, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(*words, "--format", output) == code
    assert bool(capsys.readouterr().out) == (code < 2)


def test_what_was_added(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code("base.tar", "head.tar", "--format", "json")
    assert json.loads(capsys.readouterr().out)["paths"]["changes"] == [
        {"name": "/b", "before": None, "after": 20_000, "growth": 20_000}
    ]


def test_why_not_comparable(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("base.tar", "arm.tar") == 3
    assert "not comparable: linux/amd64 and linux/arm64 are two platforms" in capsys.readouterr().err


def test_a_page_of_what_changed(tmp_path: Path) -> None:
    assert exit_code("base.tar", "head.tar", "--html", "page.html") == 1
    assert "base.tar → head.tar" in (tmp_path / "page.html").read_text("utf-8")
