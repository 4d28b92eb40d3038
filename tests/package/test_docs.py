"""The pages hang together: the site's contents have each of them, and links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from imgtool.inspect.kinds import OTHER, known_kinds
from imgtool.lint.registry import index

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
PAGES = sorted(DOCS.rglob("*.md"))
READ = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"))]


def entries(nav: Any) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from entries(value)


def test_the_contents_have_every_page() -> None:
    listed = list(entries(SITE["nav"]))
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)
    assert listed[0] == "index.md"


def test_the_site_needs_nothing_from_elsewhere() -> None:
    assert SITE["plugins"] == ["search"]
    assert SITE["theme"]["font"] is False


def test_every_rule_has_a_page_and_its_names_a_row() -> None:
    rows = (DOCS / "aliases.md").read_text("utf-8")
    contents = (DOCS / "rules/README.md").read_text("utf-8")
    for entry in index():
        assert (DOCS / f"rules/{entry.code}.md").exists()
        assert contents.count(f"| [{entry.code}]({entry.code}.md) | `{entry.name}` |") == 1
        row = next((row for row in rows.splitlines() if row.startswith(f"| [{entry.code}]")), "")
        assert bool(row) == bool(entry.aliases)
        assert all(alias in row for alias in entry.aliases)


def test_every_kind_of_files_has_a_row_and_its_sources_one() -> None:
    told, _, below = (DOCS / "kinds.md").read_text("utf-8").partition("\n## Sources\n")
    ids = re.findall(r"^\|[^|]+\| `([\w-]+)` \|", told, re.MULTILINE)
    assert ids == [kind.id for kind in (*known_kinds(), OTHER)]
    assert {*re.findall(r"^\| ([\w-]+) \|", below, re.MULTILINE)} == {
        s for k in known_kinds() for s in k.source
    }


def prose(page: Path) -> str:
    """A page without its code."""
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1 *$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", lambda code: code[0].strip("`") if "](" not in code[0] else "", text)


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    found = re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        # the site is docs alone
        assert DOCS not in page.parents or there.is_relative_to(DOCS), f"{target} is not on the site"
        if anchor:
            assert anchor in anchors(there), target


def test_the_rule_of_a_pack_is_the_fixture() -> None:
    page = ROOT.joinpath("docs/plugins.md").read_text("utf-8")
    shown = page.partition("````python\n")[2].partition("````")[0]
    assert shown == ROOT.joinpath("fixtures/plugin/src/acme_rules/acme001_owner_label.py").read_text("utf-8")
