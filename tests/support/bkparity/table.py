"""The tables of snippets and of divergences."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "parity"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A Dockerfile and the lines at which both report a check."""

    check: str
    dockerfile: str
    buildkit: tuple[int, ...]
    imgtool: tuple[int, ...]
    ignore: str | None = None


@dataclass(frozen=True, slots=True)
class Divergence:
    """A snippet of which the two say different things: the class of such differences, who is right, and why."""

    snippet: Snippet
    kind: str
    who: str
    why: str


@cache
def snippets() -> tuple[Snippet, ...]:
    """Those of which both say the same."""
    return tuple(
        Snippet(r["check"], r["dockerfile"], tuple(r["lines"]), tuple(r["lines"]), r.get("ignore"))
        for r in _rows("buildkit_snippets.toml", "snippet")
    )


@cache
def divergences() -> tuple[Divergence, ...]:
    """Those of which they say different things."""
    return tuple(
        Divergence(
            Snippet(r["check"], r["dockerfile"], tuple(r["buildkit"]), tuple(r["imgtool"]), r.get("ignore")),
            r["class"],
            r["who"],
            r["why"],
        )
        for r in _rows("buildkit_divergences.toml", "divergence")
    )


def _rows(name: str, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((FOLDER / name).read_text("utf-8"))[table]
    return rows
