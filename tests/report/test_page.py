from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import classic, files, layer, member, oci, pack
from browser import PROGRAM, Page, opened
from looked import looked_at

from imgtool.report import page as pages
from imgtool.report import treemap
from imgtool.report.page import embedded, page
from imgtool.report.treemap import Leaf

HOSTILE = (
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "__proto__",
    "\u2028",
)
HISTORY = [{"created_by": "COPY . . # buildkit"}, {"created_by": f"RUN rm -r /d {HOSTILE[0]}"}]


def image(*tars: bytes, reference: str = "app.tar", **config: Any) -> Any:
    return looked_at(files(oci(tars, **config)), reference)


ONE = image(
    layer(
        "usr/lib/libc.so.6 600000, usr/lib/b 200000, opt/x/deep 90000, d/gone 50000, root/.cache/pip/w 70000"
    ),
    pack([member(f"odd/{name.replace('/', '_')}", b"x" * 5000) for name in HOSTILE]),
    layer(".wh.d"),
    reference=f"app {HOSTILE[0]}",
    history=[*HISTORY, {"created_by": "RUN rm -r d"}],
)
OTHER = image(layer("usr/lib/libc.so.6 700000, opt/x/deep 90000, new/y 123000"), reference="other.tar")


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_nothing_but_its_own_script_and_style_may_run() -> None:
    text = page([ONE])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for own in (script, style):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()}'" in policy[1]
    assert not re.findall(r"(?:src|href)=", text.replace(HOSTILE[1], "").partition('<script type="app')[0])


@pytest.mark.parametrize("text", [*HOSTILE, "<!--", "]]>", "&lt;", "\ud800"])
def test_data_stays_data(text: str) -> None:
    shown = embedded({"text": text})
    assert json.loads(shown) == {"text": text}
    assert not set("<>&\u2028") & set(shown)


def test_foreign_text_is_escaped() -> None:
    text = page([ONE])
    assert "<script>window" not in text
    assert "app &lt;/script&gt;" in text


def test_all_bytes_are_in_it() -> None:
    data = data_of(page([ONE]))
    assert sum(data["nodes"]["sizes"][0]) == ONE.measures.flattened
    assert [one["waste"] for one in data["images"][0]["layers"]] == [50_000, 0, 0]
    assert [table["title"] for table in data["tables"]] == [
        "Layers",
        "Kinds",
        "Packages",
        "Waste",
        "Duplicates",
    ]
    both = data_of(page([ONE, OTHER]))
    assert [sum(sizes) for sizes in both["nodes"]["sizes"]] == [
        ONE.measures.flattened,
        OTHER.measures.flattened,
    ]
    assert [table["title"] for table in both["tables"]] == ["Layers", "Kinds", "Packages", "Folders", "Paths"]


def test_how_measures_moved() -> None:
    assert "913,000 bytes, -67 kB (-6.8%)<br>" in page([ONE, OTHER])


def test_the_title_says_which_command_shows_it() -> None:
    assert "<title>other.tar: imgtool size</title>" in page([OTHER])
    assert "other.tar: imgtool compare</title>" in page([ONE, OTHER])


def test_rows_that_have_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST", 2)
    content = ", ".join(f"d{n}/f 500" for n in range(5))
    whole, gone = layer(content), layer(", ".join(f".wh.d{n}" for n in range(5)))
    (*_, waste, _twice) = data_of(page([image(whole, gone)]))["tables"]
    assert (waste["title"], len(waste["rows"]), waste["total"]) == ("Waste", 2, 5)
    for table in data_of(page([OTHER, image(whole)]))["tables"][-2:]:
        assert (len(table["rows"]), table["total"]) == (2, 8)


def test_long_texts_are_cut_in_their_middle() -> None:
    path = "/".join(["a" * 100] * 5)
    (row,) = data_of(page([image(layer(f"{path} 5000"), layer(".wh." + "a" * 100))]))["tables"][3]["rows"]
    assert len(row[0]) == pages._LONGEST + 1


def test_without_an_analysis() -> None:
    bare = looked_at(files(classic([layer("a 1")])), top=0)
    assert data_of(page([bare]))["tables"] == []


def test_a_chart_of_what_came_before() -> None:
    assert '<div id="trend"><svg></svg></div>' in page([ONE], "<svg></svg>")


@pytest.fixture(scope="module")
def large() -> str:
    """A page of two images of 60,000 files in a thousand folders."""
    found = {
        f"/usr/lib/python3/dist-packages/p{n % 997}/module_{n}.py": Leaf(
            (n % 613, n % 619), (n % 7, n % 8), n % 9
        )
        for n in range(60_000)
    }
    layers = [{"text": f"RUN {n}", "waste": 0} for n in range(8)]
    kinds = [[f"kind {n}", None] for n in range(9)]
    tree = treemap.columns(treemap.nodes(found, 2), 2)
    data = {"images": [{"layers": layers}] * 2, "kinds": kinds, "nodes": tree, "tables": []}
    return pages.document("large", "", data)


