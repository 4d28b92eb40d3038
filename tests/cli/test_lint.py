"""``imgtool lint`` from words to exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from imgtool import __main__
from imgtool.cli import start
from imgtool.syntax.source import MAX_FILE

CLEAN = "FROM debian:bookworm\n"
# one finding of IMG001, one of IMG003, one of IMG002 with a safe fix
DIRTY = "FROM debian:bookworm\n# imgtool ignore=IMG001\nCMD x\n# imgtool ignore=nobody\nCOPY y\n"
FIXED = "FROM debian:bookworm\nCMD x\n# imgtool ignore=nobody\nCOPY y\n"
ONLY = ("lint", "--isolated", "--select", "IMG0")

Imgtool = Callable[..., Any]


def codes(done: Any) -> list[str]:
    return [row["code"] for row in json.loads(done.out)]


# --- what is linted ---
def test_default_is_this_folder(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / "sub").mkdir()
    (here / "sub" / "gpu.Dockerfile").write_text(DIRTY)
    (here / "README.md").write_text(DIRTY)
    done = imgtool(*ONLY, "--format", "json")
    assert [row["file"] for row in json.loads(done.out)] == ["Dockerfile"] * 3 + [
        str(Path("sub", "gpu.Dockerfile"))
    ] * 3
    assert done.code == 1


def test_a_named_file_is_linted_whatever_its_name(imgtool: Imgtool, here: Path) -> None:
    (here / "build.txt").write_text(DIRTY)
    assert imgtool(*ONLY, "build.txt").code == 1


def test_a_file_named_twice_is_linted_once(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    assert len(codes(imgtool(*ONLY, "--format", "json", "Dockerfile", ".", here))) == 3


def test_no_dockerfile_is_clean_and_said(imgtool: Imgtool, here: Path) -> None:
    (here / "README.md").write_text("")
    done = imgtool("lint")
    assert (done.code, done.out, done.err) == (0, "", "imgtool: no Dockerfile found in .\n")
    assert imgtool("lint", "--format", "json").out == "[]\n"


def test_a_missing_file_is_2_and_the_others_are_linted(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    done = imgtool(*ONLY, "nowhere", "Dockerfile")
    assert (done.code, done.out.count("Dockerfile:")) == (2, 3)
    assert "nowhere: no such file or folder" in done.err


def test_a_folder_named_dockerfile_is_a_folder(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").mkdir()
    (here / "Dockerfile" / "Dockerfile").write_text(DIRTY)
    assert {row["file"] for row in json.loads(imgtool(*ONLY, "--format", "json").out)} == {
        str(Path("Dockerfile", "Dockerfile"))
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links(imgtool: Imgtool, here: Path) -> None:
    (here / "real.txt").write_text(DIRTY)
    (here / "Dockerfile").symlink_to("real.txt")
    (here / "Dockerfile.gone").symlink_to("nowhere")
    assert imgtool(*ONLY, ".").code == 0  # links are not followed in folders
    assert imgtool(*ONLY, "Dockerfile").code == 1  # but where they are named
    assert imgtool(*ONLY, "Dockerfile.gone").code == 2


def test_a_file_too_large_for_a_dockerfile(imgtool: Imgtool, here: Path) -> None:
    with (here / "Dockerfile").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    done = imgtool(*ONLY)
    assert (done.code, done.out) == (2, "")
    assert "Dockerfile: cannot be read: larger than" in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
@pytest.mark.parametrize("command", ["lint", "parse", "rewrite", "graph"])
def test_a_named_pipe_is_not_waited_for(imgtool: Imgtool, here: Path, command: str) -> None:
    os.mkfifo(here / "Dockerfile")
    done = imgtool(command, "Dockerfile")
    assert (done.code, done.out) == (2, "")
    assert "cannot be read: not a regular file" in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_pipes_for_settings_are_not_waited_for(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(CLEAN)
    for name in (".gitignore", ".dockerignore", "imgtool.toml"):
        os.mkfifo(name)
    assert imgtool("lint", "--select", "IMG0,IMG3").code == 0
    done = imgtool("lint", "--config", "imgtool.toml")
    assert (done.code, done.err) == (2, "imgtool: imgtool.toml: cannot be read: not a regular file\n")


def test_an_unreadable_file(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / "Dockerfile").chmod(0)
    if os.access("Dockerfile", os.R_OK):
        pytest.skip("this user reads everything")
    done = imgtool(*ONLY)
    assert (done.code, done.err) == (
        2,
        "imgtool: no findings in 1 file\nimgtool: Dockerfile: cannot be read: Permission denied\n",
    )


# --- odd bytes: (content, codes) ---
BYTES = [
    pytest.param(b"", ["IMG001"], id="empty"),
    pytest.param(b"# nothing\n", ["IMG001"], id="a comment alone"),
    pytest.param(b"\xef\xbb\xbfFROM a\n", [], id="byte-order mark"),
    pytest.param(b"FROM a\r\nRUN b\r\n", [], id="CRLF"),
    pytest.param(b"FROM a\nRUN \xff\xfe\n", [], id="not UTF-8"),
    pytest.param(b"FROM a\nRUN b", [], id="no newline at the end"),
    pytest.param(b"FROM a\n\x00\x01\n", ["IMG001"], id="no text"),
    pytest.param(b"FROM a\nRUN \x00\n", ["IMG001"], id="a null byte"),
]


@pytest.mark.parametrize("data, expected", BYTES)
def test_odd_bytes(imgtool: Imgtool, here: Path, data: bytes, expected: list[str]) -> None:
    (here / "Dockerfile").write_bytes(data)
    done = imgtool(*ONLY, "--format", "json")
    assert (codes(done), done.code) == (expected, 1 if expected else 0)
    assert imgtool(*ONLY).code == done.code
    assert imgtool(*ONLY, "--fix").code == done.code
    assert (here / "Dockerfile").read_bytes() == data


def test_a_cache_that_cannot_be_is_said_once(
    imgtool: Imgtool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Dockerfile", "a/Dockerfile"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text("FROM a\n")
    monkeypatch.setenv("IMGTOOL_CACHE_DIR", str(here / "Dockerfile"))
    done = imgtool(*ONLY)
    assert (done.err.count("nothing is kept in"), done.code) == (1, 0)
    assert "nothing is kept" not in imgtool(*ONLY, "--no-cache").err
    monkeypatch.setenv("IMGTOOL_CACHE_DIR", "a")
    done = imgtool(*ONLY)
    assert done.err == "imgtool: IMGTOOL_CACHE_DIR: a holds other files: it takes a folder of its own\n"
    assert done.code == 2


# --- output ---
def test_text(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    done = imgtool(*ONLY)
    assert done.out == (
        "Dockerfile:2:18: IMG002 warning: IMG001 silences nothing here; remove it\n"
        "    2 | # imgtool ignore=IMG001\n"
        "                         ^^^^^^\n"
        "  = fix: Remove it (--fix)\n"
        "Dockerfile:4:18: IMG003 warning: no rule is called nobody\n"
        "    4 | # imgtool ignore=nobody\n"
        "                         ^^^^^^\n"
        "Dockerfile:5:1: IMG001 error: COPY requires at least two arguments, but only one was provided."
        " Destination could not be determined\n"
        "    5 | COPY y\n"
        "        ^^^^^^\n"
    )
    assert done.err == "imgtool: 3 findings in 1 file, 1 fixable with --fix\n"


def test_clean(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(CLEAN)
    done = imgtool(*ONLY)
    assert (done.code, done.out, done.err) == (0, "", "imgtool: no findings in 1 file\n")


def test_json_is_alone_on_both_streams(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    done = imgtool(*ONLY, "--format", "json")
    assert (codes(done), done.err) == (["IMG002", "IMG003", "IMG001"], "")


def test_many_processes_print_what_one_does(here: Path) -> None:
    for number in range(40):
        (here / f"Dockerfile.{number}").write_text("FROM a\n" * number + DIRTY)
    alone, many = (program(*ONLY, "--jobs", jobs) for jobs in ("1", "3"))
    assert (alone.stdout, alone.stderr, alone.returncode) == (many.stdout, many.stderr, many.returncode)
    assert alone.stdout.count("Dockerfile.") == 120


def program(*words: str) -> subprocess.CompletedProcess[str]:
    """The program itself: processes that fork do not go with threads, as a test runner may have."""
    return subprocess.run(
        [sys.executable, "-m", "imgtool", *words], capture_output=True, text=True, check=False
    )


# --- which rules ---
SELECT = [
    (["--select", "IMG001"], ["IMG001"]),
    (["--select", "IMG001,IMG003"], ["IMG003", "IMG001"]),
    (["--select", "IMG001", "--select", " unknown-code ,"], ["IMG003", "IMG001"]),
    (["--select", "IMG0", "--ignore", "syntax-error"], ["IMG003"]),
    (["--ignore", "ALL"], []),
    (["--ignore", "ALL", "--extend-select", "img001"], ["IMG001"]),
]


@pytest.mark.parametrize("options, expected", SELECT)
def test_select(imgtool: Imgtool, here: Path, options: list[str], expected: list[str]) -> None:
    (here / "Dockerfile").write_text("FROM a\n# imgtool ignore=nobody\nCOPY y\n")
    assert codes(imgtool("lint", "--isolated", "--format", "json", *options)) == expected


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
def test_an_unknown_selector_is_2_with_a_suggestion(imgtool: Imgtool, here: Path, option: str) -> None:
    (here / "Dockerfile").write_text(CLEAN)
    done = imgtool("lint", option, "syntax-eror")
    assert (done.code, done.out) == (2, "")
    assert "no rule matches 'syntax-eror' (did you mean syntax-error?)" in done.err


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
@pytest.mark.parametrize("codes", ["", " ", ",", " , ,"])
def test_a_selector_of_nothing_is_2(imgtool: Imgtool, here: Path, option: str, codes: str) -> None:
    (here / "Dockerfile").write_text(CLEAN)
    done = imgtool("lint", "--select", "IMG001", option, codes)
    assert (done.code, done.out) == (2, "")
    assert f"{option} names no rule" in done.err


# --- configuration ---
def test_the_nearest_configuration_counts_and_the_command_line_beats_it(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / ".imgtool.toml").write_text('[lint]\nselect = ["IMG001", "IMG003"]\nignore = ["IMG003"]\n')
    lint = ("lint", "--format", "json")
    assert codes(imgtool(*lint)) == ["IMG001"]
    assert codes(imgtool(*lint, "--select", "IMG003")) == ["IMG003"]
    assert codes(imgtool(*lint, "--extend-select", "IMG003")) == ["IMG003", "IMG001"]
    assert codes(imgtool(*lint, "--ignore", "IMG001")) == []
    assert codes(imgtool(*lint, "--isolated", "--select", "IMG0")) == ["IMG002", "IMG003", "IMG001"]


def test_files_have_their_own_settings(imgtool: Imgtool, here: Path) -> None:
    for folder in ("a", "b"):
        (here / folder).mkdir()
        (here / folder / "Dockerfile").write_text(DIRTY)
    (here / "pyproject.toml").write_text('[tool.imgtool.lint]\nselect = ["IMG003"]\n')
    (here / "b" / ".imgtool.toml").write_text('[lint]\nselect = ["IMG001"]\n')
    assert codes(imgtool("lint", "--format", "json")) == ["IMG003", "IMG001"]


def test_per_file_ignores_stay_whatever_is_selected(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / "Dockerfile.dev").write_text(DIRTY)
    (here / ".imgtool.toml").write_text('[lint.per-file-ignores]\n"*.dev" = ["IMG001"]\n')
    rows = json.loads(imgtool("lint", "--format", "json", "--select", "IMG001").out)
    assert [row["file"] for row in rows] == ["Dockerfile"]


# --- (configuration, what runs of a rule that is not on yet) ---
PROFILES = [
    ("", []),
    ("[lint]\npreview = true\n", ["TST101"]),
    ('[lint]\nprofile = "all"\n', []),
    ('[lint]\nprofile = "all"\npreview = true\n', ["TST101"]),
    ('[lint]\nprofile = "all"\nignore = ["TST"]\n', []),
    ('[lint]\nprofile = "hadolint"\npreview = true\n', []),
    ('[lint]\nprofile = "hadolint"\nextend-select = ["TST101"]\n', ["TST101"]),
    ('[lint]\nselect = ["TST"]\n', []),
    ('[lint]\nselect = ["TST101"]\n', ["TST101"]),
]


@pytest.mark.parametrize("config, expected", PROFILES)
def test_profiles(
    imgtool: Imgtool, here: Path, add_rule: Callable[..., None], config: str, expected: list[str]
) -> None:
    add_rule("TST101", 'yield META.finding(Span(0, 4), "m")')
    (here / "Dockerfile").write_text(CLEAN)
    (here / ".imgtool.toml").write_text(config)
    assert [code for code in codes(imgtool("lint", "--format", "json")) if code == "TST101"] == expected


def test_config_names_the_file_for_all(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / ".imgtool.toml").write_text('[lint]\nselect = ["IMG003"]\n')
    (here / "other.toml").write_text('[lint]\nselect = ["IMG001"]\n')
    assert codes(imgtool("lint", "--format", "json", "--config", "other.toml")) == ["IMG001"]


# --- (configuration, command line, what the error says) ---
WRONG = [
    ("[lint]\nselct = []\n", [], ".imgtool.toml:2: lint.selct: unknown key (did you mean select?)"),
    ('[lint]\nselect = ["syntax-eror"]\n', [], "(did you mean syntax-error?)"),
    ("[lint\n", [], ".imgtool.toml:1: is not TOML"),
    ("[rules.IMG001]\nx = 1\n", [], "unknown key"),
    ("", ["--config", "nowhere.toml"], "nowhere.toml: cannot be read: No such file"),
    ("", ["--config", ".imgtool.toml", "--isolated"], "--isolated reads no configuration"),
    ("", ["--build-arg", "=x"], "--build-arg takes NAME=VALUE"),
    ("", ["--diff", "--format", "json"], "--diff prints a diff"),
    ("", ["--fail-on", "sometimes"], "sometimes"),
    ("", ["--jobs", "0"], "0"),
    ("", ["--context", "nowhere"], "nowhere"),
    ("", ["--nonsense"], "--nonsense"),
    ("", ["--stage", "nowhere"], "no file has a stage nowhere"),
]


@pytest.mark.parametrize("config, words, message", WRONG)
def test_wrong_usage_is_2(imgtool: Imgtool, here: Path, config: str, words: list[str], message: str) -> None:
    (here / "Dockerfile").write_text(CLEAN)
    (here / ".imgtool.toml").write_text(config)
    done = imgtool("lint", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--diff"],
        ["--fix"],
        ["-o", "r.json", "--format", "json"],
        ["--statistics"],
        ["--baseline", "known.json", "--update-baseline"],
    ],
)
def test_nothing_is_done_for_a_stage_that_no_file_has(imgtool: Imgtool, here: Path, words: list[str]) -> None:
    files = {"Dockerfile": DIRTY, "b.Dockerfile": DIRTY}
    for name, text in files.items():
        (here / name).write_text(text)
    done = imgtool("lint", "--isolated", "--stage", "nowhere", *words, ".", "none.Dockerfile")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1:] == ["imgtool: no file has a stage nowhere"]
    assert "none.Dockerfile" in done.err
    assert {path.name: path.read_text() for path in here.iterdir()} == files


def test_files_before_the_one_that_has_the_stage_are_told(imgtool: Imgtool, here: Path) -> None:
    for name, stage in (("a", "x"), ("b", "y"), ("c", "x")):
        (here / f"{name}.Dockerfile").write_text(DIRTY.replace("FROM", f"FROM debian:12 AS {stage}\nFROM", 1))
    done = imgtool("lint", "--stage", "y", "--select", "IMG001", "--format", "json")
    assert [row["file"] for row in json.loads(done.out)] == ["a.Dockerfile", "b.Dockerfile", "c.Dockerfile"]
    assert "stage" not in done.err


def test_exclude(imgtool: Imgtool, here: Path) -> None:
    for folder in ("vendor", "docker"):
        (here / folder).mkdir()
        (here / folder / "Dockerfile").write_text(DIRTY)
    vendor = Path("vendor", "Dockerfile")

    def files(*words: str | Path) -> list[str]:
        rows = json.loads(imgtool("lint", "--format", "json", "--select", "IMG001", *words).out)
        return [Path(row["file"]).parts[0] for row in rows]

    assert files("--exclude", "vendor") == ["docker"]
    assert files("--exclude", "vendor", vendor) == ["vendor"]
    assert files("--exclude", "vendor", "--force-exclude", vendor) == []
    (here / ".imgtool.toml").write_text('exclude = ["docker/"]\n')
    assert files("--exclude", "vendor") == []
    assert files("--isolated") == ["docker", "vendor"]
    (here / ".imgtool.toml").write_text('exclude = ["docker/"]\nforce-exclude = true\n')
    assert files(Path("docker", "Dockerfile"), vendor) == ["vendor"]
    (here / ".imgtool.toml").unlink()
    (here / ".gitignore").write_text("vendor\n")
    assert files() == ["docker"]


# --- exit codes: (severity of the finding, --fail-on, exit code) ---
FAIL_ON = [
    ("ERROR", None, 1), ("STYLE", None, 1),
    ("ERROR", "error", 1), ("WARNING", "error", 0),
    ("WARNING", "warning", 1), ("INFO", "warning", 0),
    ("INFO", "info", 1), ("STYLE", "info", 0),
    ("STYLE", "style", 1), ("ERROR", "never", 0),
]  # fmt: skip


@pytest.mark.parametrize("severity, fail_on, expected", FAIL_ON)
def test_fail_on(
    imgtool: Imgtool,
    here: Path,
    add_rule: Callable[..., None],
    severity: str,
    fail_on: str | None,
    expected: int,
) -> None:
    add_rule("TST101", 'yield META.finding(Span(0, 4), "m")', severity)
    (here / "Dockerfile").write_text(CLEAN)
    words = ["lint", "--select", "TST101", *(["--fail-on", fail_on] if fail_on else [])]
    done = imgtool(*words)
    assert (done.code, done.out.count("TST101")) == (expected, 1)


def test_fail_on_from_the_configuration(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text("FROM a\n# imgtool ignore=nobody\nRUN x\n")
    (here / ".imgtool.toml").write_text('[lint]\nfail-on = "error"\nselect = ["IMG003"]\n')
    assert imgtool("lint").code == 0
    assert imgtool("lint", "--fail-on", "warning").code == 1


def test_a_rule_that_fails_is_a_defect_of_ours(
    imgtool: Imgtool, here: Path, add_rule: Callable[..., None]
) -> None:
    add_rule("TST101", 'raise ValueError("\\x1b[2J")')
    (here / "Dockerfile").write_text(DIRTY)
    done = imgtool("lint", "--select", "TST101,IMG001")
    assert (done.code, done.out.count("IMG001 error")) == (2, 1)
    assert "imgtool: Dockerfile: rule TST101 failed, a defect of imgtool: ValueError: \ufffd[2J\n" in done.err


# --- fixes ---
def test_fix_writes_and_reports_what_is_left(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / "Dockerfile").chmod(0o640)
    done = imgtool(*ONLY, "--fix")
    assert (here / "Dockerfile").read_text() == FIXED
    assert (here / "Dockerfile").stat().st_mode & 0o777 == 0o640
    assert (done.code, done.out.count("IMG002"), done.out.count("IMG003")) == (1, 0, 1)
    assert done.err == "imgtool: 1 fixed, 2 findings in 1 file\n"


def test_fix_of_everything_is_0(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_bytes(b"\xef\xbb\xbfFROM a\r\n# imgtool ignore=IMG001\r\nRUN \xff")
    done = imgtool(*ONLY, "--fix")
    assert (here / "Dockerfile").read_bytes() == b"\xef\xbb\xbfFROM a\r\nRUN \xff"
    assert (done.code, done.err) == (0, "imgtool: 1 fixed, no findings in 1 file\n")


def test_a_file_without_fixes_is_not_written(imgtool: Imgtool, here: Path) -> None:
    path = here / "Dockerfile"
    path.write_text(CLEAN)
    os.utime(path, ns=(1, 1))
    inode = path.stat().st_ino
    imgtool(*ONLY, "--fix")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (1, inode)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_fix_through_a_link_changes_what_it_points_to(imgtool: Imgtool, here: Path) -> None:
    (here / "real.txt").write_text(DIRTY)
    (here / "Dockerfile").symlink_to("real.txt")
    imgtool(*ONLY, "--fix", "Dockerfile")
    assert (here / "real.txt").read_text() == FIXED
    assert (here / "Dockerfile").is_symlink()


def test_a_file_that_cannot_be_written(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    here.chmod(0o500)
    if os.access(here, os.W_OK):
        pytest.skip("this user writes everywhere")
    done = imgtool(*ONLY, "--fix")
    here.chmod(0o700)
    assert done.code == 2
    assert "Dockerfile: cannot be written: Permission denied" in done.err
    assert (here / "Dockerfile").read_text() == DIRTY


def test_unsafe_fixes_are_asked_for(imgtool: Imgtool, here: Path, add_rule: Callable[..., None]) -> None:
    add_rule("TST101", 'yield from replacing(document, b"old", "new", Applicability.UNSAFE)')
    (here / "Dockerfile").write_text("FROM old\n")
    only = ("lint", "--select", "TST101")
    done = imgtool(*only, "--fix")
    assert (done.code, (here / "Dockerfile").read_text()) == (1, "FROM old\n")
    assert done.err == "imgtool: 1 finding in 1 file, 1 with --fix --unsafe-fixes\n"
    assert imgtool(*only, "--diff").code == 0
    assert imgtool(*only, "--diff", "--unsafe-fixes").code == 1
    assert imgtool(*only, "--fix", "--unsafe-fixes").code == 0
    assert (here / "Dockerfile").read_text() == "FROM new\n"


def test_fixes_that_undo_each_other_leave_the_file(
    imgtool: Imgtool, here: Path, add_rule: Callable[..., None]
) -> None:
    add_rule("TST101", 'yield from replacing(document, b"old", "new", Applicability.SAFE)')
    add_rule("TST102", 'yield from replacing(document, b"new", "old", Applicability.SAFE)')
    (here / "Dockerfile").write_text("FROM old\n")
    done = imgtool("lint", "--preview", "--select", "TST", "--fix")
    assert ((here / "Dockerfile").read_text(), done.code) == ("FROM old\n", 2)
    assert "Dockerfile: fixes undo each other, a defect of imgtool; the file is as it was" in done.err


# --- diff ---
HEADER = "diff --git a/Dockerfile b/Dockerfile"


def test_diff_changes_nothing_and_applies_with_git(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / "sub").mkdir()
    odd = b"FROM a\r\n# imgtool ignore=IMG001\r\nRUN \xff \r x"
    (here / "sub" / "Dockerfile").write_bytes(odd)
    done = imgtool(*ONLY, "--diff")
    assert (done.code, done.err) == (1, "imgtool: 2 files would change\n")
    assert ((here / "Dockerfile").read_text(), (here / "sub" / "Dockerfile").read_bytes()) == (DIRTY, odd)
    assert done.stdout.startswith(
        HEADER.encode() + b"\n--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,5 +1,4 @@\n"
    )
    subprocess.run(["git", "apply", "-"], input=done.stdout, cwd=here, check=True)
    assert (here / "Dockerfile").read_text() == FIXED
    assert (here / "sub" / "Dockerfile").read_bytes() == b"FROM a\r\nRUN \xff \r x"


# --- a repository's paths, from where, arguments, those that git apply changes there, and at the root ---
PLACES = [
    ("", ["."], ["Dockerfile", "sub/Dockerfile"], ["Dockerfile", "sub/Dockerfile"]),
    ("sub", ["."], ["sub/Dockerfile"], ["sub/Dockerfile"]),
    ("sub", [".."], ["sub/Dockerfile"], ["Dockerfile", "sub/Dockerfile"]),
    ("sub", ["../Dockerfile"], [], ["Dockerfile"]),
    ("sub", ["../sub/./Dockerfile"], ["sub/Dockerfile"], ["sub/Dockerfile"]),
    ("", ["{root}/sub/Dockerfile"], ["sub/Dockerfile"], ["sub/Dockerfile"]),
    ("sub", ["{root}"], ["sub/Dockerfile"], ["Dockerfile", "sub/Dockerfile"]),
    ("", ["link/Dockerfile"], ["sub/Dockerfile"], ["sub/Dockerfile"]),
]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("start, words, here_changed, root_changed", PLACES)
def test_a_diff_has_the_paths_of_git(
    imgtool: Imgtool,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: str,
    words: list[str],
    here_changed: list[str],
    root_changed: list[str],
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=here, check=True)
    (here / "sub").mkdir()
    (here / "link").symlink_to("sub")
    monkeypatch.chdir(here / start)
    for folder, expected in ((here / start, here_changed), (here, root_changed)):
        for name in ("Dockerfile", "sub/Dockerfile"):
            (here / name).write_text(DIRTY)
        done = imgtool(*ONLY, "--diff", *(word.format(root=here) for word in words))
        assert (f"git apply takes its diff in {here}" in done.err) == (here_changed != root_changed)
        subprocess.run(["git", "apply"], input=done.stdout, cwd=folder, check=True)
        names = ("Dockerfile", "sub/Dockerfile")
        assert [name for name in names if (here / name).read_text() == FIXED] == expected


def test_a_diff_outside_of_the_repository_says_so(
    imgtool: Imgtool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    (here / "sub").mkdir()
    monkeypatch.chdir(here / "sub")
    done = imgtool(*ONLY, "--diff", "..")
    assert "git apply does not take its diff here" in done.err
    assert "../" not in done.out


def test_no_diff_is_0_whatever_is_found(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(FIXED)
    done = imgtool(*ONLY, "--diff")
    assert (done.code, done.out, done.err) == (0, "", "imgtool: 0 files would change\n")


# --- standard input ---
def test_stdin(imgtool: Imgtool, here: Path) -> None:
    done = imgtool(*ONLY, "-", stdin=DIRTY.encode())
    assert (done.code, done.out.count("-:2:18: IMG002")) == (1, 1)
    done = imgtool(*ONLY, "-", "--stdin-filename", "docker/Dockerfile", stdin=DIRTY.encode())
    assert "docker/Dockerfile:2:18: IMG002" in done.out
    assert not list(here.iterdir())


def test_stdin_has_the_settings_of_its_name(imgtool: Imgtool, here: Path) -> None:
    (here / "docker").mkdir()
    (here / "docker" / ".imgtool.toml").write_text(
        '[lint]\nselect = ["IMG003"]\n[lint.per-file-ignores]\n"*.x" = ["IMG"]\n'
    )
    json_ = ("lint", "--format", "json", "-", "--stdin-filename")
    assert codes(imgtool(*json_, "docker/Dockerfile", stdin=DIRTY.encode())) == ["IMG003"]
    assert codes(imgtool(*json_, "docker/Dockerfile.x", stdin=DIRTY.encode())) == []


@pytest.mark.usefixtures("here")
def test_fixed_stdin_goes_to_stdout_and_all_else_to_stderr(imgtool: Imgtool) -> None:
    done = imgtool(*ONLY, "--fix", "-", stdin=DIRTY.replace("\n", "\r\n").encode())
    assert (done.stdout, done.code) == (FIXED.replace("\n", "\r\n").encode(), 1)
    assert "-:3:18: IMG003" in done.err
    done = imgtool(*ONLY, "--fix", "--format", "json", "-", stdin=DIRTY.encode())
    assert (done.out, [row["code"] for row in json.loads(done.err)]) == (FIXED, ["IMG003", "IMG001"])
    done = imgtool(*ONLY, "--fix", "-", stdin=CLEAN.encode())
    assert (done.out, done.code) == (CLEAN, 0)


@pytest.mark.usefixtures("here")
def test_diff_of_stdin(imgtool: Imgtool) -> None:
    done = imgtool(*ONLY, "--diff", "-", "--stdin-filename", "Dockerfile", stdin=DIRTY.encode())
    assert (done.code, done.out.splitlines()[0]) == (1, HEADER)


# --- what the Dockerfile is built with ---
def test_build_arguments_and_stage_reach_the_rules(
    imgtool: Imgtool, here: Path, add_rule: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_rule("TST101", 'yield META.finding(Span(0, 1), f"{_facts.target.name} on {_facts.target.reference}")')
    (here / "Dockerfile").write_text("ARG A=1\nARG B\nFROM x:$A$B AS one\nFROM y:$A AS two\n")
    (here / ".imgtool.toml").write_text('build-args = { A = "2", B = "2" }\n')
    monkeypatch.setenv("B", "9")
    only = ("lint", "--select", "TST101")
    assert "two on y:2" in imgtool(*only).out
    assert "one on x:22" in imgtool(*only, "--stage", "ONE").out
    assert "one on x:32" in imgtool(*only, "--stage", "0", "--build-arg", "A=3").out
    assert "one on x:39" in imgtool(*only, "--stage", "0", "--build-arg", "A=3", "--build-arg", "B").out
    assert "one on None" in imgtool(*only, "--isolated", "--stage", "0").out


def test_context_reaches_the_rules(imgtool: Imgtool, here: Path, add_rule: Callable[..., None]) -> None:
    add_rule(
        "TST101",
        'yield META.finding(Span(0, 1), f"{_facts.context and (_facts.context.root.name, _facts.context.how)}")',
    )
    (here / "ctx").mkdir()
    (here / "Dockerfile").write_text("FROM a\nCOPY x /\n")
    only = ("lint", "--select", "TST101")
    assert "None" in imgtool(*only).out
    assert "('ctx', 'option')" in imgtool(*only, "--context", "ctx").out
    (here / "x").write_text("")
    assert "('here', 'dockerfile folder')" in imgtool(*only).out
    assert "None" in imgtool(*only, "-", stdin=b"FROM a\nCOPY x /\n").out
    (here / ".imgtool.toml").write_text('context = "ctx"\n')
    assert "('ctx', 'config')" in imgtool(*only).out


# --- as a program ---
def test_as_a_program(here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    done = subprocess.run(
        [sys.executable, "-m", "imgtool", *ONLY], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.count("\n"), done.stderr.count("\n")) == (1, 10, 1)


def test_a_reader_that_goes_away_is_no_traceback(here: Path) -> None:
    (here / "Dockerfile").write_text(DIRTY * 2000)
    program = subprocess.Popen(
        [sys.executable, "-m", "imgtool", *ONLY], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout
    assert program.stderr
    program.stdout.readline()
    program.stdout.close()
    assert b"Traceback" not in program.stderr.read()
    program.stderr.close()
    program.wait(30)


# --- output ---
def _started(*words: str | Path, **streams: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "imgtool", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **streams)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full device is Linux's")
@pytest.mark.parametrize(
    "words", [ONLY, (*ONLY, "--format", "json"), (*ONLY, "--diff"), ("parse",), ("rules",)]
)
def test_output_that_cannot_be_written(here: Path, words: tuple[str, ...]) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    with Path("/dev/full").open("wb") as full:
        process = _started(*words, *([] if words == ("rules",) else ["Dockerfile"]), stdout=full)
        _, err = process.communicate()
    last = b"imgtool: standard output cannot be used: No space left on device"
    assert (process.returncode, err.splitlines()[-1], b"Traceback" in err) == (2, last, False)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes them")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", [ONLY, ("parse",)])
def test_streams_that_the_caller_closed(here: Path, closed: str, words: tuple[str, ...]) -> None:
    (here / "Dockerfile").write_text(DIRTY)
    command = shlex.join([sys.executable, "-m", "imgtool", *words, "Dockerfile"])
    with_all, without = (
        subprocess.run(["sh", "-c", f"{command} {more}"], capture_output=True, check=False)
        for more in ("", closed)
    )
    assert without.returncode == with_all.returncode
    assert without.stdout == (b"" if ">&-" in closed.replace("2>&-", "") else with_all.stdout)
    assert without.stderr == (b"" if "2>&-" in closed else with_all.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end differently there")
@pytest.mark.parametrize("lines", [1, 5000])
def test_a_pipe_that_nobody_reads(here: Path, lines: int) -> None:
    (here / "Dockerfile").write_text("FROM a\n" + "COPY x\n" * lines)
    process = _started("parse", "Dockerfile", stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert (process.stderr.read(), process.wait()) == (b"", 1)
    process.stderr.close()


# --- the documentation ---
def test_the_example_of_suppressions_holds(imgtool: Imgtool, here: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "lint.md").read_text("utf-8")
    (here / "Dockerfile").write_text(
        page.partition("## Suppressions\n\n```dockerfile\n")[2].partition("```")[0]
    )
    done = imgtool("lint", "--isolated")
    assert (done.code, done.out) == (0, "")
    (here / "Dockerfile").write_text((here / "Dockerfile").read_text().replace("ignore=", "without="))
    assert codes(imgtool("lint", "--isolated", "--format", "json")) == ["IMG401", "IMG101", "IMG204"]


def test_unsafe_fixes_alone_are_said_to_do_nothing(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(CLEAN)
    said = "--unsafe-fixes does nothing without --fix or --diff"
    assert said in imgtool(*ONLY, "--unsafe-fixes").err
    assert said not in imgtool(*ONLY, "--unsafe-fixes", "--diff").err


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="processes get other signals there")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_is_interrupted_says_how_far_it_came(jobs: str, here: Path) -> None:
    for number in range(400):
        folder = here / f"{number}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(DIRTY)
    # a shell starts what runs in its background with the signal ignored, and that is inherited
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from imgtool.__main__ import main; main()"
    )
    words = ("lint", "--isolated", "--no-cache", "--jobs", jobs, ".")
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout
        assert running.stdout.readline()
        # as a terminal does: to all processes
        os.killpg(running.pid, signal.SIGINT)
        _, told = running.communicate()
    done = re.fullmatch(r"imgtool: interrupted: (\d+) of 400 files linted\n", told)
    assert running.returncode == 130
    assert done, told
    assert 0 < int(done[1]) < 400


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_reader_that_has_enough_ends_the_run(jobs: str, here: Path) -> None:
    for number in range(1000):
        (here / f"{number}.Dockerfile").write_text(DIRTY)
    words = ("lint", "--isolated", "--no-cache", "--jobs", jobs, ".")
    with subprocess.Popen(
        [sys.executable, "-m", "imgtool", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stderr
        assert running.stdout.readline()
        running.stdout.close()
        # its own processes wait for work until they are told that there is none
        assert running.wait(60) == 1
        assert running.stderr.read() == b""


# 32 files are linted together, and each is fixed by itself
@pytest.mark.parametrize(
    "words, linted, shown",
    [
        ([], 32, 32),
        (["--diff"], 39, 39),
        (["--fix"], 39, 39),
        (["--format", "jsonl"], 32, 32),
        # half of these would look like a whole one
        (["--format", "json"], 32, 0),
        (["--format", "sarif"], 32, 0),
        (["--statistics"], 32, 0),
        # text for people, and what was in the file stays
        (["--output-file", "report"], 32, 32),
        (["--format", "jsonl", "--output-file", "report"], 32, 32),
    ],
)
def test_what_an_interrupted_run_shows(
    words: list[str],
    linted: int,
    shown: int,
    here: Path,
    add_rule: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = "import signal\n    b'USER last' in document.data and signal.raise_signal(2)\n    return ()"
    add_rule("IMG901", body)
    for number in range(40):
        (here / f"{number:02}.Dockerfile").write_text(DIRTY if number < 39 else f"{DIRTY}USER last\n")
    line = ["imgtool", *ONLY, "--select", "IMG901", "--no-cache", "--jobs", "1", *words]
    monkeypatch.setattr(sys, "argv", line)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as end:
            __main__.main()
    finally:
        signal.signal(signal.SIGINT, before)
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (130, f"imgtool: interrupted: {linted} of 40 files linted\n")
    assert len(set(re.findall(r"\d+\.Dockerfile", out))) == shown
    assert bool(out) == bool(shown)
    assert not (here / "report").exists()
    # what was told of a file is of what it is then
    assert (here / "00.Dockerfile").read_text() == (FIXED if "--fix" in words else DIRTY)


def test_an_interruption_before_the_command_is_known_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_words: Sequence[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "run", interrupted)
    with pytest.raises(SystemExit) as end:
        __main__.main()
    assert end.value.code == 130
