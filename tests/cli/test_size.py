from __future__ import annotations

import gc
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from archives import classic, files, layer, oci

from imgtool.cli.start import run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # nothing answers there
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (tmp_path / "a.tar").write_bytes(files(classic([layer("a 3000"), layer(".wh.a")])))
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(files(oci([layer("a 3000")]))))
    (tmp_path / "broken.tar").write_bytes(b"garbage" * 100)


def exit_code(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run(words)
    return ended.value.code or 0


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "a.tar") == 0
    said = capsys.readouterr()
    assert said.out.startswith("a.tar  (docker-archive, linux/amd64)\n")
    assert said.err == "imgtool: reading a.tar as docker-archive:a.tar\n"


def test_json_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "--format", "json", "docker-archive:a.tar", "docker-archive:b.tar.gz") == 0
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert [(row["reference"], row["flattened"], row["waste"]) for row in rows] == [
        ("docker-archive:a.tar", 0, 3000),
        ("docker-archive:b.tar.gz", 3000, 0),
    ]
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["broken.tar"], "broken.tar cannot be measured: a header holds "),
        (["missing.tar"], "missing.tar cannot be measured: no such file"),
        (["Makefile"], "Makefile cannot be measured: no such file"),
        (["."], ". cannot be measured: it is a folder"),
        (["/dev/null"], "/dev/null cannot be measured: it is a device"),
        (
            ["a.tar:other"],
            "a.tar:other cannot be measured: it holds image:latest (linux/amd64), and not other",
        ),
        (["app:latest"], "app:latest cannot be measured: no such file, and the engine at unix:///"),
        (["docker-daemon:app"], "docker-daemon:app cannot be measured: the engine at unix:///"),
        (
            ["a.tar", "--platform", "linux/arm64"],
            "a.tar cannot be measured: it holds image:latest (linux/amd64), and",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_not_measurable(words: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", *words, "--format", "json") == 3
    # the docker package leaves the socket of an engine that does not answer to the collector
    gc.collect()
    said = capsys.readouterr()
    assert said.out == "[]\n"
    assert said.err.splitlines()[-1].startswith(f"imgtool: {reason}")


def test_what_can_be_measured_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "broken.tar", "a.tar", "--format", "json") == 3
    assert [row["reference"] for row in json.loads(capsys.readouterr().out)] == ["a.tar"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["docker-archive:"],
        ["oci:foo"],
        ["a.tar", "--platform", "arm"],
        ["a.tar", "--format", "xml"],
        ["--nope"],
    ],
)
def test_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", *words) == 2
    assert "Usage: imgtool size" in capsys.readouterr().err


def test_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.tar").write_bytes(files(classic([layer("a 3000")]) | {"0/layer.tar": layer("b 3000")}))
    assert exit_code("size", "a.tar") == 0
    assert exit_code("size", "--verify", "a.tar") == 3
    assert "is not what the configuration names" in capsys.readouterr().err


def test_an_archive_cannot_move_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.tar").write_bytes(files({"manifest.json": b'[{"Config": "\\u001b[2J"}]'}))
    assert exit_code("size", "a.tar") == 3
    said = capsys.readouterr()
    assert "\x1b" not in said.err + said.out


def test_progress_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("imgtool.cli.images._REDRAW_SECONDS", 0)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def reconfigure(self, **_: object) -> None:
            pass

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert exit_code("size", "b.tar.gz") == 0
    shown = terminal.getvalue()
    assert "\r\x1b[Kreading b.tar.gz: " in shown
    assert shown.endswith("\r\x1b[K")
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["size", "gate"])
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(command, "--help") == 0
    said = capsys.readouterr().out
    assert "Examples:\n    imgtool" in said
    assert "Exit code:" in said


def test_an_archive_costs_no_import_that_only_engines_need() -> None:
    program = (
        "import sys; from imgtool.cli.start import run\n"
        "try: run(['size', 'docker-archive:a.tar'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not loaded & {
        "docker",
        "requests",
        "urllib3",
        "rich",
        "yaml",
        "asyncio",
        "pydantic",
        "importlib.metadata",
    }
    assert not loaded & {"imgtool.syntax.parser", "imgtool.lint.runner", "imgtool.cli.gate"}
