"""``imgtool rewrite`` from words to exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Imgtool = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "fixtures" / "projects" / "extension"
SNAPSHOT = ROOT / "tests" / "rewrite" / "snapshots" / "extension.Dockerfile"
REFUSED = 'FROM registry.example.com/team/base:1\nCMD ["server"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in ("Dockerfile", "requirements.txt", "main.py", "setup.py"):
        (tmp_path / file).write_bytes((PROJECT / file).read_bytes())
    return tmp_path / "Dockerfile"


def test_prints_the_rewritten_file(imgtool: Imgtool, project: Path) -> None:
    done = imgtool("rewrite", str(project))
    assert (done.code, done.out) == (0, SNAPSHOT.read_text())


def test_output_writes_it_beside_the_original(imgtool: Imgtool, project: Path) -> None:
    before = project.read_bytes()
    done = imgtool("rewrite", str(project), "--target", "cuda", "--output", str(project.parent / "new"))
    assert (done.code, done.stdout) == (0, b"")
    assert "written (converted)" in done.err
    assert (project.parent / "new").read_text() == SNAPSHOT.read_text()
    assert project.read_bytes() == before


def test_in_place(imgtool: Imgtool, project: Path) -> None:
    project.chmod(0o640)
    assert imgtool("rewrite", str(project), "--in-place").code == 0
    assert project.read_text() == SNAPSHOT.read_text()
    assert project.stat().st_mode & 0o777 == 0o640


def test_check_says_whether_something_would_change(imgtool: Imgtool, project: Path) -> None:
    done = imgtool("rewrite", str(project), "--check")
    assert (done.code, done.stdout) == (1, b"")
    assert imgtool("rewrite", str(project), "--in-place").code == 0
    assert imgtool("rewrite", str(project), "--check").code == 0


def test_diff_writes_nothing(imgtool: Imgtool, project: Path) -> None:
    before = project.read_bytes()
    done = imgtool("rewrite", str(project), "--diff")
    assert done.code == 0
    assert "+FROM nvidia/cuda:12.1.0-base-ubuntu22.04" in done.out
    assert project.read_bytes() == before


def test_a_diff_has_the_paths_of_git(
    imgtool: Imgtool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.parent
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    done = imgtool("rewrite", "../" + project.name, "--diff")
    assert f"git apply takes its diff in {folder}" in done.err
    subprocess.run(["git", "apply"], input=done.stdout, cwd=folder, check=True)
    assert "FROM nvidia/cuda:12.1.0-base-ubuntu22.04" in project.read_text()


def test_a_diff_is_bytes_in_a_pipe_and_moves_no_terminal(
    imgtool: Imgtool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write_bytes(b"# \xff \x1b[31m\tred\n" + project.read_bytes())
    piped = imgtool("rewrite", str(project), "--diff")
    assert b" # \xff \x1b[31m\tred\n" in piped.stdout
    monkeypatch.setattr(sys.stdout.__class__, "isatty", lambda _: True, raising=False)
    shown = imgtool("rewrite", str(project), "--diff")
    assert "\x1b" not in shown.out
    assert "[31m" in shown.out


def test_a_diff_that_hides_a_secret_says_so(imgtool: Imgtool, project: Path) -> None:
    text = project.read_text().replace("WORKDIR", "ENV API_PASSWORD=Zq8vR2xW9tK4\nWORKDIR")
    project.write_text(text)
    done = imgtool("rewrite", str(project), "--diff")
    assert "Zq8vR2xW9tK4" not in done.out + done.err
    assert "its diff hides" in done.err


def test_json(imgtool: Imgtool, project: Path) -> None:
    (row,) = json.loads(imgtool("rewrite", str(project), "--format", "json").out)
    assert list(row) == ["file", "target", "status", "reasons", "changes", "steps", "dockerfile"]
    assert (row["target"], row["status"], row["reasons"]) == ("cuda", "converted", [])
    assert row["dockerfile"] == SNAPSHOT.read_text()
    assert [step["step"] for step in row["steps"]][:2] == ["split-stage", "place"]


def test_a_refusal_is_a_result(imgtool: Imgtool) -> None:
    done = imgtool("rewrite", "-", stdin=REFUSED.encode())
    assert (done.code, done.out) == (0, REFUSED)
    assert done.err == (
        "-:1:6: refused [unknown-base] no image family covers registry.example.com/team/base:1: "
        "what it holds is not known\n"
    )


def test_a_refused_file_is_not_written(imgtool: Imgtool, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(REFUSED)
    done = imgtool("rewrite", str(tmp_path / "Dockerfile"), "--output", str(tmp_path / "new"))
    assert done.code == 1
    assert not (tmp_path / "new").exists()


WRONG = [
    (("--output", "x", "--in-place"), "--output takes one PATH"),
    (("--diff", "--in-place"), "--diff and --check write nothing"),
    (("--check", "--output", "x"), "--diff and --check write nothing"),
    (("--run", "app --version"), "belong to --build"),
    (("--network", "host"), "belong to --build"),
    (("--target", "tpu"), "tpu"),
    (("--stage", "nowhere"), "no-such-stage"),
    (("--target", "cann", "--chip", "bogus"), "chips are 910b"),
    (("--target", "cann", "--python", "2.7"), "Python is 3.X"),
    (("other.Dockerfile",), "one file of many stages"),
]


def test_one_unreadable_file_hides_no_other(imgtool: Imgtool, project: Path) -> None:
    done = imgtool("rewrite", str(project), "nowhere", "--check")
    assert done.code == 2
    assert "nowhere cannot be read" in done.err
    assert f"{project} would be rewritten" in done.err


@pytest.mark.parametrize("words, message", WRONG)
def test_wrong_usage(words: tuple[str, ...], message: str, imgtool: Imgtool, project: Path) -> None:
    before = project.read_bytes()
    done = imgtool("rewrite", str(project), *words)
    assert done.code == 2
    assert message in done.err
    assert project.read_bytes() == before


def test_a_missing_file(imgtool: Imgtool) -> None:
    done = imgtool("rewrite", "nowhere/Dockerfile")
    assert done.code == 2
    assert "nowhere/Dockerfile" in done.err


ONLY = [
    # what is asked for, what the file has afterwards, what it has not
    ("merge-runs", "RUN useradd app \\\n    && mkdir /x\n", "COPY --chown"),
    ("fold-chown", "COPY --chown=app:0 . /srv/app\n", "&& mkdir"),
    ("drop-caches", "rm -rf /var/lib/apt/lists/*", "COPY --chown"),
]
LOOSE = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y curl
RUN useradd app
RUN mkdir /x
COPY . /srv/app
RUN chown -R app /srv/app
CMD ["/srv/app/a"]
"""


