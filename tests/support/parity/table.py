"""The table of divergences: where the two differ, who is right and why."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from imgtool.facts.facts import Policy
from parity import classes, run_classes
from parity.classes import Difference
from parity.peer import NO_POLICY

FOLDER = Path(__file__).resolve().parents[2] / "parity"
DIVERGENCES = FOLDER / "hadolint_divergences.toml"
WHO = ("imgtool", "hadolint", "either")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A Dockerfile with the lines that a rule reports of it; hadolint's may be ``DL1000`` or ``crash``."""

    rule: str
    dockerfile: str
    hadolint: tuple[int, ...] | str
    imgtool: tuple[int, ...]
    policy: Policy = NO_POLICY


@dataclass(frozen=True, slots=True)
class Divergence:
    """A snippet of which the two say different things. Of a ``kind``, it is an example."""

    snippet: Snippet
    who: str
    why: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of differences: ``explains`` tells whether one is of it."""

    name: str
    who: str
    why: str
    rules: tuple[str, ...]
    explains: Callable[[Difference], bool]


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


@cache
def divergences() -> tuple[Divergence, ...]:
    return tuple(
        Divergence(_snippet(row["rule"], row), row["who"], row["why"], row.get("class"))
        for row in _read(DIVERGENCES).get("divergence", ())
    )


@cache
def kinds() -> tuple[Kind, ...]:
    return tuple(
        Kind(
            row["name"],
            row["who"],
            row["why"],
            tuple(row["rules"]),
            _predicate(row["name"].replace("-", "_")),
        )
        for row in _read(DIVERGENCES).get("class", ())
    )


def _predicate(name: str) -> Callable[[Difference], bool]:
    module = run_classes if hasattr(run_classes, name) else classes
    found: Callable[[Difference], bool] = getattr(module, name)
    return found


@cache
def snippets() -> tuple[Snippet, ...]:
    """Snippets of which both are to say the same, from ``snippets/CODE.toml``."""
    return tuple(
        _snippet(path.stem, {"hadolint": row["lines"], "imgtool": row["lines"]} | row)
        for path in sorted((FOLDER / "snippets").glob("DL*.toml"))
        for row in _read(path)["snippet"]
    )


def _snippet(rule: str, row: Mapping[str, Any]) -> Snippet:
    theirs = row["hadolint"]
    policy = Policy(
        row.get("label-schema", {}), row.get("strict-labels", False), tuple(row.get("trusted-registries", ()))
    )
    said = theirs if isinstance(theirs, str) else tuple(theirs)
    return Snippet(rule, row["dockerfile"], said, tuple(row["imgtool"]), policy)
