"""``imgtool lint``: formats, files, statistics, colour and progress."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgtool.cli.lint_call import LintFormat

DIRTY = "FROM debian:bookworm\n# imgtool ignore=IMG001\nCMD x\nCOPY y\n"
ONLY = ("lint", "--isolated", "--select", "IMG0")
FORMATS = [output for output in LintFormat if output is not LintFormat.TEXT]

Imgtool = Callable[..., Any]


@pytest.fixture
def dirty(here: Path) -> Path:
    (here / "Dockerfile").write_text(DIRTY)
    return here


# --- formats ---
@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.usefixtures("dirty")
def test_a_format_is_alone_on_both_streams(imgtool: Imgtool, output: LintFormat) -> None:
    done = imgtool(*ONLY, "--format", output)
    assert (done.code, done.err) == (1, "")
    assert "IMG001" in done.out
    assert done.out.endswith("\n")


@pytest.mark.parametrize("output", FORMATS)
def test_no_file_is_a_report_too(imgtool: Imgtool, here: Path, output: LintFormat) -> None:
    done = imgtool("lint", "--format", output)
    assert done.code == 0
    assert bool(done.out) is (output not in ("jsonl", "github"))
    assert here.exists()


# --- what a hostile file has in the middle of its words ---
HOSTILE = "FROM a\n{q} a\nCOPY --{q}=a b c\nENV 'a={q}\nEXPOSE {q}\n# imgtool ignore={q}\nRUN a\n"


@pytest.mark.parametrize("output", LintFormat)
def test_a_message_quotes_little(imgtool: Imgtool, here: Path, output: LintFormat) -> None:
    (here / "Dockerfile").write_text(HOSTILE.format(q="q" * 60_000))
    done = imgtool(*ONLY, "--format", output)
    assert done.code == 1
    assert "…" in done.out or "\\u2026" in done.out
    assert max(map(len, re.findall("q+", done.out))) < 200


def test_what_is_cut_tells_findings_apart(imgtool: Imgtool, here: Path) -> None:
    words = [f"{'q' * 30_000}{middle}{'q' * 30_000}" for middle in "abc"]
    text = "FROM a\nRUN --network={} b\nRUN --network={} b\n"
    (here / "Dockerfile").write_text(text.format(*words))
    for output, name in (("gitlab", "fingerprint"), ("sarif", "imgtool/v1")):
        told = re.findall(rf'"{name}": "(\w+)"', imgtool(*ONLY, "--format", output).out)
        assert len(told) == len({*told}) == 2
    assert imgtool(*ONLY, "--baseline", "known.json", "--update-baseline").code == 0
    assert imgtool(*ONLY, "--baseline", "known.json").code == 0
    (here / "Dockerfile").write_text(text.format(words[0], words[2]))
    (row,) = json.loads(imgtool(*ONLY, "--baseline", "known.json", "--format", "json").out)
    assert row["line"] == 3


def test_exact_shapes(imgtool: Imgtool, dirty: Path) -> None:
    (dirty / "Dockerfile").write_text("FROM a\nCOPY y\n")
    message = (
        "COPY requires at least two arguments, but only one was provided. Destination could not be determined"
    )
    shapes = {
        "github": f"::error title=imgtool (IMG001),file=Dockerfile,line=2,col=1,endLine=2,endColumn=7"
        f"::Dockerfile:2:1: IMG001 {message}\n",
        "checkstyle": '<?xml version="1.0" encoding="UTF-8"?>\n<checkstyle version="4.3">\n  <file name="Dockerfile">\n'
        f'    <error line="2" column="1" severity="error" message="{message}" source="IMG001"/>\n'
        "  </file>\n</checkstyle>\n",
        "junit": '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="imgtool" tests="1" failures="1" errors="0">\n'
        '  <testsuite name="Dockerfile" tests="1" failures="1" errors="0" skipped="0">\n'
        '    <testcase name="imgtool.IMG001" classname="Dockerfile" line="2" column="1">\n'
        f'      <failure message="2:1: {message}" type="error"/>\n'
        "    </testcase>\n  </testsuite>\n</testsuites>\n",
    }
    for output, expected in shapes.items():
        assert imgtool(*ONLY, "--format", output).out == expected


def test_sarif_says_what_a_rule_is_about(imgtool: Imgtool, dirty: Path) -> None:
    log = json.loads(imgtool(*ONLY, "--format", "sarif").out)
    (run,) = log["runs"]
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": f"{dirty.as_uri()}/"}}
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"IMG001", "IMG002"}
    assert rules["IMG001"]["help"]["markdown"].startswith("# IMG001: ")
    assert rules["IMG001"]["help"]["text"].startswith("## What it does\n")
    assert not rules["IMG001"]["fullDescription"]["text"].startswith("#")
    unused, broken = run["results"]
    assert [unused["level"], broken["level"]] == ["warning", "error"]
    (change,) = unused["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "Dockerfile", "uriBaseId": "%SRCROOT%"}
    assert unused["fixes"][0]["properties"] == {"applicability": "safe"}


def test_paths_are_relative_to_the_repository(
    imgtool: Imgtool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".git").mkdir()
    (here / "a b").mkdir()
    (here / "a b" / "Döckerfile").write_text(DIRTY)
    monkeypatch.chdir(here / "a b")
    rows = json.loads(imgtool(*ONLY, "--format", "gitlab", "Döckerfile").out)
    assert {row["location"]["path"] for row in rows} == {"a b/Döckerfile"}
    log = json.loads(imgtool(*ONLY, "--format", "sarif", "Döckerfile").out)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "a%20b/D%C3%B6ckerfile"
    assert json.loads(imgtool(*ONLY, "--format", "json", "Döckerfile").out)[0]["file"] == "Döckerfile"


# --- files ---
@pytest.mark.usefixtures("dirty")
def test_a_file_gets_the_report_and_people_the_text(imgtool: Imgtool, here: Path) -> None:
    text = imgtool(*ONLY).out
    done = imgtool(*ONLY, "--format", "json", "--output-file", "report.json")
    assert (done.code, done.out) == (1, text)
    assert "2 findings in 1 file" in done.err
    assert (here / "report.json").read_text() == imgtool(*ONLY, "--format", "json").out
    imgtool(*ONLY, "-o", "report.txt")
    assert (here / "report.txt").read_text() == text


@pytest.mark.usefixtures("dirty")
def test_a_file_that_cannot_be_written(imgtool: Imgtool) -> None:
    done = imgtool(*ONLY, "--format", "json", "--output-file", "nowhere/report.json")
    assert done.code == 2
    assert "imgtool: nowhere/report.json: cannot be written: No such file or directory\n" in done.err


@pytest.mark.usefixtures("dirty")
def test_a_file_is_utf_8_whatever_the_terminal_is(here: Path) -> None:
    (here / "Dockerfile").write_text("FROM a\nDÖCKER x\n", "utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-m", "imgtool", *ONLY, "--format", "checkstyle"]
    done = subprocess.run(program, capture_output=True, env=environment, check=False)
    assert "DÖCKER" in done.stdout.decode("utf-8")


# --- wrong usage: (words, message) ---
WRONG = [
    (["--diff", "--format", "sarif"], "--diff prints a diff"),
    (["--diff", "--output-file", "x"], "--diff prints a diff"),
    (["--diff", "--statistics"], "--diff prints a diff"),
    (["--statistics", "--format", "sarif"], "--statistics are text or json"),
    (["--format", "xml"], "'xml' is not one of"),
]


@pytest.mark.parametrize("words, message", WRONG)
@pytest.mark.usefixtures("dirty")
def test_wrong_usage_is_2(imgtool: Imgtool, words: list[str], message: str) -> None:
    done = imgtool("lint", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


# --- words, what --output-file may not overwrite ---
KEPT = [
    (["-o", "Dockerfile", "--format", "json", "Dockerfile"], "Dockerfile"),
    (["-o", "./Dockerfile", "--format", "json"], "Dockerfile"),
    (["-o", "link", "Dockerfile"], "Dockerfile"),
    (["-o", "odd", "--format", "json", "odd"], "odd"),
    (["-o", "gpu.Dockerfile", "odd"], "gpu.Dockerfile"),
    (["-o", "Dockerfile", "--statistics", "odd"], "Dockerfile"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("words, kept", KEPT)
def test_no_report_over_a_dockerfile(imgtool: Imgtool, here: Path, words: list[str], kept: str) -> None:
    for name in ("Dockerfile", "gpu.Dockerfile", "odd"):
        (here / name).write_text("FROM a\n")
    (here / "link").symlink_to("Dockerfile")
    done = imgtool(*ONLY, *words)
    assert (done.code, done.out) == (2, "")
    assert re.search(r"would overwrite \S+, a Dockerfile: name another file", " ".join(done.err.split()))
    assert (here / kept).read_text() == "FROM a\n"


@pytest.mark.parametrize("name", ["Dockerfile.sarif", "old.json", "new"])
def test_a_report_may_be_overwritten(imgtool: Imgtool, here: Path, name: str) -> None:
    (here / "odd").write_text("FROM a\n")
    (here / "old.json").write_text("[]")
    for _ in range(2):
        assert imgtool(*ONLY, "--format", "sarif", "-o", name, "odd").code == 0


# --- statistics ---
@pytest.mark.usefixtures("dirty")
def test_statistics(imgtool: Imgtool, here: Path) -> None:
    done = imgtool(*ONLY, "--statistics")
    assert done.out == (
        "code    name                count  fixable  unsafe  saves\n"
        "IMG001  syntax-error            1        0       0\n"
        "IMG002  unused-suppression      1        1       0\n"
        "total                           2        1       0\n"
    )
    assert done.code == 1
    assert done.err == "imgtool: 2 findings in 1 file, 1 fixable with --fix\n"
    table = json.loads(imgtool(*ONLY, "--statistics", "--format", "json").out)
    assert table["files"] == 1
    assert table["total"] == {"count": 2, "safe": 1, "unsafe": 0, "saves_bytes": 0}
    imgtool(*ONLY, "--statistics", "-o", "table.txt")
    assert (here / "table.txt").read_text() == done.out


def test_statistics_of_nothing(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text("FROM debian:bookworm\n")
    done = imgtool(*ONLY, "--statistics")
    assert (done.code, done.out, done.err) == (0, "", "imgtool: no findings in 1 file\n")


# --- colour: (environment, whether the reader is a terminal, whether there is colour) ---
COLOURS = [
    ({}, False, False),
    ({}, True, True),
    ({"TERM": "dumb"}, True, False),
    ({"NO_COLOR": "1"}, True, False),
    ({"NO_COLOR": ""}, True, True),
    ({"FORCE_COLOR": "1"}, False, True),
    ({"FORCE_COLOR": ""}, False, False),
    ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
]


@pytest.mark.parametrize("environment, terminal, coloured", COLOURS)
@pytest.mark.usefixtures("dirty")
def test_colour(environment: dict[str, str], terminal: bool, coloured: bool) -> None:
    shown = (on_terminal if terminal else piped)(environment, *ONLY)
    assert ("\x1b" in shown) is coloured
    assert "IMG001" in shown


@pytest.mark.parametrize("words", [("--format", "json"), ("--format", "markdown"), ("-o", "report")])
@pytest.mark.usefixtures("dirty")
def test_no_colour_in_what_programs_read(here: Path, words: tuple[str, ...]) -> None:
    shown = piped({"FORCE_COLOR": "1"}, *ONLY, *words)
    report = here / "report"
    assert "\x1b" not in (report.read_text() if report.exists() else shown)


def variables(more: dict[str, str]) -> dict[str, str]:
    fixed = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**fixed, "TERM": "xterm", **more}


def piped(environment: dict[str, str], *words: str) -> str:
    program = [sys.executable, "-m", "imgtool", *words]
    done = subprocess.run(program, capture_output=True, env=variables(environment), check=False, timeout=60)
    return done.stdout.decode()


def on_terminal(environment: dict[str, str], *words: str, program: str = "-m imgtool") -> str:
    """Everything that a run writes to a terminal that is all three of its streams."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    argv = [sys.executable, *program.split(), *words]
    child = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=variables(environment))
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass  # Linux's way to say that nobody writes any more
    finally:
        os.close(ours)
        child.wait(60)
    return shown.decode()


