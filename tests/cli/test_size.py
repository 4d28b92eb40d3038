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

from imgtool.cli import size
from imgtool.cli.start import run

ONLY = ("--measure", "transfer")


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
    assert said.out.startswith("a.tar  (docker-archive, linux/amd64, none)\n")
    assert said.err == "imgtool: reading a.tar as docker-archive:a.tar\n"


def test_tables_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "--top", "0", "docker-archive:a.tar") == 0
    assert "what removes it" not in capsys.readouterr().out
    assert exit_code("size", "--top", "1", "docker-archive:a.tar") == 0
    assert "IMG202 deleted-later" in capsys.readouterr().out


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "--format", "markdown", "docker-archive:a.tar") == 0
    assert capsys.readouterr().out.startswith("### docker-archive:a.tar\n")


def test_lines_of_a_dockerfile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = [{"created_by": "COPY a /a # buildkit"}, {"created_by": "RUN /bin/sh -c rm /a # buildkit"}]
    (tmp_path / "a.tar").write_bytes(files(classic([layer("a 3000"), layer(".wh.a")], history=history)))
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a /a\n\nRUN rm /a\n")
    assert exit_code("size", "docker-archive:a.tar", "--dockerfile", "Dockerfile") == 0
    said = capsys.readouterr().out
    assert "line  layer, lines of Dockerfile\n" in said
    assert "     2  1. COPY a /a\n" in said
    assert "     4  2. RUN rm /a\n" in said


def test_why_there_are_no_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = [{"created_by": "COPY b /b # buildkit"}]
    (tmp_path / "a.tar").write_bytes(files(classic([layer("a 3000")], history=history)))
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a /a\n")
    assert exit_code("size", "docker-archive:a.tar", "--dockerfile", "Dockerfile") == 0
    assert "\n  no line for layer 1: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["--dockerfile", "none"], ["--dockerfile", "Dockerfile", "--stage", "none"]]
)
def test_no_such_dockerfile(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert exit_code("size", "docker-archive:a.tar", *words) == 2
    assert "none" in capsys.readouterr().err


def test_over_a_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "base.tar").write_bytes(files(classic([layer("a 3000")])))
    words = ["docker-archive:a.tar", "--base", "docker-archive:base.tar", "--format", "json"]
    assert exit_code("size", *words) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["base"], row["marginal"]) == ("docker-archive:base.tar", 10_240)
    assert exit_code("size", "docker-archive:a.tar", "--base", "docker-archive:missing.tar") == 3


def test_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "docker-archive:a.tar", "--html", "page.html", "--top", "0") == 0
    assert "page.html is written" in capsys.readouterr().err
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_a_trend_in_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = ["gate", "docker-archive:a.tar", "--max-size", "1GB", "--trend", "sizes.jsonl"]
    assert exit_code(*gate) == 0
    assert exit_code("size", "docker-archive:a.tar", "--html", "page.html", "--trend", "sizes.jsonl") == 0
    assert '<div id="trend"><svg ' in (tmp_path / "page.html").read_text("utf-8")
    assert exit_code("size", "docker-archive:a.tar", "--html", "page.html", "--trend", "none.jsonl") == 2
    assert "none.jsonl cannot be read" in capsys.readouterr().err


def test_where_there_are_no_blocks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.tar").write_bytes(files(classic([layer("a 3000")])))
    monkeypatch.setattr("imgtool.cli.size._has_glyphs", lambda _encoding: False)
    assert exit_code("size", "docker-archive:b.tar") == 0
    assert "################" in capsys.readouterr().out


@pytest.mark.parametrize(
    "encoding, glyphs", [("utf-8", True), ("ascii", False), ("latin-1", False), ("cp437", False)]
)
def test_glyphs(encoding: str, glyphs: bool) -> None:
    assert size._has_glyphs(encoding) == glyphs


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
        (["broken.tar"], "broken.tar cannot be measured: it is no tar archive"),
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


@pytest.mark.parametrize(
    ("compress", "words", "code"), [(True, (), 0), (False, (), 0), (True, ONLY, 0), (False, ONLY, 3)]
)
def test_transfer_alone(
    compress: bool, words: tuple[str, ...], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.tar").write_bytes(files(oci([layer("a 3000")], compress=compress)))
    assert exit_code("size", "oci-archive:c.tar", *words) == code
    said = capsys.readouterr()
    assert ("this source keeps layers uncompressed" in said.out) != compress
    assert said.out.count("the layers were not read") == (3 if words else 0)
    told = "imgtool: oci-archive:c.tar has no transfer size: this source keeps layers uncompressed\n"
    assert said.err == (told if code else "")


def test_what_can_be_measured_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("size", "broken.tar", "a.tar", "--format", "json") == 3
    assert [row["reference"] for row in json.loads(capsys.readouterr().out)] == ["a.tar"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["docker-archive:"],
        ["podman:foo"],
        ["a.tar", "a.tar", "a.tar", "--html", "page.html"],
        ["a.tar", "--html", "page.html", "--measure", "transfer"],
        ["a.tar", "--trend", "sizes.jsonl"],
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
    monkeypatch.setattr("imgtool.cli.progress._REDRAW_SECONDS", 0)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def reconfigure(self, **_: object) -> None:
            pass

    def shown(term: str) -> str:
        monkeypatch.setenv("TERM", term)
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        assert exit_code("size", "b.tar.gz", "--no-cache") == 0
        return terminal.getvalue()

    drawn = shown("xterm")
    assert "\r\x1b[Kreading b.tar.gz: " in drawn
    assert drawn.endswith("\r\x1b[K")
    assert "\x1b" not in shown("dumb")
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["size", "compare", "gate"])
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
