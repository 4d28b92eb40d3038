from __future__ import annotations

import pytest

from imgtool.facts.managers import MANAGERS
from imgtool.facts.packages import Operation
from imgtool.families.caches import cache_bytes, cache_of, package_caches
from imgtool.lint import registry
from imgtool.lint.runner import lint

# what fills the cache of a manager
FILLS = {
    "apk": "add a",
    "apt": "update",
    "apt-get": "update",
    "aptitude": "update",
    "yarn": "install",
    "npm": "ci",
}


def test_managers_and_operations_are_those_of_the_facts() -> None:
    for row in package_caches():
        assert set(row.managers) <= set(MANAGERS), row.name
        assert set(row.operations) <= set(Operation), row.name


def test_one_cache_a_manager() -> None:
    managers = [manager for row in package_caches() for manager in row.managers]
    assert len(managers) == len(set(managers))
    assert all(cache_of(manager) for manager in managers)
    assert cache_of("make") is None


@pytest.mark.parametrize("manager", [manager for row in package_caches() for manager in row.managers])
def test_what_empties_a_cache_is_taken_for_that(manager: str) -> None:
    row = cache_of(manager)
    assert row
    verb = "pip install a" if manager == "uv" else FILLS.get(manager, "install -y a")
    clean = row.clean.replace("{program}", manager)
    rules = [registry.load(entry) for entry in registry.index() if entry.code == "IMG204"]
    found = [
        len(lint(f"FROM x\nRUN {manager} {verb}{rest}".encode(), "Dockerfile", rules).findings)
        for rest in ("", f" && {clean}")
    ]
    assert found == [1, 0]


# what one apt-get update leaves, by system and release
SIZES = [
    ("apt-lists", "debian", "12", 19_800_000),
    ("apt-lists", "debian", None, 18_400_000),
    ("apt-lists", "ubuntu", "22.04", 82_300_000),
    ("apt-lists", "ubuntu", "14.04", None),
    ("apt-lists", "alpine", None, None),
    ("apt-lists", None, None, None),
    ("pip-cache", "debian", "12", None),
]


@pytest.mark.parametrize("name, os, version, size", SIZES)
def test_sizes(name: str, os: str | None, version: str | None, size: int | None) -> None:
    assert cache_bytes(name, os, version) == size
    assert name in {row.name for row in package_caches()}
