from __future__ import annotations

import json

from imgtool.rewrite.companions.bake import bake
from imgtool.rewrite.companions.product import Product

CUDA = Product("cuda", "Dockerfile.cuda", "app:1-cuda12.1")
CANN = Product("cann", "docker/Dockerfile.cann", "app:1-cann8.0", "910b")


def test_targets_and_their_group() -> None:
    made = json.loads(bake([CUDA, CANN], ".."))
    assert made["group"] == {"default": {"targets": ["cuda", "cann"]}}
    assert made["target"]["cann"] == {
        "context": "..",
        "dockerfile": "docker/Dockerfile.cann",
        "tags": ["app:1-cann8.0"],
    }
    assert list(made["target"]) == ["cuda", "cann"]


def test_the_fat_image_stands_on_the_others_and_is_not_in_the_group() -> None:
    made = json.loads(bake([CUDA, CANN], ".", Product("fat", "Dockerfile.fat", "app:1-fat")))
    assert made["target"]["fat"]["contexts"] == {"cuda": "target:cuda", "cann": "target:cann"}
    assert made["group"]["default"]["targets"] == ["cuda", "cann"]
