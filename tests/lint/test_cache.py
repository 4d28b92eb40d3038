"""What is kept of a run counts as long as nothing has changed that it depends on."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from imgtool import cachedir
from imgtool.config import ConfigError, ConfigFile
from imgtool.findings import Severity
from imgtool.lint import batch, cache, work
from imgtool.lint.batch import Outcome, Request
from imgtool.lint.registry import Selection
from imgtool.values import replace

TEXT = """\
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04
WORKDIR /app
COPY . .
RUN apt-get update && apt-get install -y git
RUN pip install torch
"""
REQUEST = Request(isolated=True, cache=True, shellcheck=False)


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache; in a build context, it would be seen to change."""
    folder = tmp_path_factory.mktemp("cache") / "kept"
    monkeypatch.setenv("IMGTOOL_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(TEXT)
    (folder / "app.py").write_text("print()\n")
    return folder


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that rules have looked at."""
    seen: list[Path] = []
    real = work._finish

    def finish(read: Sequence[work._Read]) -> Iterator[Outcome]:
        seen.extend(file.job.path for file in read)
        return real(read)

    monkeypatch.setattr(work, "_finish", finish)
    return seen


def run(file: Path, request: Request = REQUEST) -> Outcome:
    (outcome,) = batch.run(batch.plan([file], request, lambda: b""), workers=1)
    return outcome


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.json") if path.is_file()]


def test_a_second_run_says_the_same_and_does_nothing(kept: Path, project: Path, worked: list[Path]) -> None:
    first = run(project / "Dockerfile")
    assert first.findings
    assert any(finding.fix for finding in first.findings)
    assert any(finding.saves_bytes for finding in first.findings)
    second = run(project / "Dockerfile")
    assert len(worked) == 1
    assert second.findings == first.findings
    assert (second.staged, second.notice, second.fails(), second.data) == (True, "", True, first.data)
    assert len(entries(kept)) == 1


@pytest.mark.parametrize("text", ["FROM a\n", "", "FROM a\nRUN \xff\n", "\ufeffFROM b\r\nRUN cd /x\r\n"])
def test_any_file_is_kept(text: str, kept: Path, tmp_path: Path, worked: list[Path]) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(text.encode("latin-1", "replace"))
    assert run(file).findings == run(file).findings
    assert (len(worked), len(entries(kept))) == (1, 1)


Change = Callable[[Path], object]


def _in_a_folder(project: Path) -> None:
    (project / "d").mkdir()
    (project / "d" / ".env").write_text("")


# --- (what changes, whether findings are worked out again) ---
CHANGES: list[tuple[str, Change, bool]] = [
    ("nothing", lambda _: None, False),
    ("time of the file", lambda p: os.utime(p / "Dockerfile", (1, 1)), False),
    ("a content that nobody reads", lambda p: (p / "app.py").write_text("exit()!\n"), False),
    ("the file", lambda p: (p / "Dockerfile").write_text(TEXT + "\n"), True),
    ("a new file", lambda p: (p / "weights.pt").write_text(""), True),
    ("a size", lambda p: (p / "app.py").write_text("print(1)\n"), True),
    ("a file less", lambda p: (p / "app.py").unlink(), True),
    (".dockerignore", lambda p: (p / ".dockerignore").write_text(".git\n"), True),
    ("the file's own", lambda p: (p / "Dockerfile.dockerignore").write_text("*\n"), True),
    ("a repository", lambda p: (p / ".git").mkdir(), True),
    ("a repository around it", lambda p: (p.parent / ".git").mkdir(), True),
    ("a file in a folder", _in_a_folder, True),
]  # fmt: skip


@pytest.mark.parametrize("what, change, again", CHANGES, ids=[row[0] for row in CHANGES])
def test_change(
    what: str, change: Change, again: bool, kept: Path, project: Path, worked: list[Path]
) -> None:
    del what, kept
    run(project / "Dockerfile")
    change(project)
    found = run(project / "Dockerfile")
    assert len(worked) == 1 + again
    assert found.findings == run(project / "Dockerfile", replace(REQUEST, cache=False)).findings


def test_what_is_seen_beside_one_file_is_no_concern_of_another(
    kept: Path, project: Path, worked: list[Path]
) -> None:
    del kept
    other = project.parent / "other"
    shutil.copytree(project, other)
    files = [project / "Dockerfile", other / "Dockerfile"]
    list(batch.run(batch.plan(files, REQUEST, lambda: b""), workers=1))
    (project / "weights.pt").write_text("")
    list(batch.run(batch.plan(files, REQUEST, lambda: b""), workers=1))
    assert worked == [*files, files[0]]


def test_the_content_of_a_file_that_a_rule_reads_counts(
    kept: Path, project: Path, worked: list[Path]
) -> None:
    del kept
    (project / ".env").write_text("COLOUR=red_as_roses\n")
    run(project / "Dockerfile")
    run(project / "Dockerfile")
    assert len(worked) == 1
    (project / ".env").write_text("PASSWORD=hunter2xyz\n")
    run(project / "Dockerfile")
    assert len(worked) == 2


def _configured(text: dict[str, object], folder: Path) -> ConfigFile:
    return ConfigFile(folder / "imgtool.toml", text)


SETTINGS: list[Callable[[Path], Request]] = [
    lambda _: replace(REQUEST, selection=Selection(ignore=("IMG201",))),
    lambda _: replace(REQUEST, profile="all"),
    lambda _: replace(REQUEST, preview=True),
    lambda _: replace(REQUEST, stage="x"),
    lambda _: replace(REQUEST, build_args={"A": "b"}),
    lambda p: replace(REQUEST, context=p.parent),
    lambda p: replace(
        REQUEST, isolated=False, config=_configured({"lint": {"severity": {"IMG": "error"}}}, p)
    ),
    lambda p: replace(REQUEST, isolated=False, config=_configured({"lint": {"suppressions": False}}, p)),
    lambda p: replace(REQUEST, isolated=False, config=_configured({"lint": {"strict-labels": True}}, p)),
    lambda p: replace(
        REQUEST, isolated=False, config=_configured({"lint": {"label-schema": {"a": "url"}}}, p)
    ),
]


@pytest.mark.parametrize("changed", SETTINGS)
def test_settings_count(
    changed: Callable[[Path], Request], kept: Path, project: Path, worked: list[Path]
) -> None:
    run(project / "Dockerfile")
    found = run(project / "Dockerfile", changed(project))
    assert len(worked) == 2
    assert len(entries(kept)) == 2
    again = run(project / "Dockerfile", changed(project))
    assert len(worked) == 2
    assert (again.findings, again.staged) == (found.findings, found.staged)


def test_severities_are_kept(kept: Path, project: Path) -> None:
    del kept
    request = SETTINGS[6](project)
    run(project / "Dockerfile", request)
    img = [f for f in run(project / "Dockerfile", request).findings if f.code.startswith("IMG")]
    assert {f.severity for f in img} == {Severity.ERROR}


def test_another_folder_has_its_own_context(
    kept: Path, project: Path, tmp_path: Path, worked: list[Path]
) -> None:
    del kept
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "Dockerfile").write_text(TEXT)
    run(project / "Dockerfile")
    run(tmp_path / "other" / "Dockerfile")
    assert len(worked) == 2


def test_how_the_file_is_called_does_not_count(
    kept: Path, project: Path, worked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    del kept
    first = run(project / "Dockerfile")
    monkeypatch.chdir(project)
    second = run(Path("Dockerfile"))
    assert (len(worked), second.job.shown, second.findings) == (1, "Dockerfile", first.findings)


def test_another_installation_counts(
    kept: Path, project: Path, worked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    del kept
    run(project / "Dockerfile")
    monkeypatch.setattr(cache, "_installed", lambda: "another")
    run(project / "Dockerfile")
    assert len(worked) == 2


def test_the_installation_is_all_our_files(tmp_path: Path) -> None:
    listed = "\n".join(cache._listed(Path(batch.__file__).parents[1]))
    assert "runner.py" in listed
    assert "cuda.toml" in listed
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "rule.py").write_text("1")
    before = list(cache._listed(tmp_path))
    (tmp_path / "a" / "rule.py").write_text("12")
    assert list(cache._listed(tmp_path)) != before
    assert list(cache._listed(tmp_path / "none")) == []


# --- secrets and failures --------------------------------------------------------------------------------

TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cD1fG3hJ5"


def test_nothing_is_kept_of_a_file_with_a_secret(kept: Path, project: Path, worked: list[Path]) -> None:
    (project / "Dockerfile").write_text(f"{TEXT}ENV GITHUB_TOKEN={TOKEN}\n")
    assert "IMG501" in {f.code for f in run(project / "Dockerfile").findings}
    run(project / "Dockerfile")
    assert (len(worked), entries(kept)) == (2, [])


def test_entries_are_private(kept: Path, project: Path) -> None:
    run(project / "Dockerfile")
    (entry,) = entries(kept)
    if os.name == "posix":
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600
        assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700
    assert (kept / ".gitignore").read_text() == "*\n"


def test_fixes_are_made_anew(kept: Path, project: Path, worked: list[Path]) -> None:
    run(project / "Dockerfile")
    fixed = run(project / "Dockerfile", replace(REQUEST, fix=True))
    assert fixed.changed
    assert len(worked) == 2
    assert len(entries(kept)) == 1


# --- hostile and torn entries ----------------------------------------------------------------------------

GOOD = '{"looks":[],"staged":true,"findings":[]}'
BAD = [
    "", "{", "[]", "null", "1", '"x"', "{}", "[" * 100_000, '{"looks":[],"staged":true}',
    '{"looks":[["_head"]],"staged":true,"findings":[]}',
    '{"looks":[["__import__",["os"],""]],"staged":true,"findings":[]}',
    '{"looks":[["_head",["a","b","c"],""]],"staged":true,"findings":[]}',
    '{"looks":[["_head",["/etc/hostname","x"],""]],"staged":true,"findings":[]}',
    '{"looks":[],"staged":true,"findings":[["IMG1"]]}',
    '{"looks":[],"staged":true,"findings":[["IMG1","x","error",[0,1000000],"m",[],null,null,[]]]}',
    '{"looks":[],"staged":true,"findings":[["IMG1","x","error",[3,1],"m",[],null,null,[]]]}',
    '{"looks":[],"staged":true,"findings":[["IMG1","x","error",[true,1],"m",[],null,null,[]]]}',
    '{"looks":[],"staged":true,"findings":[["IMG1","x","fatal",[0,1],"m",[],null,null,[]]]}',
    '{"looks":[],"staged":true,"findings":[["IMG1","x","error",[0,1],5,[],null,null,[]]]}',
    '{"looks":[],"staged":true,"findings":[["IMG1","x","error",[0,1],"m",[],["f",[[0,9e9,"x"]],"safe",[]],null,[]]]}',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_bad_entry_is_as_none(text: str, kept: Path, project: Path, worked: list[Path]) -> None:
    first = run(project / "Dockerfile")
    (entry,) = entries(kept)
    entry.write_text(text)
    assert run(project / "Dockerfile").findings == first.findings
    assert len(worked) == 2
    assert run(project / "Dockerfile").findings == first.findings
    assert len(worked) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipe has a name here")
def test_a_pipe_is_not_waited_for(kept: Path, project: Path, worked: list[Path]) -> None:
    run(project / "Dockerfile")
    (entry,) = entries(kept)
    entry.unlink()
    os.mkfifo(entry)
    run(project / "Dockerfile")
    assert len(worked) == 2


def test_a_link_or_a_huge_entry_is_as_none(kept: Path, project: Path, worked: list[Path]) -> None:
    run(project / "Dockerfile")
    (entry,) = entries(kept)
    other = project.parent / "elsewhere.json"
    other.write_text(GOOD)
    entry.unlink()
    entry.symlink_to(other)
    run(project / "Dockerfile")
    assert len(worked) == 2
    entry.write_text(GOOD + " " * cache.MAX_ENTRY)
    run(project / "Dockerfile")
    assert len(worked) == 3
    assert json.loads(other.read_text()) == json.loads(GOOD)


def test_a_folder_that_cannot_be_used_is_no_problem(
    project: Path, worked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (os.devnull, project / "Dockerfile", project / "Dockerfile" / "x"):
        monkeypatch.setenv("IMGTOOL_CACHE_DIR", str(place))
        before = len(worked)
        assert run(project / "Dockerfile").findings
        assert run(project / "Dockerfile").findings
        assert len(worked) == before + 2


def test_the_oldest_go(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_IN_FOLDER", 8)
    for number in range(20):
        path = cache._path(kept, f"aa{number:02}")
        cachedir.write(kept, path, b"{}")
        os.utime(path, (number, number))
        cache._prune(str(Path(path).parent))
    names = sorted(path.stem for path in entries(kept))
    assert len(names) <= 8
    assert names[-1] == "19"
    assert not list(kept.glob("**/*.json.*"))


# --- where it is -----------------------------------------------------------------------------------------


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGTOOL_CACHE_DIR", str(tmp_path / "env"))
    assert cache.folder(None) == tmp_path / "env"
    assert cache.folder(tmp_path / "config") == tmp_path / "env"
    assert cache.folder(configured=False) is None
    monkeypatch.delenv("IMGTOOL_CACHE_DIR")
    assert cache.folder(tmp_path / "config") == tmp_path / "config"
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    cache._usual.cache_clear()
    assert cache.folder(None) == tmp_path / "xdg" / "imgtool"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    cache._usual.cache_clear()
    assert cache.folder(configured=True) == Path.home() / ".cache" / "imgtool"
    cache._usual.cache_clear()


@pytest.mark.parametrize("place", [".imgtool", "ci/kept"])
def test_it_does_not_count_in_a_build_context(
    place: str, project: Path, worked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMGTOOL_CACHE_DIR")
    request = replace(REQUEST, isolated=False)
    (project / ".imgtool.toml").write_text(f"cache = '{place}'\n")
    first = run(project / "Dockerfile", request)
    assert entries(project / place)
    assert run(project / "Dockerfile", request).findings == first.findings
    assert len(worked) == 1
    # nor does one that an older version, or another tool, has marked
    shutil.copytree(project / place, project / "theirs")
    (project / "theirs" / cachedir.TAG).write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    run(project / "Dockerfile", request)
    assert len(worked) == 1
    # but what is in it beside entries does
    (project / "theirs" / "other").touch()
    run(project / "Dockerfile", request)
    assert len(worked) == 2


def test_a_tag_that_is_lost_is_made_anew(kept: Path, project: Path) -> None:
    run(project / "Dockerfile")
    (kept / cachedir.TAG).unlink()
    shutil.rmtree(kept / "v1")
    (kept / "v1").mkdir()
    run(project / "Dockerfile")
    assert cachedir.is_marked(kept)


def test_a_folder_that_holds_something_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGTOOL_CACHE_DIR", str(project))
    before = sorted(project.rglob("*"))
    with pytest.raises(
        ConfigError, match=r"^IMGTOOL_CACHE_DIR: .* holds other files: it takes a folder of its own"
    ):
        run(project / "Dockerfile")
    assert sorted(project.rglob("*")) == before
    assert run(project / "Dockerfile", replace(REQUEST, cache=False)).findings


def test_what_is_said_where_nothing_is_kept(kept: Path, project: Path) -> None:
    assert cache.unusable(Path(os.devnull)) == ""
    assert cache.unusable(kept) == ""
    file = project / "Dockerfile"
    assert cache.unusable(file) == f"nothing is kept in {file}: it is no folder"
    assert cache.unusable(file / "x") == f"nothing is kept in {file / 'x'}: Not a directory"


PROGRAM = """
import atexit, sys
atexit.register(lambda: print("MODULES", *sorted(sys.modules), file=sys.stderr))
from imgtool.__main__ import main
main()
"""


def test_a_second_run_loads_no_rule(kept: Path, project: Path) -> None:
    del kept
    # what only the grammar can read
    with (project / "Dockerfile").open("a") as file:
        file.write("RUN select a in b; do echo c; done\n")
    words = [sys.executable, "-c", PROGRAM, "lint", "--isolated", "--no-shellcheck", str(project)]
    done = [subprocess.run(words, capture_output=True, text=True, check=False) for _ in range(2)]
    assert done[0].stdout == done[1].stdout != ""
    assert [run.returncode for run in done] == [1, 1]
    modules = set(done[1].stderr.rpartition("MODULES")[2].split())
    heavy = {"imgtool_rules", "tree_sitter", "imgtool.families", "imgtool.rule", "imgtool.facts.facts"}
    assert heavy & set(done[0].stderr.rpartition("MODULES")[2].split()) == heavy
    assert not {m for m in modules if any(f"{m}.".startswith(f"{name}.") for name in heavy)}
    assert not modules & {"imgtool.syntax.parser", "hashlib", "dataclasses", "typer", "subprocess", "pickle"}
    assert "MODULES" not in done[1].stdout
