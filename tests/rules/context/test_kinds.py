"""What files of a build context are, by their names."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.facts.context import ContextFile, Listing
from imgtool.weights import least_weights

KINDS: Any = import_module("imgtool_rules.context._kinds")
_PIECES = st.sampled_from(
    ". .. / // \n .git __pycache__ .venv .idea a/.idea .gitx git x .pt .PT .pth .om .bin .tfrecord .tfrecords .h5 .pb .py py"
    " package.json CMakeLists.txt Cargo.toml node_modules build target .env id_rsa".split(" ")
)
_DATA = (".h5", ".hdf5", ".npz", ".tfrecord", ".tfrecords", ".parquet", ".arrow")
_PATH = st.lists(_PIECES, min_size=1, max_size=6).map("".join)
_FILE = st.builds(ContextFile, _PATH, st.sampled_from([1, KINDS.MIN_BINARY]))


@given(_FILE)
@example(ContextFile("a/model.safetensorS", 1))
@example(ContextFile("a\nb/x.pt", 1))
@example(ContextFile("pt", 1))
@example(ContextFile("bin", KINDS.MIN_BINARY))
@example(ContextFile("x__pycache__/y", 1))
@example(ContextFile(".h5", 1))
@example(ContextFile("x.PARQUET", 1))
def test_looking_first_changes_nothing(file: ContextFile) -> None:
    found = re.match(KINDS._NEEDLESS, file.path)
    assert KINDS.needless(file) == (found and found[1])
    assert KINDS.git(file) == (re.match(KINDS._GIT, file.path) is not None)
    least = least_weights(file.path)
    large = file.path.endswith(".bin") and file.size >= KINDS.MIN_BINARY
    data = file.path.lower().endswith(_DATA)
    named = (least is not None and file.size >= least) or data
    assert KINDS.weights(file) == (not found and (named or large))


def _in_made(path: str) -> list[str]:
    anywhere = {made.name for made in KINDS.MADE if made.anywhere and f"/{made.name}/" in path}
    return [m.name for m in KINDS.MADE if m.name in anywhere or path.startswith(f"{m.name}/")]


def _shows(path: str) -> set[str]:
    return {m.name for m in KINDS.MADE if path == m.sign or (m.anywhere and path.endswith(f"/{m.sign}"))}


@given(st.lists(_FILE, max_size=5))
def test_a_summary_is_that_of_each_file(files: list[ContextFile]) -> None:
    folders: dict[tuple[str, ...], int] = {}
    for file in files:
        key = (KINDS.needless(file) or "", *_in_made(file.path))
        folders[key] = folders.get(key, 0) + file.size
    expected = KINDS.Summary(
        interesting=tuple(filter(KINDS.interesting, files)),
        folders=folders,
        signs=frozenset().union(*(_shows(file.path) for file in files)),
        python=any(file.path.endswith(".py") for file in files),
        code=any(file.path.endswith(KINDS._CODE) for file in files),
        nested_history=any(KINDS.needless(f) == ".git" and not f.path.startswith(".git/") for f in files),
    )
    assert KINDS.summary(Listing(tuple(files), complete=True)) == expected
