"""Indexes of Python packages."""

from __future__ import annotations

from functools import cache

from imgtool.families.model import Evidence, rows
from imgtool.values import NamedTuple


class PythonIndex(NamedTuple):
    """An index by the ``hosts`` that serve it.

    ``kind``: ``pypi`` is PyPI or a mirror of all of it; a ``vendor`` serves builds of packages that it owns on PyPI.
    """

    name: str
    kind: str
    hosts: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence


def python_indexes() -> tuple[PythonIndex, ...]:
    """All that are known."""
    return rows("python_indexes", "index", PythonIndex)


@cache
def index_at(host: str) -> PythonIndex | None:
    """The index that a host serves, by its name in lower case."""
    return next((row for row in python_indexes() if host in row.hosts), None)
