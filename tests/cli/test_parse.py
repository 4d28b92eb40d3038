from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imgtool.cli.app import build


def parse(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(build("parse"), ["parse", *arguments], input=stdin)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_bytes(b"FROM scratch\nCMD []\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "gpu.Dockerfile").write_bytes(b"FROM scratch\nRUNN x\n")
    (tmp_path / "notes.txt").write_bytes(b"FROM here\n")
    return tmp_path


def test_tree(folder: Path) -> None:
    found = parse(str(folder / "Dockerfile"))
    assert found.exit_code == 0
    assert found.stdout.endswith("Dockerfile\n  1  FROM scratch\n  2  └─ CMD []\n")


def test_a_folder_and_a_refusal(folder: Path) -> None:
    found = parse("--format", "jsonl", str(folder))
    records = [json.loads(line) for line in found.stdout.splitlines()]
    assert [Path(record["file"]).name for record in records] == ["Dockerfile", "gpu.Dockerfile"]
    assert "error" not in records[0]
    assert (records[1]["line"], records[1]["error"]) == (2, "unknown instruction: RUNN (did you mean RUN?)")
    assert found.exit_code == 1


def test_standard_input() -> None:
    found = parse("--format", "jsonl", "-", stdin=b"FROM a\n")
    assert json.loads(found.stdout)["file"] == "-"
    assert found.exit_code == 0


def test_what_is_not_there(folder: Path) -> None:
    found = parse(str(folder / "nothing"), str(folder / "Dockerfile"))
    assert found.exit_code == 2
    assert "FROM scratch" in found.stdout
    assert "nothing: no such file" in found.stderr


@pytest.mark.parametrize("arguments", [[], ["--format", "yaml", "-"]])
def test_usage(arguments: list[str]) -> None:
    assert parse(*arguments).exit_code == 2
