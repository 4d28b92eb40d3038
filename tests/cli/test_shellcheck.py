"""ShellCheck's findings through the command line."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from imgtool.lint.shellcheck import program, session

TEXT = "FROM ubuntu:22.04\nRUN cd /x; echo $V\n"

pytestmark = pytest.mark.skipif(program.find() is None, reason="ShellCheck is not installed")


@pytest.fixture
def lint(imgtool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*options: str, text: str = TEXT, config: str = "") -> tuple[int, dict[str, str], str]:
        """The exit code, the severity of what is said of shell code and comments, and standard error."""
        (tmp_path / "Dockerfile").write_text(text)
        (tmp_path / ".imgtool.toml").write_text(config)
        done = imgtool("lint", "--format", "json", *options)
        codes = {f["code"]: f["severity"] for f in json.loads(done.out)}
        return done.code, {c: s for c, s in codes.items() if c.startswith(("SC", "IMG0"))}, done.err

    return run


BOTH = {"SC2086": "info", "SC2164": "warning"}


@pytest.mark.parametrize(
    "options, config, codes",
    [
        ([], "", BOTH),
        (["--profile", "hadolint"], "", BOTH),
        (["--profile", "all"], "", BOTH),
        (["--no-shellcheck"], "", {}),
        ([], "lint.shellcheck = false\n", {}),
        (["--shellcheck"], "lint.shellcheck = false\n", BOTH),
        (["--select", "SC2086"], "", {"SC2086": "info"}),
        (["--select", "sc2"], "", BOTH),
        (["--select", "SC"], "", BOTH),
        (["--select", "shellcheck"], "", BOTH),
        (["--select", "SC3"], "", {}),
        (["--select", "DL"], "", {}),
        (["--select", "DL", "--extend-select", "SC2164"], "", {"SC2164": "warning"}),
        (["--ignore", "SC2086"], "", {"SC2164": "warning"}),
        (["--ignore", "SC"], "", {}),
        (["--ignore", "shellcheck"], "", {}),
        (["--select", "SC", "--ignore", "SC21"], "", {"SC2086": "info"}),
        ([], 'lint.ignore = ["SC2164"]\n', {"SC2086": "info"}),
        ([], '[lint.per-file-ignores]\n"Dockerfile" = ["SC"]\n', {}),
        ([], '[lint.severity]\nSC2086 = "error"\nSC = "style"\n', {"SC2086": "error", "SC2164": "style"}),
    ],
)
def test_selection(lint: Any, options: list[str], config: str, codes: dict[str, str]) -> None:
    assert lint(*options, config=config)[1] == codes


@pytest.mark.parametrize(
    "comment, codes",
    [
        ("# hadolint ignore=SC2086,SC2164", set()),
        ("# hadolint ignore=SC2086", {"SC2164"}),
        ("# imgtool ignore=SC2086", {"SC2164"}),
        ("# imgtool ignore=shellcheck", set()),
        ("# shellcheck disable=SC2086", {"SC2164"}),
        # a code that silences nothing, and one that there cannot be
        ("# imgtool ignore=SC2086,SC2164,SC2046", {"IMG002"}),
        ("# imgtool ignore=SC20", {"IMG003", "SC2086", "SC2164"}),
        ("# imgtool ignore=SC99999", {"IMG003", "SC2086", "SC2164"}),
    ],
)
def test_suppression(lint: Any, comment: str, codes: set[str]) -> None:
    text = f"FROM ubuntu:22.04\n{comment}\nRUN cd /x; echo $V\n"
    assert set(lint(text=text)[1]) == codes


def test_an_unused_code_is_not_told_where_shellcheck_did_not_run(lint: Any) -> None:
    text = "FROM ubuntu:22.04\n# imgtool ignore=SC2086\nRUN echo $V\n"
    assert lint("--no-shellcheck", text=text)[1] == {}


def test_fixes_are_applied(lint: Any, tmp_path: Path) -> None:
    lint("--fix", "--unsafe-fixes", "--select", "SC")
    assert (tmp_path / "Dockerfile").read_text() == 'FROM ubuntu:22.04\nRUN cd /x || exit; echo "$V"\n'


def test_several_processes_say_the_same(
    imgtool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(40):
        (tmp_path / f"Dockerfile.{number}").write_text(f"FROM ubuntu:22.04\nRUN echo $V {number}\n")
    one, two = (imgtool("lint", "--select", "SC", "--format", "json", "--jobs", str(n)) for n in (1, 2))
    assert one.out == two.out
    assert len(json.loads(one.out)) == 40


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    def become(found: Path | None) -> None:
        monkeypatch.setattr(session, "find", lambda: found)
        session.current.cache_clear()

    yield become
    session.current.cache_clear()


# --- (command line, configuration, the exit code where it is not installed) ---
NOT_INSTALLED = [
    ([], "", 0),
    (["--select", "IMG2"], "", 0),
    (["--select", "ALL"], "", 0),
    (["--profile", "hadolint"], "", 0),
    ([], 'lint.profile = "hadolint"\n', 0),
    (["--extend-select", "SC2086", "--no-shellcheck"], "", 0),
    (["--shellcheck"], "", 2),
    ([], "lint.shellcheck = true\n", 2),
    (["--select", "SC"], "", 2),
    (["--profile", "hadolint", "--extend-select", "SC2086"], "", 2),
    ([], 'lint.select = ["IMG0", "shellcheck"]\n', 2),
    ([], 'lint.extend-select = ["sc2"]\n', 2),
]


@pytest.mark.parametrize("options, config, expected", NOT_INSTALLED)
def test_where_it_is_not_installed(
    lint: Any, without: Any, options: list[str], config: str, expected: int
) -> None:
    without(None)
    code, codes, said = lint("--fail-on", "error", *options, config=config)
    assert (code, codes) == (expected, {})
    assert said.count("ShellCheck is not installed; shell code is not checked") == int(expected == 2)


def test_it_is_an_error_where_one_of_several_files_asks_for_it(
    lint: Any, without: Any, tmp_path: Path
) -> None:
    without(Path("/nowhere/shellcheck"))
    for name, asks in (("asks", "true"), ("does-not", "")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "Dockerfile").write_text(TEXT)
        (folder / ".imgtool.toml").write_text(f"lint.shellcheck = {asks}\n" if asks else "")
    assert lint("--fail-on", "never", "asks", "does-not")[0] == 2


def test_what_it_would_have_found_is_not_judged_where_it_is_not_installed(lint: Any, without: Any) -> None:
    without(None)
    text = "FROM ubuntu:22.04\n# imgtool ignore=SC2086\nRUN echo $V\n"
    assert lint(text=text)[1] == {}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
def test_where_it_is_broken(lint: Any, without: Any, tmp_path: Path) -> None:
    broken = tmp_path / "shellcheck"
    broken.write_text("#!/bin/sh\nexit 4\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    without(broken)
    (tmp_path / "Dockerfile.other").write_text(TEXT)
    _, codes, said = lint()
    assert codes == {}
    assert said.count("ShellCheck does not work") == 1
    assert "--no-shellcheck" in said
    assert "ShellCheck" not in lint("--no-shellcheck")[2]
