from __future__ import annotations

import pickle
from pathlib import Path

from imgtool.lint import batch


def test_jobs_go_to_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:bookworm\n")
    jobs = batch.plan([path], batch.Request(), lambda: b"")
    (again,) = pickle.loads(pickle.dumps(jobs))  # noqa: S301 - our own
    assert again.facts == jobs[0].facts
    assert [entry.code for entry in again.rules] == [entry.code for entry in jobs[0].rules]


def test_processes_find_what_one_does(tmp_path: Path) -> None:
    paths = [tmp_path / name / "Dockerfile" for name in "abc"]
    for path in paths:
        path.parent.mkdir()
        path.write_text("FROM debian\nMAINTAINER me\n")
    jobs = batch.plan(paths, batch.Request(isolated=True), lambda: b"")
    alone, shared = ([outcome.findings for outcome in batch.run(jobs, workers)] for workers in (1, 2))
    assert alone == shared
    assert all(alone)


def test_a_file_is_found_once_by_all_its_names(tmp_path: Path) -> None:
    names = [tmp_path / "Dockerfile", tmp_path / "link", tmp_path / "x/../Dockerfile"]
    (tmp_path / "x").mkdir()
    names[0].write_text("FROM a")
    names[1].symlink_to("Dockerfile")
    assert batch.find(names[1:], batch.Request()).files == (names[1],)
    assert batch.find([tmp_path, *names], batch.Request()) == batch.find([tmp_path], batch.Request())
