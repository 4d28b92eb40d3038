"""What the command says where nothing is built; what it builds is in tests/e2e."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import classic, files, layer

from imgtool.cli.start import run

_ARCHIVES = {"b.tar": ["x 10, y 50000"], "c.tar": ["x 10"], "w.tar": ["x 10, y 50000", ".wh.y"]}


# the docker package leaves the socket of an engine that does not answer to the collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    # nothing answers there
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    for name, layers in _ARCHIVES.items():
        content = classic([layer(text) for text in layers], names=(f"{name}:latest",))
        (tmp_path / name).write_bytes(files(content))
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    (tmp_path / "broken.tar").write_bytes(files({"manifest.json": b"{"}))
    yield
    gc.collect()


def exit_code(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run(["verify", *words])
    return ended.value.code or 0


@pytest.mark.parametrize(
    "words, code",
    [
        # less to unpack, and the same to be seen
        (("w.tar", "c.tar"), 1),
        (("b.tar", "b.tar"), 1),
        (("b.tar", "c.tar"), 1),
        (("b.tar", "c.tar", "--drop", "/y"), 0),
        (("b.tar", "c.tar", "--drop", "/y", "--min-gain", "99%"), 1),
        # asked for, and not to be had
        (("b.tar", "c.tar", "--drop", "/y", "--run", "true"), 3),
        (("b.tar", "c.tar", "--drop", "/y", "--start"), 3),
        (("broken.tar", "b.tar"), 3),
        (("b.tar", "broken.tar"), 3),
        (("b.tar", "nowhere.tar"), 3),
        # no engine answers
        (("Dockerfile", "b.tar"), 3),
        (("b.tar", "Dockerfile"), 3),
        (("docker-daemon:x", "b.tar"), 3),
        # wrong usage
        (("b.tar",), 2),
        ((), 2),
        (("b.tar", "c.tar", "--min-gain", "a lot"), 2),
        (("b.tar", "c.tar", "--min-gain", "100%"), 2),
        (("b.tar", "c.tar", "--ignore-output", "("), 2),
        (("b.tar", "c.tar", "--no-network", "--network", "host"), 2),
        (("b.tar", "c.tar", "--platform", "nonsense"), 2),
        (("b.tar", "c.tar", "--build-arg", "=x"), 2),
        (("containers-storage:x", "c.tar"), 2),
    ],
)
def test_exit_codes(words: tuple[str, ...], code: int) -> None:
    assert exit_code(*words) == code


def test_reasons_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("Dockerfile", "b.tar") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "this builds and runs the project's own code" in err
    assert "not established: the engine does not build" in err


def test_json_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("b.tar", "c.tar", "--drop", "/y", "--format", "json") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["before"]["reference"] == "b.tar"
    assert (made["equivalent"], made["smaller"]) == (True, True)


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code("b.tar", "c.tar", "--format", "markdown")
    assert capsys.readouterr().out.startswith("### b.tar and c.tar: not equivalent (files), smaller\n")


def test_a_terminal_sees_one_line_that_is_taken_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    exit_code("b.tar", "c.tar")
    err = capsys.readouterr().err
    assert "comparing: libraries" in err
    assert err.endswith("\r\x1b[K")