def test_a_large_image_makes_no_large_page(large: str) -> None:
    assert len(large) < 1_500_000
    assert sum(data_of(large)["nodes"]["sizes"][0]) == sum(n % 613 for n in range(60_000))


# --- in a browser ----------------------------------------------------------------------------------------

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def one(tab: Page, tmp_path: Path) -> Page:
    return drawn(tab, tmp_path, [ONE])


def drawn(tab: Page, folder: Path, subjects: list[Any], words: str = "") -> Page:
    path = folder / "page.html"
    path.write_text(page(subjects), "utf-8")
    tab.said.clear()
    tab.asked.clear()
    tab.open(path, words)
    return tab


def boxes(tab: Page) -> list[str]:
    found: list[str] = tab.run(
        "[...document.querySelectorAll('#map button')].map(b => b.getAttribute('aria-label'))"
    )
    return found


def focused(tab: Page) -> str:
    return str(tab.run("document.activeElement.getAttribute('aria-label')"))


def trail(tab: Page) -> str:
    return str(tab.run("document.querySelector('#trail').textContent"))


def rows(tab: Page, column: int = 1) -> list[str]:
    found: list[str] = tab.run(
        f"[...document.querySelectorAll('#table tbody td:nth-child({column})')].map(c => c.textContent)"
    )
    return found


@needs_browser
def test_it_runs_alone(one: Page) -> None:
    one.run("document.querySelector('#theme').click()")
    assert one.said == []
    assert [address for address in one.asked if not address.startswith(("file:", "about:"))] == []
    assert len([address for address in one.asked if address.startswith("file:")]) == 1


@needs_browser
def test_names_are_only_text(one: Page) -> None:
    one.run("document.querySelectorAll('#tabs button').forEach(b => b.click())")
    for view in ("layers", "folders"):
        one.run(
            f"(e => {{ e.value = '{view}'; e.dispatchEvent(new Event('change')); }})(document.querySelector('#view'))"
        )
    assert one.run("window.pwned") is None
    assert one.run("document.querySelectorAll('main img, main script').length") == 0
    assert any("<img src=x onerror=window.pwned=1>" in label for label in boxes(one))
    assert any("__proto__" in label for label in boxes(one))


@needs_browser
def test_the_map_shows_the_largest_first(one: Page) -> None:
    assert boxes(one)[0].startswith("/usr · 800 kB (800,000 bytes), ")


@needs_browser
def test_the_keyboard_goes_everywhere(one: Page) -> None:
    one.run("document.querySelector('#map button').focus()")
    assert focused(one).startswith("/usr ·")
    one.press("Enter")
    assert trail(one) == "/>usr"
    assert focused(one).startswith("/usr/lib ·")
    one.press("Enter")
    one.press("Enter")
    assert focused(one).startswith("/usr/lib/libc.so.6 ·")
    one.press("ArrowRight")
    assert focused(one).startswith("/usr/lib/b ·")
    one.press("ArrowLeft")
    assert focused(one).startswith("/usr/lib/libc.so.6 ·")
    one.press("Backspace")
    one.press("Escape")
    assert trail(one) == "/"
    one.press("/")
    assert one.run("document.activeElement.id") == "search"


@needs_browser
def test_the_mouse_zooms_and_the_trail_leads_back(one: Page) -> None:
    one.click("#map button[aria-label^='/usr/lib/libc']")
    assert trail(one) == "/>usr>lib"
    one.click("#trail button")
    assert trail(one) == "/"


@needs_browser
def test_tables_sort_and_search(one: Page) -> None:
    assert rows(one)[:3] == ["/usr/", "/usr/lib/", "/usr/lib/libc.so.6"]
    one.click("th:nth-child(1) button")
    assert rows(one) == sorted(rows(one))
    one.click("th:nth-child(1) button")
    assert rows(one) == sorted(rows(one), reverse=True)
    assert one.run("document.querySelector('th').getAttribute('aria-sort')") == "descending"
    one.run("document.querySelector('#search').focus()")
    one.call("Input.insertText", {"text": "LIB c.so"})
    assert rows(one) == ["/usr/lib/libc.so.6"]
    assert one.run("document.querySelector('#count').textContent").startswith("1 of ")


@needs_browser
def test_layers_and_what_they_hide(one: Page) -> None:
    one.run(
        "(e => { e.value = 'layers'; e.dispatchEvent(new Event('change')); })(document.querySelector('#view'))"
    )
    shown = boxes(one)
    assert shown[0].startswith("1. COPY . . · 1.0 MB (1,010,000 bytes), ")
    assert any(label.startswith("1. COPY . ./hidden by later layers · 50 kB") for label in shown)
    whole = one.run("[...document.querySelectorAll('#legend button')].map(b => b.textContent)")
    assert any(text.startswith("hidden by later layers  50 kB") for text in whole)