# --- progress ---
IMPATIENT = """
import sys
from imgtool.cli import linting
from imgtool.cli.start import run
linting._PATIENCE = -1.0
run(sys.argv[1:])
"""


def test_a_terminal_is_told_how_far_it_is(here: Path) -> None:
    for name in ("a", "b", "c"):
        (here / f"{name}.Dockerfile").write_text(DIRTY)
    (here / "impatient.py").write_text(IMPATIENT)
    shown = on_terminal({}, *ONLY, program="impatient.py")
    assert [f"linted {number} of 3" in shown for number in (1, 2, 3)] == [True] * 3
    # each is wiped away before anything else is written, and so is the last
    assert re.findall(r"linted \d of 3(.{0,4})", shown) == ["\r\x1b[K"] * 3
    done = subprocess.run([sys.executable, "impatient.py", *ONLY], capture_output=True, check=False)
    assert b"linted" not in done.stdout + done.stderr
    shown = on_terminal({"TERM": "dumb"}, *ONLY, program="impatient.py")
    assert "linted" not in shown
    assert "\x1b" not in shown


@pytest.mark.usefixtures("dirty")
def test_a_short_run_says_nothing_of_it() -> None:
    # on a busy machine the shortest run is long at times
    runs = (on_terminal({"NO_COLOR": "1"}, *ONLY) for _ in range(5))
    assert any("linted" not in shown and "\x1b" not in shown for shown in runs)
