"""How the files of a run are gone through."""

from __future__ import annotations

import gc
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


STAGES = b"""# syntax=docker/dockerfile:1
ARG TAG=x
FROM a:$TAG AS one
ONBUILD COPY --from=two /x /y
RUN --mount=from=two,target=/z pip install a && cd /x && (make || exit 1)
FROM one AS two
COPY --from=three a b
COPY --from=one . .
RUN <<EOT
apt-get install $(cat x) | tee y
EOT
FROM two AS three
ENV TOKEN=5f3c1d0e9b8a7766
NONSENSE
"""


def test_nothing_is_left_that_only_a_search_for_garbage_finds(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(STAGES)
    jobs = batch.plan([file], Request(isolated=True, profile="all", shellcheck=False), lambda: b"")

    def lint() -> int:
        (outcome,) = work.in_turn(jobs)
        return len(outcome.findings)

    # with the first file, modules are loaded
    assert lint()
    gc.collect()
    gc.disable()
    try:
        lint()
        assert gc.collect() == 0
    finally:
        gc.enable()
