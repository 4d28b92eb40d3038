"""The ratchet: a file of sizes that lies with the project, and that only ``imgtool gate --update`` moves.

``{"version": 1, "images": {name: {...}}}``, sorted, so that a change of a size is a change of few lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from imgtool.images.baseline import NoBaselineError, image
from imgtool.images.measure import Measures

VERSION = 1


def parse(table: Any, reference: str) -> dict[str, Measures]:
    """The images of a ratchet by their names, without layers; ``reference`` names the file.

    Raises:
        NoBaselineError: it is none.
    """
    images = table.get("images") if isinstance(table, dict) else None
    if not isinstance(images, dict):
        raise NoBaselineError("it holds no table of images")
    if table.get("version") != VERSION:
        raise NoBaselineError(f"its version is {table.get('version')!r}, not {VERSION}")
    return {name: _image(name, row, reference) for name, row in images.items()}


def _image(name: str, row: Any, reference: str) -> Measures:
    if not isinstance(row, dict):
        raise NoBaselineError(f"image {name!r} is none")
    stated = {"source": "ratchet", "reference": f"{reference}:{name}", "layers": []}
    return image({**row, **stated}, f"image {name!r}")


def dump(images: Mapping[str, Measures]) -> bytes:
    """The bytes of a ratchet: the same for the same images."""
    rows = {name: _row(measures) for name, measures in images.items()}
    return (json.dumps({"version": VERSION, "images": rows}, indent=2, sort_keys=True) + "\n").encode()


def _row(measures: Measures) -> dict[str, str | int | None]:
    return {
        "compression": measures.compression,
        "digest": measures.image.digest,
        "flattened": measures.flattened,
        "foreign": measures.foreign,
        "platform": measures.image.platform,
        "transfer": measures.transfer,
        "unpacked": measures.unpacked,
        "waste": measures.waste,
    }
