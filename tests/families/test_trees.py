from __future__ import annotations

import pytest

from imgtool.families import identify
from imgtool.families.trees import held_tree

# image, folder, what is there
HELD = [
    ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "/usr/local/cuda", "CUDA"),
    ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "/usr/local/cuda-12.4", "CUDA"),
    ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "/usr/local/cudax", None),
    ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "/usr/lib", "the system"),
    ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "/usr/local", None),
    ("python:3.12", "/usr/local", "Python"),
    ("python:3.12", "/usr/local/lib/python3.12", "Python"),
    ("python:3.12", "/usr/local/lib/python3.12/site-packages", None),
    ("debian:bookworm", "/usr/local/cuda", None),
    ("own:1", "/usr", "the system"),
    ("pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime", "/opt/conda", "conda and torch"),
    ("own:1", "/opt/conda", None),
]


@pytest.mark.parametrize("image, folder, what", HELD)
def test_held(image: str, folder: str, what: str | None) -> None:
    tree = held_tree(identify(image), folder)
    assert (tree and tree.what) == what
