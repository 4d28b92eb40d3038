"""The files that reach the builder, by the engine and by us."""

from __future__ import annotations

import random
import subprocess
import tarfile
from pathlib import Path

import pytest

from imgtool.facts.dockerignore import Ignore

pytestmark = pytest.mark.engine

FILES = (
    "a",
    "ab",
    "b.txt",
    ".env",
    "a]",
    "a-b",
    "7",
    "in",
    "d/a",
    "d/b.txt",
    "d/e/a",
    "d/e/b.txt",
    "d/e/f/.env",
    "e/a",
    "e/e/e",
)
PIECES = (
    "a",
    "b",
    "d",
    "e",
    ".",
    "*",
    "**",
    "?",
    "[ab]",
    "[^a]",
    "[a*]",
    "[[:digit:]]",
    r"\*",
    r"\d",
    r"\b",
    "/",
    "/",
    "/",
)

# each is a .dockerignore for FILES; the reason stands where the line does not show it
CONTEXTS = [
    "",
    "d",
    "d/\n",
    "/d/e\n",
    "*\n!d/e\n",
    "**\n!**/*.txt\n",
    "*\n!.\n",  # nothing
    "d/e\n!d\n",  # d/e stays out
    "d/e\n!d/*/**\n",  # d/e is not walked
    "d/e\n!d/*/**\n!*.x\n",  # now it is
    "**/e\n!e/e/e\n",
    "**/b*\n",
    "**b.txt\n",
    "d/**\n",
    "d**\n",
    "\ufeff# comment\n  #a\na\n",
    "! \t.env\n.env\n",
    ".env\n! \t.env\n",
    "/!a\na\n",
    "**\\bin\n",
    "a\\Qb\n",
    "^a*\n",
    "./../a\n../a\n.\n/\n",
    "\u3000a\u00a0\n",
]


def arrived(context: Path) -> set[str] | None:
    """The files of an image that copies its whole context, or None where the build fails."""
    out = context.parent / "out.tar"
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    command = ["docker", "build", "--quiet", "--output", f"type=tar,dest={out}", "."]
    if subprocess.run(command, cwd=context, capture_output=True, check=False).returncode:
        return None
    with tarfile.open(out) as archive:
        return {member.name for member in archive if member.isfile()}


def expected(context: Path) -> set[str] | None:
    ignore = Ignore.parse((context / ".dockerignore").read_bytes())
    files = (path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file())
    return None if ignore.errors else {path for path in files if not ignore.matches(path)}


def plant(folder: Path) -> None:
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize("text", CONTEXTS)
def test_a_whole_context(tmp_path: Path, text: str) -> None:
    plant(tmp_path / "context")
    (tmp_path / "context/.dockerignore").write_text(text)
    assert arrived(tmp_path / "context") == expected(tmp_path / "context")


@pytest.mark.parametrize("text", ["!\n", "!/\n", "[\n", "[b-a]\n", "a\\example\n", "a" * 65_536])
def test_refused(tmp_path: Path, text: str) -> None:
    plant(tmp_path / "context")
    (tmp_path / "context/.dockerignore").write_text(text)
    assert expected(tmp_path / "context") is None
    assert arrived(tmp_path / "context") is None


@pytest.mark.parametrize("signs", [("",), ("", "", "!")], ids=["no exclusions", "exclusions"])
def test_many_patterns_at_once(tmp_path: Path, signs: tuple[str, ...]) -> None:
    """Each of 150 folders has patterns of its own, put together at random but always the same."""
    chance = random.Random(len(signs))
    context = tmp_path / "context"
    lines = []
    for number in range(150):
        plant(context / f"p{number}")
        for _ in range(chance.randint(1, 4)):
            pattern = "".join(chance.choices(PIECES, k=chance.randint(1, 6)))
            line = f"{chance.choice(signs)}p{number}/{pattern}"
            lines += [] if Ignore.parse(line.encode()).errors else [line]
    (context / ".dockerignore").write_text("\n".join(lines))
    assert arrived(context) == expected(context)


@pytest.mark.parametrize("own", ["a\n", ""])
def test_a_file_beside_the_dockerfile_replaces_the_other(tmp_path: Path, own: str) -> None:
    context = tmp_path / "context"
    plant(context)
    (context / ".dockerignore").write_text("b.txt\n")
    (context / "Dockerfile.dockerignore").write_text(own)
    files = arrived(context)
    assert files is not None
    assert "b.txt" in files
    assert ("a" in files) is (own == "")
