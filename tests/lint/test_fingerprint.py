"""What a finding is known by stays the same while it does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fakes import TOKENS
from results import at, result

from imgtool.edits import Span
from imgtool.findings import Finding, Severity
from imgtool.lint.fingerprint import marks, relative

BASE = b"FROM a AS b\nRUN x && y --flag\n"


def mark(data: bytes, marked: bytes, path: str = "Dockerfile", code: str = "X1") -> str:
    (found,) = marks(result(data, at(data, marked, code=code)), path)
    return found.fingerprint


# --- (what it becomes, whether the finding on y is the same): layout and neighbours are nothing to it ---
CHANGES = [
    pytest.param(b"# c\n\nFROM a AS b\n\n\nRUN x && y --flag\n", True, id="moved"),
    pytest.param(b"FROM a AS b\nENV k=v\nRUN x && y --flag\nCMD z\n", True, id="neighbours"),
    pytest.param(b"FROM a AS b\r\nRUN x && y --flag\r\n", True, id="CRLF"),
    pytest.param(b"FROM a AS b\nrun   x \\\n  && y \\\n # c\n\n  --flag", True, id="layout and comments"),
    pytest.param(b"FROM z\nFROM a AS b\nRUN x && y --flag\n", True, id="a stage before a named one"),
    pytest.param(b"FROM other AS B\nRUN x && y --flag\n", True, id="another base"),
    pytest.param(b"FROM a AS b\nRUN x && y --flag2\n", False, id="another operand"),
    pytest.param(b"FROM a AS c\nRUN x && y --flag\n", False, id="another stage"),
    pytest.param(b"FROM a AS b\nRUN --network=none x && y --flag\n", False, id="another flag"),
    pytest.param(b"FROM a AS b\nONBUILD RUN x && y --flag\n", False, id="another keyword"),
    pytest.param(b"FROM a AS b\nRUN x && y --flag <<E\n1\nE\n", False, id="a heredoc"),
]


@pytest.mark.parametrize("data, same", CHANGES)
def test_changes(data: bytes, same: bool) -> None:
    assert (mark(data, b"y") == mark(BASE, b"y")) is same


def test_heredocs_count() -> None:
    one, two = (b"FROM a\nRUN y <<E\n%s\nE\n" % body for body in (b"1", b"2"))
    assert mark(one, b"y") != mark(two, b"y")


def test_file_and_code_count() -> None:
    same = mark(BASE, b"y")
    assert len({same, mark(BASE, b"y", path="x/Dockerfile"), mark(BASE, b"y", code="X2")}) == 3


def test_equal_instructions_are_told_apart_by_their_order() -> None:
    data = b"FROM a\nRUN y\nRUN y\n"
    two = [at(data, b"y"), Finding("X1", "x", Severity.INFO, Span(17, 18), "m")]
    first, second = marks(result(data, *two), "Dockerfile")
    assert first.text == second.text == "RUN y"
    assert first.fingerprint == mark(data, b"y") != second.fingerprint


def test_one_instruction_may_have_one_finding_twice() -> None:
    data = b"FROM a\nRUN y z\n"
    two = marks(result(data, at(data, b"y"), at(data, b"z")), "Dockerfile")
    assert len({one.fingerprint for one in two}) == 2


@pytest.mark.parametrize("data", [b"", b"\n", b"# c\n", b"\xff\n\xfe", b"FROM a"])
def test_what_is_in_no_instruction(data: bytes) -> None:
    ends = [Finding("X1", "x", Severity.INFO, Span(end, end), "m") for end in range(len(data) + 1)]
    assert len({one.fingerprint for one in marks(result(data, *ends), "Dockerfile")}) == len(ends)


def test_a_comment_is_known_by_its_line() -> None:
    assert mark(b"FROM a\n# one\n", b"# one") == mark(b"FROM a\n\n\n# one\nRUN x\n", b"# one")
    assert mark(b"FROM a\n# one\n", b"# one") != mark(b"FROM a\n# two\n", b"# two")


# --- secrets: nobody can try guesses against a fingerprint ---
@pytest.mark.parametrize("secret, other", [("hunter2x", "Passw0rd!xyz"), (TOKENS["GitHub"], TOKENS["AWS"])])
def test_secrets_are_hidden_before(secret: str, other: str) -> None:
    one, two = (f"FROM a\nENV DB_PASSWORD={value} A=b\n".encode() for value in (secret, other))
    (shown,) = marks(result(one, at(one, b"A=b")), "Dockerfile")
    assert shown.text == "ENV DB_PASSWORD=* A=b"
    assert mark(one, b"A=b") == mark(two, b"A=b")


def test_tokens_in_comments_are_hidden_before() -> None:
    one, two = (f"FROM a\n# see {TOKENS[name]}\n".encode() for name in ("GitHub", "AWS"))
    assert mark(one, b"see") == mark(two, b"see")


# --- (path, root below here, what it is called) ---
PATHS = [
    ("Dockerfile", ".", "Dockerfile"),
    ("./docker/../Dockerfile", ".", "Dockerfile"),
    ("docker/gpu.Dockerfile", "docker", "gpu.Dockerfile"),
    ("Dockerfile", "docker", "../Dockerfile"),
    ("-", "docker", "-"),
]


@pytest.mark.parametrize("path, root, expected", PATHS)
def test_relative(
    path: str, root: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").mkdir()
    monkeypatch.chdir(tmp_path)
    assert relative(path, tmp_path / root) == expected
    if path != "-":
        assert relative(str(tmp_path / path), Path(root)) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_file_through_a_linked_folder_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert relative(str(tmp_path / "link/Dockerfile"), tmp_path) == "real/Dockerfile"
    assert relative(str(tmp_path / "real/Dockerfile"), tmp_path / "link") == "Dockerfile"
