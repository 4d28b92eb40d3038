from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imgtool.families.needs import accelerator_of, highest, levels, python_need, torch_bytes, torch_wheels


@pytest.mark.parametrize(
    ("name", "extras", "expected"),
    [
        ("torch", (), "cuda none bundles"),
        ("Torch_NPU", (), "cann run"),
        ("flash_attn", (), "cuda none"),
        ("triton", (), "cuda cc"),
        ("deep_gemm", (), "cuda jit"),
        ("cupy-cuda12x", (), "cuda runtime"),
        ("cupy-cuda12x", ("ctk",), "cuda none bundles"),
        ("onnxruntime-gpu", (), "cuda cudnn-runtime"),
        ("onnxruntime.gpu", ("cuda", "cudnn"), "cuda none bundles"),
        ("faster-whisper", (), "cuda cudnn-runtime"),
        ("tensorflow", (), "cuda cudnn-runtime"),
        ("tensorflow", ("and-cuda",), "cuda none bundles"),
        ("tensorflow-gpu", (), "cuda cudnn-runtime"),
        ("jax", ("cuda12_pip",), "cuda none bundles"),
        ("jax", ("cuda13-local",), "cuda jit"),
        ("numba", (), "cuda none"),
        ("numba-cuda", ("cu12",), "cuda none bundles"),
        ("nvidia-cudnn-cu12", (), "cuda none bundles"),
        ("nvidia-cublas", (), "cuda none bundles"),
        ("vllm-ascend", (), "cann run+nnal"),
    ],
)
def test_python_need(name: str, extras: tuple[str, ...], expected: str) -> None:
    need = python_need(name, extras)
    assert need is not None
    assert f"{need.accelerator} {need.level}{' bundles' if need.bundles else ''}" == expected


@pytest.mark.parametrize("name", ["numpy", "torch-geometric", "nvidia-ml", "jax", "torchx", "", "x" * 5000])
def test_unknown_packages(name: str) -> None:
    assert python_need(name) is None


@given(st.text(max_size=50), st.lists(st.text(max_size=10), max_size=3))
def test_never_raises(name: str, extras: list[str]) -> None:
    python_need(name, extras)


def test_building_from_source() -> None:
    for name in ("torch", "flash-attn", "vllm", "llama-cpp-python", "deepspeed"):
        need = python_need(name)
        assert need is not None
        assert need.build == "devel"


def test_levels_are_in_order() -> None:
    assert [level.name for level in levels("cuda")] == "none cc base runtime cudnn-runtime jit devel".split()
    assert [level.name for level in levels("cann")] == ["none", "nnrt", "run", "run+nnal", "toolkit"]
    assert levels("abacus") == ()


def test_the_highest_level() -> None:
    top = highest("cuda", {"none", "cc", "runtime"})
    assert top is not None
    assert (top.name, top.flavour) == ("runtime", "runtime")
    assert highest("cuda", {"nnrt"}) is None


def test_accelerators() -> None:
    cuda, cann = accelerator_of("cuda"), accelerator_of("cann")
    assert cuda is not None
    assert cuda.env["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert cann is not None
    assert len(cann.library_path) == 3
    assert accelerator_of("abacus") is None


def test_torch_wheels() -> None:
    found = torch_wheels("2.9.1")
    assert found is not None
    assert (found.cuda, found.cudnn) == ("12.8", "9.10")
    assert torch_wheels("9.9.9") is None


@pytest.mark.parametrize(
    "version, size", [("2.9.1", 4_060_000_000), ("9.9.9", None), ("1.13.1", None), (None, 2_310_000_000)]
)
def test_what_torch_downloads(version: str | None, size: int | None) -> None:
    assert torch_bytes(version) == size


# --- agreement with the reference tables -----------------------------------------------------------------

# rows of the table that are patterns of a name with extras, and what they are here
WITH_EXTRAS = {"tensorflow": ("tensorflow", "and-cuda"), "jax-cuda": ("jax", "cuda12")}
# plain numba is of no need unless numba.cuda is used (a note of the table); own-binary-cublas is no package
ELSEWHERE = {"own-binary-cublas", "tensorflow-plain"}


def test_same_needs(reference: Any) -> None:
    table = yaml.safe_load((reference / "base-images.yaml").read_text("utf-8"))["packages"]
    for row in table:
        if row["name"] in ELSEWHERE:
            continue
        name, *extras = WITH_EXTRAS.get(row["name"], (row["name"],))
        need = python_need({"cupy": "cupy-cuda12x", "faiss-gpu": "faiss-gpu-cu12"}.get(name, name), extras)
        assert need is not None, row["name"]
        assert (need.level, need.accelerator, need.build) == (
            row["need"],
            row.get("target", "cuda"),
            row.get("build"),
        )
        assert need.evidence == row["evidence"]
