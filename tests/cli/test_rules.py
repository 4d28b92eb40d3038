"""``imgtool rules``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from imgtool.lint.registry import index

Imgtool = Callable[..., Any]


def test_all(imgtool: Imgtool) -> None:
    done = imgtool("rules")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == [entry.code for entry in index()]
    assert "IMG002  unused-suppression" in done.out


@pytest.mark.parametrize("name", ["IMG002", "img002", "unused-suppression"])
def test_one(imgtool: Imgtool, name: str) -> None:
    done = imgtool("rules", name)
    assert done.out.startswith(
        "IMG002 unused-suppression: Unused suppression.\nwarning, fix: always, since 0.1.0\n"
    )
    assert "## Why is this bad" in done.out


def test_json(imgtool: Imgtool) -> None:
    rows = json.loads(imgtool("rules", "--format", "json", "IMG001", "IMG003").out)
    assert [(row["code"], row["severity"], row["fix"], row["summary"]) for row in rows] == [
        ("IMG001", "error", "none", "Syntax error"),
        ("IMG003", "warning", "none", "Unknown code in a suppression"),
    ]
    assert len(json.loads(imgtool("rules", "--format", "json").out)) == len(index())


def test_nobody(imgtool: Imgtool) -> None:
    done = imgtool("rules", "unused-supression")
    assert (done.code, done.out) == (2, "")
    assert "no rule is called 'unused-supression' (did you mean unused-suppression?)" in done.err
