"""Projects that compile CUDA code when they are built from source, and the variables that bound such a build."""

from __future__ import annotations

from functools import cache
from typing import Literal

from imgtool.families.model import Evidence, fullmatches, load, rows, search
from imgtool.regex import regex
from imgtool.values import NamedTuple

_MAX_NAME = 200
_SEPARATORS = regex(r"[-_.]+")


class SourceBuild(NamedTuple):
    """One project, by its package or repository name. ``archs`` is the variable that chooses architectures,
    ``jobs`` the one that bounds how many compilers run at once.

    ``sdist``: it has no wheels on PyPI. ``heavy``: one compiler takes gigabytes of memory. ``when`` and ``unless`` are regular expressions for the text of a stage.
    """

    name: str
    pattern: str
    archs: str
    source: tuple[str, ...]
    evidence: Evidence
    when: str | None = None
    unless: str | None = None
    sdist: bool = False
    jobs: str = "MAX_JOBS"
    heavy: bool = False


def source_build(name: str, text: str) -> SourceBuild | None:
    """The project of a name whose CUDA part a stage with this text builds; None for any other."""
    plain = _SEPARATORS.sub("-", name).lower()[:_MAX_NAME]
    known, patterns = _builds()
    for number, _ in fullmatches(patterns, plain):
        row = known[number]
        if row.when is None or search(row.when, text):
            return None if row.unless is not None and search(row.unless, text) else row
    return None


@cache
def _builds() -> tuple[tuple[SourceBuild, ...], tuple[str, ...]]:
    """All projects, and the patterns of their names."""
    known = rows("builds", "build", SourceBuild)
    return known, tuple(row.pattern for row in known)


def is_chosen(what: Literal["archs", "jobs"], text: str) -> bool:
    """Whether a stage's text shows that somebody chose architectures, or bounded what is done at once."""
    names: list[str] = load("builds")["chosen"][what]
    return any(name in text for name in names)
