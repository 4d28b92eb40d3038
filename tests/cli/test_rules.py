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
    assert "unused-suppression" in done.out


# --- (selectors, codes) ---
SELECTED = [
    (["IMG002"], ["IMG002"]),
    (["unused-suppression", "img001"], ["IMG001", "IMG002"]),
    (["IMG00"], ["IMG001", "IMG002", "IMG003"]),
]


@pytest.mark.parametrize("selectors, expected", SELECTED)
def test_some(imgtool: Imgtool, selectors: list[str], expected: list[str]) -> None:
    assert [line.split()[0] for line in imgtool("rules", *selectors).out.splitlines()] == expected


def test_json(imgtool: Imgtool) -> None:
    rows = json.loads(imgtool("rules", "--format", "json", "IMG001", "IMG003").out)
    assert [(row["code"], row["severity"], row["fix"], row["set"], row["summary"]) for row in rows] == [
        ("IMG001", "error", "none", "default", "Syntax error"),
        ("IMG003", "warning", "none", "default", "Unknown code in a suppression"),
    ]
    every = {row["code"]: row["set"] for row in json.loads(imgtool("rules", "--format", "json").out)}
    assert list(every) == [entry.code for entry in index()]
    assert {every["DL3008"], every["IMG101"]} == {"hadolint", "default"}


def test_nobody(imgtool: Imgtool) -> None:
    done = imgtool("rules", "unused-supression")
    assert (done.code, done.out) == (2, "")
    assert "no rule matches 'unused-supression' (did you mean unused-suppression?)" in done.err


@pytest.mark.parametrize("selector", ["SC", "sc2086", "shellcheck"])
def test_what_is_shellchecks_is_listed_elsewhere(imgtool: Imgtool, selector: str) -> None:
    said = f"imgtool: {selector}: ShellCheck's own are listed at https://www.shellcheck.net/wiki/\n"
    done = imgtool("rules", selector)
    assert (done.code, done.out, done.err) == (0, "", said)
    done = imgtool("rules", selector, "IMG001")
    assert (done.out.split()[0], done.err) == ("IMG001", said)
    assert json.loads(imgtool("rules", selector, "--format", "json").out) == []
