from __future__ import annotations

import pytest

from imgtool.families import identify
from imgtool.rewrite.companions.product import suffix, tag_of


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", "cuda12.1"),
        ("nvidia/cuda:10.0-base", "cuda10.0"),
        ("pytorch/pytorch:2.1.0-cuda12.1-cudnn8-devel", "cuda12.1"),
        ("quay.io/ascend/cann:8.0.0-910b-ubuntu22.04-py3.11", "cann8.0"),
        ("quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11", "cann8.3.rc1"),
        # moves: no version is told
        ("quay.io/ascend/cann:latest", "cann"),
    ],
)
def test_suffix(image: str, expected: str) -> None:
    base = identify(image)
    assert base is not None
    assert suffix(base) == expected


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("app", "1.0", "app:1.0-cuda12.1"),
        ("example.com:5000/team/app", "2", "example.com:5000/team/app:2-cuda12.1"),
        ("App", "1.0", None),
        ("app", "1 0", None),
        ("app", "", None),
        ("app:old", "1.0", None),
    ],
)
def test_tags(name: str, version: str, expected: str | None) -> None:
    base = identify("nvidia/cuda:12.1.0-devel-ubuntu22.04")
    assert base is not None
    assert tag_of(name, version, base) == expected
