"""``docker-bake.json``: every image of an application from one command, on any buildx builder.

Format: https://docs.docker.com/build/bake/reference/ (JSON form).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from imgtool.rewrite.companions.product import Product

FILE = "docker-bake.json"


def bake(products: Sequence[Product], context: str, fat: Product | None = None) -> str:
    """The file's text. ``context`` is the build context's path from the file's folder, where bake is to be run.

    ``fat`` stands on the other images, which reach it as named contexts: each is built once.
    """
    targets: dict[str, Any] = {product.target: _target(product, context) for product in products}
    if fat is not None:
        contexts = {product.target: f"target:{product.target}" for product in products}
        targets[fat.target] = {**_target(fat, context), "contexts": contexts}
    group = {"default": {"targets": [product.target for product in products]}}
    return json.dumps({"group": group, "target": targets}, indent=2) + "\n"


def _target(product: Product, context: str) -> dict[str, Any]:
    return {"context": context, "dockerfile": product.dockerfile, "tags": [product.tag]}
