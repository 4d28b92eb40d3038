"""How the files of a run are gone through."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgtool.lint import batch, work
from imgtool.lint.batch import Request

LARGE = work.ENOUGH + 1

# --- (sizes of files, how many are linted together each time) ---
SIZES = [
    ([], [0]),
    ([9] * 3, [3]),
    ([9] * work.TOGETHER, [work.TOGETHER, 0]),
    ([9] * (work.TOGETHER + 2), [work.TOGETHER, 2]),
    ([LARGE], [1, 0]),
    ([9, LARGE, 9, 9], [2, 2]),
    ([work.ENOUGH // 2] * 5, [3, 2]),
    # there is nothing to read of it
    ([9, None, 9], [3]),
]


@pytest.mark.parametrize("sizes, expected", SIZES)
def test_files_are_linted_together(sizes: list[int | None], expected: list[int], tmp_path: Path) -> None:
    files = [tmp_path / f"{number}" for number in range(len(sizes))]
    for file, size in zip(files, sizes, strict=True):
        if size is not None:
            file.write_bytes(b"FROM a\n#\n".ljust(size, b"\n"))
    jobs = batch.plan(files, Request(isolated=True), lambda: b"")
    groups = [[read.job.path for read in group] for group in work._groups(jobs)]
    assert [len(group) for group in groups] == expected
    assert [file for group in groups for file in group] == files
    assert [outcome.job.path for outcome in work.in_turn(jobs)] == files
