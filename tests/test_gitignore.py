from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path, PureWindowsPath
from typing import cast

import pytest

from imgtool.gitignore import MAX_FILE, Patterns

BASE = Path("/repo")

# patterns, path (a folder's ends in a slash), whether the file or folder is matched
COVERS = [
    ("a", "a", True),
    ("a", "b/a", True),  # without a slash: at any depth
    ("a", "a/b", True),
    ("a", "ab", False),
    ("/a", "b/a", False),
    ("a/b", "x/a/b", False),  # with one: anchored
    ("a/", "a", False),
    ("a/", "a/b", True),
    ("a/", "x/a/b", True),
    ("*.tmp", "x/y.tmp", True),
    ("x/*.tmp", "x/y/z.tmp", False),
    ("**/a/b", "a/b", True),
    ("**/a/b", "x/y/a/b", True),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b", True),
    ("a/**", "a/b/c", True),
    ("a/**", "a", False),
    ("a**b", "axyb", True),
    ("x/a**b", "x/a/b", False),
    ("?", "é", False),  # git counts bytes
    ("??", "é", True),
    ("[a-c]", "b", True),
    ("[!a-c]", "b", False),
    ("[^a-c]", "d", True),
    ("[]]", "]", True),
    ("[]-]", "-", True),
    ("[a-]", "-", True),
    (r"[\]-a]", "^", True),
    ("x[^a]y", "x/y", False),
    ("[[:digit:]]", "7", True),
    ("[[:nope:]]", "n", False),
    ("[[:nope:]!n]", "n", False),
    ("[a", "a", False),
    ("a\\", "a", False),
    ("#a", "#a", False),
    (r"\#a", "#a", True),
    (r"\!a", "!a", True),
    (r"\*", "x", False),
    ("a  ", "a", True),
    ("a\\ ", "a ", True),
    ("a\\  ", "a ", True),
    ("a\\\\ ", "a\\", True),
    (" a", " a", True),
    ("/", "a", False),
    ("\n\n", "a", False),
    ("*.py\n!a.py", "a.py", False),
    ("!a.py\n*.py", "a.py", True),
    ("d\n!d/a", "d/a", True),  # nothing below a matched folder comes back
    ("d/*\n!d/a", "d/a", False),
]


@pytest.mark.parametrize("text, path, covered", COVERS)
def test_covers(text: str, path: str, covered: bool) -> None:
    assert Patterns.of(BASE, [text]).covers(BASE / path) is covered


def test_a_path_elsewhere_is_not_spoken_of() -> None:
    patterns = Patterns.of(BASE, ["*"])
    assert patterns.decide(Path("/other/a"), folder=False) is None
    assert patterns.decide(BASE, folder=True) is None
    assert not patterns.covers(Path("/repository/a"))


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa\n", b"a\r\n", b"a", b"\xff\n\na/\na"])
def test_reading(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".gitignore").write_bytes(data)
    patterns = Patterns.read(tmp_path / ".gitignore")
    assert patterns is not None
    assert patterns.covers(tmp_path / "x/a")


def test_files_that_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real").write_text("a")
    (tmp_path / "large").write_bytes(b"a" * (MAX_FILE + 1))
    (tmp_path / "folder").mkdir()
    assert [Patterns.read(tmp_path / name) for name in ("link", "large", "folder", "missing")] == [None] * 4


def test_agrees_with_git(tmp_path: Path) -> None:
    """600 patterns put together at random, but always the same, each with the paths of one tree."""
    chance = random.Random(1)
    pieces = [
        "a",
        "b",
        ".",
        "*",
        "**",
        "/",
        "/",
        "?",
        "[ab]",
        "[!a]",
        "[a-b]",
        r"\*",
        "!",
        " ",
        "[",
        "]",
        "-",
        "é",
        "[[:alpha:]]",
    ]
    paths = [
        "a",
        "b",
        "ab",
        "a.b",
        "é",
        "-",
        "a b",
        "a/a",
        "a/b",
        "a/b/a",
        "b/a/b.a",
        "b/é/a",
        "a/ab/-/b",
        ".a/b",
        "]",
    ]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for number in range(600):
        lines = ["".join(chance.choices(pieces, k=chance.randint(1, 6))) for _ in range(chance.randint(1, 3))]
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / ".gitignore").write_text("\n".join(lines))
    asked = "\0".join(f"{number}/{path}" for number in range(600) for path in paths)
    command = ["git", "-c", "core.ignorecase=false", "check-ignore", "--no-index", "--stdin", "-z"]
    done = subprocess.run(command, cwd=tmp_path, input=asked.encode(), capture_output=True, check=False)
    ignored = set(done.stdout.decode().split("\0"))
    for number in range(600):
        patterns = Patterns.read(tmp_path / str(number) / ".gitignore")
        assert patterns is not None
        ours = {path for path in paths if patterns.covers(patterns.base / path)}
        assert ours == {path for path in paths if f"{number}/{path}" in ignored}, (
            patterns.base / ".gitignore"
        ).read_text()


@pytest.mark.parametrize("text", ["*a" * 2000 + "b*", "**/" * 20_000 + "*b*", "[ab]*" * 2000 + "x?"])
def test_hostile_patterns_stay_fast(text: str) -> None:
    start = time.process_time()
    assert not Patterns.of(BASE, [text, "x/" + text]).covers(BASE / ("a/" * 20 + "a" * 250))
    assert time.process_time() - start < 5


def test_paths_of_windows_are_read_with_slashes() -> None:
    base = PureWindowsPath("C:\\project")
    patterns = Patterns.of(cast("Path", base), ["build/**", "*.old"])
    covered = [
        patterns.covers(cast("Path", PureWindowsPath(path)))
        for path in (
            "C:\\project\\build\\a\\Dockerfile",
            "c:\\PROJECT\\x.old",
            "C:\\project\\a",
            "D:\\project\\x.old",
        )
    ]
    assert covered == [True, True, False, False]
