"""The command; sessions are in tests/lsp."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Imgtool = Callable[..., Any]


def test_help_teaches_editors(imgtool: Imgtool) -> None:
    done = imgtool("lsp", "--help")
    assert done.code == 0
    for editor in ("Neovim", "Helix", "Emacs", "VS Code"):
        assert editor in done.out
    assert "imgtool.lsp.server" not in sys.modules


def test_without_the_extra(imgtool: Imgtool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    for name in [name for name in sys.modules if name.startswith(("pygls.", "imgtool.lsp.server"))]:
        monkeypatch.delitem(sys.modules, name)
    done = imgtool("lsp")
    assert (done.code, done.out) == (2, "")
    assert 'pip install "imgtool-containers[lsp]"' in done.err


# --- (words, what is said) ---
WRONG = [
    (["--config", "nowhere.toml"], "nowhere.toml: cannot be read"),
    (["--config", "nowhere.toml", "--isolated"], "--isolated reads no configuration, --config one"),
    (["--port", "1"], "--port"),
]


@pytest.mark.parametrize("words, said", WRONG)
def test_wrong_usage(imgtool: Imgtool, here: Path, words: list[str], said: str) -> None:
    done = imgtool("lsp", *words)
    assert (done.code, list(here.iterdir())) == (2, [])
    assert said in done.err
