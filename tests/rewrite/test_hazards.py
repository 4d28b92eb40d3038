"""The 49 ways in which a split goes wrong, each with a file that has it and what must become of it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from imgtool.edits import cut
from imgtool.facts.facts import FactOptions, Facts
from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.plan import Status
from imgtool.syntax import parse

HAZARDS = Path(__file__).resolve().parents[2] / "fixtures" / "hazards"
FOLDERS = sorted(path for path in HAZARDS.iterdir() if path.is_dir())
COUNT = 49


@cache
def wanted(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "hazard.toml").read_text("utf-8"))


@cache
def made(folder: Path) -> Rewrite:
    file = folder / "Dockerfile"
    return rewrite(file.read_bytes(), None, FactOptions(dockerfile=file, context=folder))


def stages(data: bytes) -> tuple[str, str]:
    """The text of all stages but the last of a split, and of that one."""
    facts = Facts(parse(data))
    builders = [s for s in facts.stages if "build" in (s.name or "")]
    final = facts.stages[builders[-1].index + 1 if builders else -1]
    last = (final.instructions or (final.from_,))[-1].span.end
    start = final.from_.span.start
    return data[:start].decode(), cut(data, type(final.base_span)(start, last))


def test_there_is_one_for_each_hazard() -> None:
    assert [int(folder.name[:2]) for folder in FOLDERS] == list(range(1, COUNT + 1))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_hazard(folder: Path) -> None:
    want, result = wanted(folder), made(folder)
    reasons = [reason.code for reason in result.plan.reasons]
    assert (str(result.plan.status), reasons) == (want["status"], [want["code"]] if "code" in want else [])
    if result.plan.status is not Status.CONVERTED:
        assert result.data == (folder / "Dockerfile").read_bytes()
        return
    builder, final = stages(result.data)
    assert [text for text in want.get("final", ()) if text not in final] == []
    assert [text for text in want.get("never", ()) if text in final] == []
    assert [text for text in want.get("builder", ()) if text not in builder] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_second_rewrite_changes_nothing(folder: Path) -> None:
    result = made(folder)
    options = FactOptions(dockerfile=folder / "Dockerfile", context=folder)
    again = rewrite(result.data, None, options)
    assert again.data == result.data
    expected = Status.UNCHANGED if result.plan.status is Status.CONVERTED else result.plan.status
    assert again.plan.status is expected