@needs_browser
def test_colours_tell_kinds_and_pick_one(one: Page) -> None:
    one.run(
        "(e => { e.value = 'kind'; e.dispatchEvent(new Event('change')); })(document.querySelector('#colour'))"
    )
    one.click("#legend button")
    assert one.run("document.querySelector('#legend [aria-pressed=true]') === document.activeElement")
    assert one.run("document.querySelectorAll('#map .dim').length") > 0


@needs_browser
def test_a_link_shows_the_same(tab: Page, tmp_path: Path) -> None:
    drawn(tab, tmp_path, [ONE], "#path=usr%2Flib&colour=kind&table=4&search=gone")
    assert trail(tab) == "/>usr>lib"
    assert rows(tab) == ["/d/gone"]
    assert tab.run("document.querySelector('#colour').value") == "kind"
    tab.open(tmp_path / "page.html", "#path=%25E0%25&table=x&view=%00&image=9")
    assert trail(tab) == "/"


@needs_browser
def test_two_images(tab: Page, tmp_path: Path) -> None:
    drawn(tab, tmp_path, [ONE, OTHER])
    assert tab.said == []
    assert any(label.startswith("/new/y · 0 B → 123 kB (+123 kB)") for label in boxes(tab))
    assert rows(tab)[0] == "/usr/lib/b"
    assert rows(tab, 4)[0] == "-200 kB"
    tab.run(
        "(e => { e.value = '1'; e.dispatchEvent(new Event('change')); })(document.querySelector('#image'))"
    )
    assert not any("/usr/lib/b" in label for label in boxes(tab))


@needs_browser
def test_what_hardly_changed_is_hardly_coloured(tab: Page, tmp_path: Path) -> None:
    base = image(layer("lib/a 1000000, old/b 500000, same/s 400000, half/h 300000"))
    head = image(layer("lib/a 1000400, new/c 450000, same/s 400000, half/h 150000"))
    drawn(tab, tmp_path, [base, head])
    fills = tab.run(
        "Object.fromEntries([...document.querySelectorAll('#map button')]"
        ".map(b => [b.getAttribute('aria-label').split(' ')[0], b.style.background]))"
    )
    full = "color-mix(in srgb, var(--%s) %d%%, var(--same))"
    expected = {"/lib": full % ("more", 10), "/half": full % ("less", 55), "/same": "var(--same)"}
    expected |= {"/old": full % ("less", 100), "/new": full % ("more", 100)}
    assert {name: fills[name] for name in expected} == expected
    assert tab.run("getComputedStyle(document.querySelector('#map button')).backgroundColor") not in {
        "",
        "rgba(0, 0, 0, 0)",
    }
    whole = tab.run("[...document.querySelectorAll('#legend button')].map(b => b.textContent)")
    assert whole == ["smaller or gone  -650 kB", "larger or new  +450 kB", "same size  400 kB"]


@needs_browser
def test_growth_sorts_by_its_sign(tab: Page, tmp_path: Path) -> None:
    base = image(layer("a 3000, b 2000, c 1000"))
    drawn(tab, tmp_path, [base, image(layer("c 2000"))])
    assert rows(tab, 4) == ["-3 kB", "-2 kB", "+1 kB"]
    assert tab.run("document.querySelector('[aria-sort=ascending]').textContent") == "growth ↑"
    tab.click("th:nth-child(4) button")
    assert rows(tab, 4) == ["+1 kB", "-2 kB", "-3 kB"]
    drawn(tab, tmp_path, [image(layer("c 2000")), base])
    assert rows(tab, 4) == ["+3 kB", "+2 kB", "-1 kB"]


@needs_browser
def test_rows_left_out_are_told(tab: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST", 2)
    drawn(tab, tmp_path, [image(layer("a 1")), image(layer("a 2000, b 3000, c 4000"))], "#table=5")
    assert tab.run("document.querySelector('#count').textContent") == (
        "2 of 3 rows, 2 of which are in this page. On flattened bytes"
    )


@needs_browser
def test_dark_and_light(one: Page) -> None:
    before = one.run("getComputedStyle(document.body).backgroundColor")
    one.click("#theme")
    assert one.run("getComputedStyle(document.body).backgroundColor") != before


@needs_browser
def test_many_files(tab: Page, tmp_path: Path, large: str) -> None:
    (tmp_path / "page.html").write_text(large, "utf-8")
    tab.said.clear()
    tab.open(tmp_path / "page.html")
    assert tab.said == []
    assert 100 < len(boxes(tab)) <= 2500
    assert len(rows(tab)) == 400
