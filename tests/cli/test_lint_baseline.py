"""``imgtool lint`` with a baseline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgtool.lint.shellcheck import program

DIRTY = "FROM debian:bookworm\n# imgtool ignore=IMG001\nCMD x\nCOPY y\n"
WORSE = f"# new\n\n{DIRTY}ADD z\n"
ONLY = ("lint", "--isolated", "--select", "IMG0")
KNOWN = (*ONLY, "--baseline", "known.json")

Imgtool = Callable[..., Any]


@pytest.fixture
def here(here: Path, imgtool: Imgtool) -> Path:
    """A dirty file, whose findings are known."""
    (here / "Dockerfile").write_text(DIRTY)
    assert imgtool(*KNOWN, "--update-baseline").code == 0
    return here


def codes(done: Any) -> list[str]:
    return [row["code"] for row in json.loads(done.out)]


def listed(path: Path) -> list[tuple[str, str]]:
    return [(row["file"], row["code"]) for row in json.loads(path.read_text())["findings"]]


def test_what_is_known_is_not_shown_and_fails_nothing(imgtool: Imgtool, here: Path) -> None:
    done = imgtool(*KNOWN)
    assert (done.code, done.out) == (0, "")
    assert done.err == "imgtool: no findings in 1 file, 2 hidden by the baseline\n"
    assert listed(here / "known.json") == [("Dockerfile", "IMG001"), ("Dockerfile", "IMG002")]


def test_what_is_new_is_shown_and_what_moved_is_not(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(WORSE)
    done = imgtool(*KNOWN)
    assert (done.code, done.out.splitlines()[0][:16]) == (1, "Dockerfile:7:1: ")
    assert done.err == "imgtool: 1 finding in 1 file, 2 hidden by the baseline\n"
    assert codes(imgtool(*KNOWN, "--format", "json")) == ["IMG001"]


def test_what_is_gone_is_said_and_an_update_removes_it(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text("FROM debian:bookworm\nCOPY y\n")
    (here / "imgtool.toml").write_text('lint = { select = ["IMG0"] }\n')
    words = ("lint", "--baseline", "known.json")
    said = "imgtool: known.json: 1 known finding is gone (--update-baseline removes what is gone)\n"
    done = imgtool(*words)
    assert (done.code, done.err) == (0, f"imgtool: no findings in 1 file, 1 hidden by the baseline\n{said}")
    done = imgtool(*words, "--update-baseline")
    assert done.err.splitlines()[-1] == "imgtool: known.json: 1 finding, 0 new, 1 gone"
    assert listed(here / "known.json") == [("Dockerfile", "IMG001")]


def test_an_update_is_the_same_twice_and_from_elsewhere(
    imgtool: Imgtool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (here / "known.json").read_bytes()
    assert imgtool(*KNOWN, "--update-baseline").code == 0
    (here / "sub").mkdir()
    monkeypatch.chdir(here / "sub")
    words = (*ONLY, here / "Dockerfile", "--baseline", "../known.json")
    assert imgtool(*words, "--update-baseline").code == 0
    assert (here / "known.json").read_bytes() == before
    assert imgtool(*words).code == 0


def test_an_update_keeps_what_it_did_not_look_for(imgtool: Imgtool, here: Path) -> None:
    (here / "other.Dockerfile").write_text(DIRTY)
    assert imgtool(*KNOWN, "--update-baseline").code == 0
    narrow = ("lint", "--isolated", "--baseline", "known.json", "Dockerfile", "--select")
    for code in ("IMG001", "IMG002", "IMG101"):
        done = imgtool(*narrow, code)
        assert (done.code, "gone" in done.err) == (0, False)
        assert imgtool(*narrow, code, "--update-baseline").code == 0
    assert len(listed(here / "known.json")) == 4
    (here / "other.Dockerfile").unlink()
    assert "2 known findings are gone" in imgtool(*narrow, "IMG001").err


@pytest.mark.skipif(program.find() is None, reason="ShellCheck is not installed")
def test_what_shellcheck_found_stays_where_it_does_not_run(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text("FROM debian:bookworm\nRUN echo $x\n")
    words = ("lint", "--isolated", "--baseline", "known.json")
    assert imgtool(*words, "--update-baseline").code == 0
    shell = [row for row in listed(here / "known.json") if row[1].startswith("SC")]
    assert ("Dockerfile", "SC2086") in shell
    for option in ("--no-shellcheck", "--select=IMG001"):
        assert "gone" not in imgtool(*words, option).err
        assert imgtool(*words, option, "--update-baseline").code == 0
        assert [row for row in listed(here / "known.json") if row[1].startswith("SC")] == shell
    (here / "Dockerfile").write_text("FROM debian:bookworm\nRUN true\n")
    assert f"{len(shell)} known findings are gone" in imgtool(*words).err


def test_fixes_mend_what_is_known_too(imgtool: Imgtool, here: Path) -> None:
    assert imgtool(*KNOWN, "--fix").code == 0
    assert (here / "Dockerfile").read_text() == "FROM debian:bookworm\nCMD x\nCOPY y\n"


def test_a_diff_needs_none(imgtool: Imgtool, here: Path) -> None:
    (here / "known.json").unlink()
    assert imgtool(*KNOWN, "--diff").code == 1


def test_the_configuration_may_name_it(imgtool: Imgtool, here: Path) -> None:
    (here / "imgtool.toml").write_text('[lint]\nselect = ["IMG0"]\nbaseline = "ci/known.json"\n')
    assert imgtool("lint").code == 2
    (here / "ci").mkdir()
    done = imgtool("lint", "--update-baseline")
    assert (done.code, done.err.splitlines()[-1]) == (
        0,
        f"imgtool: {here / 'ci' / 'known.json'}: 2 findings, 2 new, 0 gone",
    )
    assert listed(here / "ci" / "known.json")[0] == ("../Dockerfile", "IMG001")
    assert imgtool("lint").code == 0
    assert imgtool("lint", "--isolated", "--select", "IMG0").code == 1


def test_files_may_have_baselines_of_their_own(imgtool: Imgtool, here: Path) -> None:
    for name in ("one", "two"):
        (here / name).mkdir()
        (here / name / "Dockerfile").write_text(DIRTY)
        (here / name / "imgtool.toml").write_text('lint = { select = ["IMG0"], baseline = "known.json" }\n')
    assert imgtool("lint", "one", "two", "--update-baseline").code == 0
    assert listed(here / "one" / "known.json") == listed(here / "two" / "known.json") != []
    assert imgtool("lint", "one", "two").code == 0


# --- what cannot be used is said with file and reason: (content, words, message) ---
REFUSED = [
    (None, [], "imgtool: known.json: cannot be read: No such file or directory\n"),
    ("{", [], "imgtool: known.json: is no baseline: "),
    ('{"version": 9, "findings": []}', ["--update-baseline"], "its version is 9, not 1"),
    ("FROM a\n", ["--update-baseline"], "imgtool: known.json: is no baseline: "),
]


@pytest.mark.parametrize("content, words, message", REFUSED)
def test_what_cannot_be_used_is_2(
    imgtool: Imgtool, here: Path, content: str | None, words: list[str], message: str
) -> None:
    if content is None:
        (here / "known.json").unlink()
    else:
        (here / "known.json").write_text(content)
    done = imgtool(*KNOWN, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert content is None or (here / "known.json").read_text() == content


def test_what_cannot_be_written_is_2(imgtool: Imgtool, here: Path) -> None:
    done = imgtool(*ONLY, here, "--baseline", "nowhere/known.json", "--update-baseline")
    assert done.code == 2
    assert "nowhere/known.json: cannot be written: No such file or directory" in done.err


@pytest.mark.usefixtures("here")
def test_wrong_usage(imgtool: Imgtool) -> None:
    assert "--update-baseline needs --baseline FILE" in imgtool(*ONLY, "--update-baseline").err
    done = imgtool(*KNOWN, "--update-baseline", "--diff")
    assert (done.code, "--diff writes nothing" in done.err) == (2, True)
