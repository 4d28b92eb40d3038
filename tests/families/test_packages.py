from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.families.packages import build_only, installer, recommends, toolkit


@pytest.mark.parametrize(
    ("manager", "name", "kind", "keeps"),
    [
        ("apt", "g++", "compiler", "libgomp1"),
        ("apt", "gcc-12", "compiler", "libgomp1"),
        ("apt", "gfortran", "compiler", "libgfortran5 libgomp1"),
        ("apt", "build-essential", "build tool", "libgomp1"),
        ("apt", "cmake", "build tool", ""),
        ("apt", "ninja-build", "build starter", ""),
        ("apt", "python3-dev", "headers", "python3"),
        ("apt", "python3.11-dev", "headers", "python3.11"),
        ("apt", "libssl-dev", "headers", ""),
        ("apt", "cuda-minimal-build-12-4", "compiler", ""),
        ("apt", "libcublas-dev-12-4", "headers", ""),
        ("dnf", "gcc-c++", "compiler", "libgomp libstdc++"),
        ("dnf", "openssl-devel", "headers", ""),
        ("apk", "build-base", "build tool", "libgcc libstdc++ libgomp"),
    ],
)
def test_build_only(manager: str, name: str, kind: str, keeps: str) -> None:
    row = build_only(manager, name)
    assert row is not None
    assert (row.kind, " ".join(row.keeps)) == (kind, keeps)


@pytest.mark.parametrize(
    ("manager", "name"),
    [
        ("apt", "git"),  # may be called at run time
        ("apt", "gcc-12-base"),  # libraries depend on it
        ("apt", "libgomp1"),
        ("apt", "python3-pip"),
        ("apt", "cuda-cudart-12-4"),
        ("apt", "libcublas-12-4"),
        ("apt", "openssl-devel"),  # another family's name
        ("conda", "gcc"),
        ("apt", "x" * 5000),
    ],
)
def test_kept(manager: str, name: str) -> None:
    assert build_only(manager, name) is None


def test_a_dev_package_may_be_the_only_one_that_names_its_library() -> None:
    row = build_only("apt", "libssl-dev")
    assert row is not None
    assert row.library


def test_recommends() -> None:
    row = recommends("apt", "python3-pip")
    assert row is not None
    assert row.brings == ("build-essential", "python3-dev")
    assert (row.bytes, row.recommended_bytes) == (47_900_000, 428_000_000)
    assert recommends("apk", "python3-pip") is None


def test_a_package_that_only_installs_others() -> None:
    row = installer("apt", "python3-pip")
    assert row is not None
    assert (row.program, "python3" in row.instead) == ("pip", True)
    assert installer("apt", "python3") is None


@given(st.text(max_size=50))
def test_never_raises(name: str) -> None:
    build_only("apt", name)


@pytest.mark.parametrize(
    ("manager", "name", "kind"),
    [
        ("apt", "cuda-toolkit-12-4", "toolkit"),
        ("dnf", "cuda-toolkit-13", "toolkit"),
        ("apt", "nvidia-cuda-toolkit", "toolkit"),
        ("apt", "cuda-nsight-systems-12-4", "profiler"),
        ("apt", "cuda-toolkit-12-4-config-common", None),
        ("apt", "cuda-nvcc-12-4", None),  # what compiles when it runs may need it
        ("apk", "cuda-toolkit-12-4", None),
    ],
)
def test_toolkit(manager: str, name: str, kind: str | None) -> None:
    row = toolkit(manager, name)
    assert (row and row.kind) == kind
