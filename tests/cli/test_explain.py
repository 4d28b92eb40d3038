"""``imgtool explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Imgtool = Callable[..., Any]


@pytest.mark.parametrize("name", ["IMG002", "img002", "unused-suppression"])
def test_one(imgtool: Imgtool, name: str) -> None:
    done = imgtool("explain", name)
    assert done.out.startswith(
        "IMG002 unused-suppression: Unused suppression.\nwarning, fix: always, since 0.1.0\n"
    )
    assert "\nWhy is this bad\n" in done.out


def test_several(imgtool: Imgtool) -> None:
    done = imgtool("explain", "IMG001", "sc2086")
    assert done.out.startswith("IMG001 syntax-error: ")
    assert done.out.endswith("SC2086 is ShellCheck's: https://www.shellcheck.net/wiki/SC2086\n")


def test_nobody(imgtool: Imgtool) -> None:
    done = imgtool("explain", "unused-supression")
    assert (done.code, done.out) == (2, "")
    assert "no rule is called 'unused-supression' (did you mean unused-suppression?)" in done.err


def test_the_beginning_of_codes(imgtool: Imgtool) -> None:
    done = imgtool("explain", "IMG2")
    assert done.code == 2
    assert "IMG2 is the beginning of codes, which imgtool rules IMG2 lists" in " ".join(done.err.split())
