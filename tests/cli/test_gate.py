from __future__ import annotations

import json
from pathlib import Path

import pytest
from archives import layer, pair

from imgtool.cli.start import run

BASE, HEAD = [layer("a 100000")], [layer("a 100000"), layer("b 20000, a 100000")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in pair(BASE, HEAD).items():
        (tmp_path / name).write_bytes(data)


def exit_code(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run(["gate", *words])
    return ended.value.code or 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        # unpacked grows by 122,880 bytes over 102,400
        (["base.tar", "base.tar", "--max-growth", "0"], 0),
        (["base.tar", "head.tar", "--max-growth", "5%"], 1),
        (["head.tar", "base.tar", "--max-growth", "5%"], 0),
        (["base.tar", "head.tar", "--max-growth", "122.88kB"], 0),
        (["base.tar", "head.tar", "--max-growth", "122.87kB"], 1),
        (["base.tar", "head.tar", "--max-growth", "120KiB"], 0),
        (["base.tar", "head.tar", "--max-growth", "1GB", "--max-growth", "5%"], 1),
        (["base.tar", "head.tar", "--max-growth", "1GB", "--max-growth", "120%"], 0),
        (["base.tar", "head.tar", "--max-size", "200kB"], 1),
        (["base.tar", "head.tar", "--max-size", "1MB"], 0),
        (["base.tar", "head.tar", "--max-size", "1MB", "--max-growth", "5%"], 1),
        # what a later layer copies is not seen in the end
        (["base.tar", "head.tar", "--max-growth", "20kB", "--measure", "flattened"], 0),
        (["base.oci.tar", "head.oci.tar", "--max-growth", "1MB", "--measure", "transfer"], 0),
        (["base.oci.tar", "head.oci.tar", "--max-growth", "0", "--measure", "transfer"], 1),
        # one source knows what a pull moves, the other does not
        (["base.tar", "head.oci.tar", "--max-growth", "1GB"], 0),
        (["base.tar", "head.oci.tar", "--max-growth", "1GB", "--measure", "transfer"], 3),
        (["base.tar", "arm.tar", "--max-growth", "1GB"], 3),
        (["missing.tar", "head.tar", "--max-growth", "1GB"], 3),
        (["base.tar", "missing.tar", "--max-growth", "1GB"], 3),
        (["base.tar", "head.tar"], 2),
        (["base.tar", "--max-growth", "5%"], 2),
        (["base.tar", "head.tar", "--max-growth", "5"], 2),
        (["base.tar", "head.tar", "--max-size", "5%"], 2),
        (["base.tar", "head.tar", "--max-growth", "5%", "--measure", "waste"], 2),
        (["base.tar", "head.tar", "--max-growth", "5%", "--platform", "arm"], 2),
    ],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_exit_codes(words: list[str], code: int, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(*words, "--format", output) == code
    said = capsys.readouterr()
    assert bool(said.out) == (code != 2)
    if code != 2 and output == "json":
        assert json.loads(said.out)["within"] == (code == 0)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--max-size", "5%", "--max-size: '5%' is a share, and not a size: write a number with B, kB,"),
        ("--max-growth", "5", "--max-growth: '5' is no size: write a number with %, B, kB,"),
        ("--max-growth", "-5%", "--max-growth: '-5%' is no size: write a number with %, B,"),
        ("--max-waste", "x", "--max-waste: 'x' is no size: write a number with %, B,"),
        ("--noise-floor", "1%", "--noise-floor: '1%' is a share, and not a size: write a number with B,"),
        ("--max-layers", "0", "--max-layers: 0 is no number of layers: an image has 1 at least"),
        ("--platform", "arm", "--platform: 'arm' is no platform"),
    ],
)
def test_the_option_that_is_wrong_is_named(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("base.tar", f"{option}={value}") == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_missing_base_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("missing.tar", "head.tar", "--max-growth", "1GB") == 3
    assert "missing.tar cannot be measured: no such file" in capsys.readouterr().err


def test_why_not_comparable(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("base.tar", "arm.tar", "--max-growth", "1GB") == 3
    assert "not comparable: linux/amd64 and linux/arm64 are two platforms" in capsys.readouterr().err
