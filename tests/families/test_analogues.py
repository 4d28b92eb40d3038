from __future__ import annotations

import pytest

from imgtool.families import identify
from imgtool.families.analogues import analogues, recipes, torch_npu_of


def test_analogues() -> None:
    pairs = {row.cuda: row.cann for row in analogues()}
    assert pairs["nvidia-smi"] == "npu-smi"
    assert pairs["NCCL"] == "HCCL"
    assert pairs["nvidia/cuda:{version}-runtime-ubuntu22.04"] is None
    assert {row.kind for row in analogues("env")} == {"env"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("9.0.0", "strip-devel pip whitelist-nnrt copy same-image"),
        ("8.5.0", "pip whitelist-nnrt copy same-image"),
        ("8.1.rc1", "nnae nnrt copy same-image"),
    ],
)
def test_recipes(version: str, expected: str) -> None:
    base = identify(f"quay.io/ascend/cann:{version}-910b-ubuntu22.04-py3.11")
    assert base is not None
    assert " ".join(recipe.id for recipe in recipes(base)) == expected


def test_no_recipe_for_an_image_with_a_runtime_tag() -> None:
    base = identify("nvidia/cuda:12.4.1-devel-ubuntu22.04")
    assert base is not None
    assert recipes(base) == ()


def test_torch_npu() -> None:
    pair = torch_npu_of("8.3.RC1")
    assert pair is not None
    assert "2.8.0" in pair.torch_npu
    assert torch_npu_of("1.0") is None
