"""One or two images as a page of HTML that needs nothing beside itself. Pure: values in, a string out.

The page asks no network: its own policy forbids it, and allows no script and no style but those that are in it.
Texts of images are data in it, which the script only ever shows as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

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
