"""One or two images as a page of HTML that needs nothing beside itself. Pure: values in, a string out.

The page asks no network: its own policy forbids it, and allows no script and no style but those that are in it.
Texts of images are data in it, which the script only ever shows as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import Any

from imgtool.images.tar import FILE
from imgtool.inspect.analysis import waste_code
from imgtool.inspect.kinds import Kind, kind_of, with_twins
from imgtool.report import treemap
from imgtool.report.compared import parts
from imgtool.report.sizes import Subject, instruction, place, valid
from imgtool.report.style import growth, known, printable, size
from imgtool.report.treemap import Leaf

#: Rows of a table, and characters of what stands in one: the page shall not grow with the image.
_MOST, _LONGEST = 1_000, 200
#: Paths in a cell.
_SHOWN = 4

_TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {script_hash}; style-src {style_hash}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header class="bar"><h1>{title}</h1><button type="button" id="theme">Dark</button></header>
{images}
<main>
<h2>Where the bytes are</h2>
<div class="bar">
<nav id="trail" aria-label="Folder shown"></nav>
<button type="button" id="up" title="Backspace">Up</button>
<label>Show <select id="image"></select></label>
<label>Boxes <select id="view"></select></label>
<label>Colour by <select id="colour"></select></label>
</div>
<div id="map" role="group" aria-label="Treemap: arrow keys move, Enter opens a folder, Backspace leaves it"></div>
<p id="said" aria-live="polite">Arrow keys move, Enter opens a folder, Backspace leaves it, / searches.</p>
<ul id="legend" aria-label="Colours"></ul>
<h2>Tables</h2>
<div class="bar"><div id="tabs" role="tablist" aria-label="Tables"></div><label>Search <input id="search" type="search" autocomplete="off"></label></div>
<p id="count" aria-live="polite"></p>
<div class="scroll" tabindex="0" role="region" aria-label="Table"><table id="table"></table></div>
{trend}
</main>
<noscript>The tables and the treemap need JavaScript; imgtool size --format markdown writes the same without.</noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def document(title: str, images: str, data: Mapping[str, Any], trend: str = "") -> str:
    """The page; ``images`` and ``trend`` are HTML of our own making, all else is escaped here."""
    style, script = _beside("page.css"), _beside("page.js")
    return _TEMPLATE.format(
        title=html.escape(title),
        images=images,
        trend=trend,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=embedded(data),
    )


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element around it, nor open a comment in it."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


# --- what is in it ---------------------------------------------------------------------------------------


def page(subjects: Sequence[Subject], trend: str = "") -> str:
    """A page of one image, or of two and what changed from the first to the second.

    ``trend`` is a chart as SVG; the caller vouches for it.
    """
    title = " → ".join(printable(subject.measures.image.reference) for subject in subjects)
    images = "".join(_about(subject, subjects[:number]) for number, subject in enumerate(subjects))
    chart = f'<h2>Over time</h2><div id="trend">{trend}</div>' if trend else ""
    command = "compare" if len(subjects) > 1 else "size"
    return document(f"{title}: imgtool {command}", images, contents(subjects), chart)


def _about(subject: Subject, before: Sequence[Subject]) -> str:
    """An image with its measures, and how these moved from the one ``before``."""
    image = subject.measures.image
    stated = image.source, image.platform, subject.measures.compression, image.digest or image.config_digest
    about = f"<p class=about><b>{_safe(image.reference)}</b><br>{_safe(' · '.join(filter(None, stated)))}</p>"
    was = {name: count for one in before for name, count, _ in one.weights}
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{known(count)}</dd>"
        f"<small>{_exact(count, was.get(name))}{_safe(meaning)}</small></div>"
        for name, count, meaning in subject.weights
    )
    return f'<section>{about}<dl class="measures">{cells}</dl></section>\n'


def _exact(count: int | None, was: int | None) -> str:
    if count is None:
        return ""
    moved = "" if was is None else f", {growth(was, count)}"
    return f"{count:,} bytes{moved}<br>"


def _safe(text: str) -> str:
    return html.escape(printable(text))


def contents(subjects: Sequence[Subject]) -> dict[str, Any]:
    """What the script reads: images with their layers, kinds, the tree of files, and tables."""
    kinds: dict[str, tuple[int, Kind]] = {}
    tree = treemap.nodes(_leaves(subjects, kinds), len(subjects))
    codes = with_twins(kind for _, kind in kinds.values())
    return {
        "images": [{"layers": _layers(subject)} for subject in subjects],
        "kinds": [[kind.title, codes[kind.id]] for _, kind in kinds.values()],
        "nodes": treemap.columns(tree, len(subjects)),
        "tables": list(_changed(*subjects) if len(subjects) > 1 else _tables(subjects[0])),
    }


def _layers(subject: Subject) -> list[dict[str, Any]]:
    return [
        {"text": valid(" ".join(filter(None, (instruction(one), place(one))))), "waste": one.waste}
        for one in subject.layers
    ]


def _leaves(subjects: Sequence[Subject], kinds: dict[str, tuple[int, Kind]]) -> dict[str, Leaf]:
    """Every file by its path; ``kinds`` get their numbers by id as they come."""
    absent = Leaf((0,) * len(subjects), (treemap.SEVERAL,) * len(subjects), treemap.SEVERAL)
    leaves: dict[str, Leaf] = {}
    for number, subject in enumerate(subjects):
        for seen in subject.analysis.contents.files() if subject.analysis else ():
            if seen.kind == FILE:
                known_as = leaves.get(seen.path, absent)
                kind = kind_of(seen.path, seen.size)
                leaves[seen.path] = Leaf(
                    _put(known_as.sizes, number, seen.size),
                    _put(known_as.layers, number, seen.layer),
                    kinds.setdefault(kind.id, (len(kinds), kind))[0],
                )
    return leaves


def _put(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])


# --- tables: columns are named, with how the script shows them; rows are arrays ---


def _table(
    title: str,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[object]],
    *,
    sort: int = 1,
    note: str = "",
    total: int | None = None,
) -> dict[str, Any]:
    """The first of ``rows``, and how many there are in all: ``total`` where not all are given."""
    left = iter(rows)
    shown = [
        [_clipped(cell) if isinstance(cell, str) else cell for cell in row] for row in islice(left, _MOST)
    ]
    if total is None:
        total = len(shown) + sum(1 for _ in left)
    return {
        "title": title,
        "columns": list(columns.items()),
        "rows": shown,
        "total": total,
        "sort": sort,
        "note": note,
    }


def _clipped(cell: str) -> str:
    half = _LONGEST // 2
    return valid(cell if len(cell) <= _LONGEST else f"{cell[:half]}…{cell[-half:]}")


def _tables(subject: Subject) -> Iterator[dict[str, Any]]:
    analysis = subject.analysis
    if analysis is None:
        return
    held = analysis.contents
    yield _table(
        "Layers",
        {"instruction": "text", "unpacked": "bytes", "content": "bytes", "waste": "bytes", "transfer": "bytes", "place": "text", "layer": "layer"},
        (
            (instruction(blame), layer.unpacked, layer.content, blame.waste, layer.transfer, place(blame), blame.index)
            for layer, blame in zip(subject.measures.image.layers, subject.layers, strict=True)
        ),
    )  # fmt: skip
    yield _table(
        "Kinds",
        {"kind": "text", "bytes": "bytes", "files": "count", "rule": "code"},
        ((row.kind, row.size, row.count, row.code) for row in analysis.kinds),
    )
    yield _table(
        "Packages",
        {"package": "text", "bytes": "bytes", "files": "count", "layer": "layer"},
        (
            (f"{one.key} {one.version}", one.size, one.files, -1 if one.layer is None else one.layer)
            for one in analysis.packages
        ),
        note=f"{size(analysis.unowned.size)} are files of no package",
    )
    yield _table(
        "Waste",
        {
            "path": "text",
            "bytes": "bytes",
            "layer": "layer",
            "hidden by": "layer",
            "how": "text",
            "rule": "code",
        },
        (
            (one.path, one.size, one.layer, one.by, one.how.value, waste_code(one, held.measures.image))
            for one in nlargest(_MOST, held.wasted(), key=lambda one: one.size)
        ),
        total=sum(way.count for way in analysis.wasted_by),
    )
    yield _table(
        "Duplicates",
        {"paths": "text", "lost": "bytes", "each": "bytes", "copies": "count"},
        ((", ".join(one.paths[:_SHOWN]), one.lost, one.size, len(one.paths)) for one in held.duplicates()),
        note=f"{size(analysis.duplicated)} more than one of each",
    )


def _changed(base: Subject, head: Subject) -> Iterator[dict[str, Any]]:
    for part in parts(base, head):
        yield _table(
            part.title,
            {part.noun: "text", "first": "bytes", "second": "bytes", "growth": "growth"},
            ((one.name, one.before, one.after, one.growth) for one in part.changes),
            sort=3,
            note=f"On {part.measure} bytes",
        )