@pytest.mark.parametrize("part, there, absent", ONLY, ids=[row[0] for row in ONLY])
def test_one_part_alone(part: str, there: str, absent: str, imgtool: Imgtool, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(LOOSE)
    done = imgtool("rewrite", "--only", part, str(path))
    assert done.code == 0
    assert there in done.out
    assert absent not in done.out
    again = path.with_name("again")
    again.write_text(done.out)
    assert imgtool("rewrite", "--only", part, str(again)).out == done.out


def test_an_unknown_part_is_wrong_usage(imgtool: Imgtool, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(LOOSE)
    assert imgtool("rewrite", "--only", "everything", str(tmp_path / "Dockerfile")).code == 2


def test_build_proves_a_split_alone(imgtool: Imgtool, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(LOOSE)
    done = imgtool("rewrite", "--build", "--only", "merge-runs", str(tmp_path / "Dockerfile"))
    assert (done.code, "--build proves a split" in done.err) == (2, True)


def test_explain_says_what_is_left(imgtool: Imgtool, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm\nUSER app\nRUN pip install a\n")
    done = imgtool("rewrite", "--only", "cache-mounts", "--explain", str(tmp_path / "Dockerfile"))
    assert "cache-mounts: pip: it does not run as root for certain" in done.out
    assert (
        '"step": "leave-alone"'
        in imgtool("rewrite", "--only", "cache-mounts", "--format", "json", str(tmp_path / "Dockerfile")).out
    )


@pytest.mark.parametrize(
    "words, said",
    [
        (("--context", "/no/such/folder"), "no such folder"),
        (("--only", ""), "it names no step"),
        (("--only", "split,polish"), "there is no step 'polish'"),
        (("--name", "team/app"), "--name and --version belong to --output-dir"),
    ],
)
def test_wrong_usage_is_said(imgtool: Imgtool, project: Path, words: tuple[str, ...], said: str) -> None:
    done = imgtool("rewrite", str(project), *words)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_what_is_no_dockerfile_is_not_printed(imgtool: Imgtool, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"\x7fELF\x00\xff\n")
    done = imgtool("rewrite", str(tmp_path / "Dockerfile"))
    assert (done.code, done.stdout) == (2, b"")
    assert "[syntax-error]" in done.err
