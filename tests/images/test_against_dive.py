"""What dive and imgtool make of the same images, beside the truth."""

from __future__ import annotations

from pathlib import Path

import dive
import pytest

from imgtool.images.contents import read_contents

PAGE = Path(__file__).resolve().parents[2] / "docs/dive.md"


@pytest.mark.parametrize("example", dive.EXAMPLES, ids=str)
def test_the_truth(example: dive.Example, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(example.archive())
    contents = read_contents(str(path))
    assert contents.measures.waste == sum(one.size for one in contents.wasted()) == example.lost
    assert sum(one.lost for one in contents.duplicates()) == example.twice


@pytest.mark.parametrize("example", dive.EXAMPLES, ids=str)
def test_dive(example: dive.Example, tmp_path: Path) -> None:
    program = dive.program()
    if program is None:
        pytest.skip("dive is not installed: the extra [bench] brings it")
    path = tmp_path / "image.tar"
    path.write_bytes(example.archive())
    said, known = dive.ask(program, path), example.dive
    assert (said.wasted, said.passes) == (known.wasted, known.passes)
    assert (said.efficiency, said.user_wasted) == pytest.approx(
        (known.efficiency, known.user_wasted), abs=0.001, nan_ok=True
    )


def test_the_page_has_the_table(tmp_path: Path) -> None:
    rows = []
    for example in dive.EXAMPLES:
        path = tmp_path / "image.tar"
        path.write_bytes(example.archive())
        rows.append((example, read_contents(str(path)), example.dive))
    assert dive.table(rows) in PAGE.read_text("utf-8")
