from __future__ import annotations

import pytest

from imgtool.families import BaseImage, identify
from imgtool.families.contents import Contents, Saving, contents, saving
from imgtool.families.model import Measure


def known(text: str) -> BaseImage:
    base = identify(text)
    assert base is not None, text
    return base


@pytest.mark.parametrize(
    ("text", "has", "lacks", "unknown"),
    [
        (
            "nvidia/cuda:12.4.1-base-ubuntu22.04",
            "cudart",
            "nvcc cuda-libs nccl cudnn python3 pip gcc",
            "torch",
        ),
        (
            "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
            "cudart cuda-libs nccl nvrtc",
            "nvcc cudnn python3 cuda-headers",
            "",
        ),
        ("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", "cudnn nccl", "nvcc", "cudnn-headers"),
        (
            "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04",
            "cudnn cudnn-headers nvcc cuda-static",
            "python3",
            "gcc",
        ),
        (
            "nvidia/cuda:12.4.1-runtime-rockylinux9",
            "cuda-libs",
            "nvcc",
            "python3",
        ),  # dnf brings a Python there
        ("nvidia/cuda:13.1.2-runtime-ubuntu24.04", "cuda-libs", "nccl", ""),
        ("nvidia/cuda:13.0.3-runtime-ubuntu24.04", "nccl", "", ""),
        ("nvidia/cuda:12.9.1-devel-amzn2023", "nvcc", "nccl", ""),
        ("nvidia/cuda:12.5.1-runtime-ubuntu24.04", "cuda-libs", "nccl", ""),
        ("nvidia/cuda:11.3.1-runtime-ubuntu18.04", "cuda-libs", "", "nccl"),  # nobody read that file
        (
            "quay.io/ascend/cann:8.5.2-910b-ubuntu22.04-py3.11",
            "toolkit bisheng gcc git python3 pip",
            "",
            "nvcc",
        ),
        ("ascendai/cann:8.0.0-910b-ubuntu22.04-py3.10", "toolkit python3", "", "gcc"),
        ("quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel", "toolkit gcc", "", ""),
        ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime", "python3 torch", "nvcc", "gcc"),
        ("python:3.11", "python3 pip gcc", "", ""),
        ("python:3.11-slim", "python3 pip", "gcc g++ make", ""),
        ("debian:bookworm", "", "python3 pip gcc git", "curl"),
        ("rocm/dev-ubuntu-22.04:6.4-complete", "hipcc rocm-libs", "", ""),
        ("nvidia/cuda:13.3.1-devel-ubuntu24.04", "", "", "nvcc python3"),  # newer than the data
    ],
)
def test_contents(text: str, has: str, lacks: str, unknown: str) -> None:
    found = contents(known(text))
    assert [part for part in has.split() if found.holds(part) is not True] == []
    assert [part for part in lacks.split() if found.holds(part) is not False] == []
    assert [part for part in unknown.split() if found.holds(part) is not None] == []
    assert not found.has & found.lacks


def test_what_no_source_states_is_marked() -> None:
    assert "cupti" in contents(known("nvidia/cuda:12.4.1-runtime-ubuntu22.04")).inferred
    assert "python3" not in contents(known("nvidia/cuda:12.4.1-runtime-ubuntu22.04")).inferred
    assert "python3" in contents(known("nvidia/cuda:12.4.1-devel-ubuntu22.04")).inferred


@pytest.mark.parametrize(
    ("text", "there", "absent"),
    [
        (
            "nvidia/cuda:12.1.0-devel-ubuntu22.04",
            "cuda-minimal-build-12-1 libnccl-dev cuda-cudart-12-1",
            "libcudnn8",
        ),
        ("nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04", "libcudnn8 libcudnn8-dev", "libcudnn9-cuda-12"),
        (
            "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04",
            "libcudnn9-cuda-12 libnccl2",
            "libcudnn8 libnccl-dev",
        ),
        ("nvidia/cuda:13.1.2-devel-ubuntu24.04", "cuda-libraries-dev-13-1", "libnccl2 libnccl-dev"),
        ("nvidia/cuda:12.4.1-devel-rockylinux9", "cuda-libraries-devel-12-4 libnccl-devel", "libnccl-dev"),
    ],
)
def test_packages(text: str, there: str, absent: str) -> None:
    packages = contents(known(text)).packages
    assert set(there.split()) <= set(packages)
    assert not set(absent.split()) & set(packages)
    assert not [package for package in packages if "{" in package]


def test_an_image_that_nobody_described() -> None:
    assert contents(known("vllm/vllm-openai:v0.11.0")) == Contents()


CUDA = "nvidia/cuda:{}-{}-ubuntu22.04"


@pytest.mark.parametrize(
    ("version", "step", "measure", "expected"),
    [
        ("12.1.1", "devel runtime", "unpacked", (3_600_000_000, False)),
        ("12.1.1", "devel base", "unpacked", (6_260_000_000, False)),
        ("12.4.1", "devel runtime", "transfer", (2_524_000_000, False)),
        ("12.4.1", "devel runtime", "unpacked", (3_600_000_000, True)),
        ("12.6.3", "runtime base", "unpacked", (2_260_000_000, True)),
        ("11.8.0", "runtime base", "unpacked", (2_260_000_000, True)),
        ("11.8.0", "devel runtime", "unpacked", None),
        ("13.0.2", "devel runtime", "unpacked", None),  # one image was measured, no pair
        ("12.1.1", "runtime devel", "unpacked", None),
        ("12.6.3", "devel runtime", "transfer", None),
    ],
)
def test_saving(version: str, step: str, measure: Measure, expected: tuple[int, bool] | None) -> None:
    old, new = (known(CUDA.format(version, flavour)) for flavour in step.split())
    found = saving(old, new, measure)
    assert (found and (found.bytes, found.estimate)) == expected
    assert found is None or isinstance(found, Saving)


def test_no_saving_between_versions_or_families() -> None:
    old = known(CUDA.format("12.1.1", "devel"))
    assert saving(old, known(CUDA.format("12.4.1", "runtime"))) is None
    assert saving(old, known("python:3.11")) is None
