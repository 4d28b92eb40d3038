"""Which caches of package managers a path names."""

from __future__ import annotations

import pytest

from imgtool.facts.caches import _emptied, _empties
from imgtool.families.caches import package_caches

FOLDERS = sorted({folder for cache in package_caches() for folder in cache.folders})


def around(folder: str) -> set[str]:
    """Paths at, above, below and beside a folder, with wildcards and needless slashes."""
    parts = folder.split("/")
    heads = ["/".join(parts[:n]) for n in range(len(parts) + 1)]
    before = ("", "/", "//", "/root/", "/home/x/", "~/", "/roo")
    behind = ("", "/", "//", "/*", "*", "/x", "x", "/x/y", "?", "[ab]")
    return {f"{a}{head}{b}" for a in before for head in heads for b in behind}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_look_at_all_folders_rules_out_what_empties_none(folder: str) -> None:
    for path in around(folder):
        plain = tuple(c for c in package_caches() if any(_empties(path, each) for each in c.folders))
        assert _emptied(path) == plain, path


@pytest.mark.parametrize(
    "path, expected", [("", False), ("/", True), ("//", True), ("/*", True), ("/nowhere", False)]
)
def test_what_empties_all_or_nothing(path: str, expected: bool) -> None:
    assert bool(_emptied(path)) is expected
