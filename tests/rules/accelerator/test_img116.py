from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
UBUNTU = "FROM ubuntu:22.04\n"
COPY = "COPY --from=nvidia/cuda:12.4.1-runtime-ubuntu22.04 /usr/local/cuda-12.4 /usr/local/cuda\n"
DEVEL = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04"
BOTH = "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\n"

LEFT_ALONE = [
    (f"{UBUNTU}RUN apt-get install -y cuda-nvcc-12-4 build-essential", "it compiles alone"),
    (f"{UBUNTU}RUN apt-get install -y cuda-minimal-build-12-4 libcublas-dev-12-4", "it compiles alone"),
    (f"{UBUNTU}{COPY}{BOTH}", "both are set"),
    (f"{UBUNTU}{COPY}ENV NVIDIA_VISIBLE_DEVICES=void\nENV NVIDIA_DRIVER_CAPABILITIES all", "both are set"),
    (f"FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n{COPY}", "the base sets them"),
    (f"FROM mycompany/base\n{COPY}", "the base may set them"),
    (f"{UBUNTU}COPY --from=builder /usr/local/cuda /usr/local/cuda", "where it comes from is not known"),
    (f"{UBUNTU}COPY --from=nvidia/cuda:12.4.1-devel-ubuntu22.04 /etc/x /etc/x", "no CUDA"),
    (f"{UBUNTU}RUN pip install torch nvidia-cublas-cu12", "Python packages"),
    (f"{UBUNTU}{COPY}RUN pip install torch", "Python packages beside it"),
    (f"{UBUNTU}RUN apt-get install -y cuda-cudart-12-4\nRUN uv pip install cupy-cuda12x", "Python packages"),
    ("FROM quay.io/pypa/manylinux_2_28\nRUN dnf install -y cuda-cudart-12-4", "wheels are built in it"),
    (f"{UBUNTU[:-1]} AS build\n{COPY}{UBUNTU}COPY --from=build /srv /srv", "a builder's"),
    (
        f"{UBUNTU}RUN apt-get install -y cuda-keyring libcudart12 nvidia-cuda-toolkit",
        "no CUDA libraries by name",
    ),
    ("", "no stage"),
    (
        'FROM ubuntu:22.04\nRUN apt-get install -y cuda-compat-12-4\nCMD ["python3", "/srv/serve.py"]\n',
        "a driver of its own",
    ),
    (
        'FROM ubuntu:22.04 AS base\nENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\nFROM base\nRUN apt-get install -y cuda-cudart-12-4\nCMD ["python3", "/srv/serve.py"]\n',
        "set in the stage below",
    ),
    (
        'FROM ubuntu:22.04\nARG CAPS=all\nENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=$CAPS\nRUN apt-get install -y cuda-cudart-12-4\nCMD ["python3", "/srv/serve.py"]\n',
        "set to a variable",
    ),
    (
        'FROM ubuntu:22.04\nCOPY --from=nvidia/cuda:12.4.1-base-ubuntu22.04 /etc/apt/sources.list.d/ /etc/apt/sources.list.d/\nCMD ["python3", "/srv/serve.py"]\n',
        "no CUDA",
    ),
    (
        'FROM ubuntu:22.04\nRUN apt-get download cuda-cudart-12-4\nCMD ["python3", "/srv/serve.py"]\n',
        "not installed",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG116", text).findings, reason


FOUND = [
    (f"{UBUNTU}{COPY}", "/usr/local/cuda-12.4"),
    (
        f"{DEVEL} AS b\nRUN make\nFROM debian:12\nCOPY --from=b --chown=1 /usr/local/cuda/lib64 /usr/local/cuda/lib64\n",
        "/usr/local/cuda/lib64",
    ),
    (
        f"{UBUNTU}RUN apt-get update && \\\n    apt-get install -y \\\n    curl cuda-libraries-12-4\n",
        "cuda-libraries-12-4",
    ),
    (f"{UBUNTU}RUN apt-get install -y cuda-nvcc-12-4 cuda-cudart-12-4\n", "cuda-cudart-12-4"),
    ("FROM rockylinux:9\nRUN <<EOF\ndnf install -y libcublas-12-4\nEOF\n", "libcublas-12-4"),
    (
        f"{UBUNTU}ENV NVIDIA_VISIBLE_DEVICES=all\nRUN sh cuda_12.4.1_550.54.15_linux.run --silent --toolkit\n",
        "cuda_12.4.1_550.54.15_linux.run",
    ),
]


@pytest.mark.parametrize("text, piece", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str) -> None:
    data = text.encode()
    (finding,) = lint_with("IMG116", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert "nothing sets NVIDIA_" in finding.message
    assert finding.fix is not None
    fixed = apply(data, finding.fix.edits)
    assert not lint_with("IMG116", fixed).findings


@pytest.mark.parametrize(
    "env, mounted",
    [
        ("", "mounts no driver"),
        ("ENV NVIDIA_DRIVER_CAPABILITIES=all\n", "mounts no driver"),
        ("ENV NVIDIA_VISIBLE_DEVICES=all\n", "without libcuda.so.1 where it is old"),
    ],
)
def test_what_is_mounted(lint_with: LintWith, env: str, mounted: str) -> None:
    (finding,) = lint_with("IMG116", f"{UBUNTU}{env}{COPY}").findings
    assert "--runtime=nvidia without --gpus mounts" in finding.message
    assert finding.message.endswith(mounted)


def test_the_fix(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG116", f"{UBUNTU}{COPY}".replace("\n", "\r\n")).findings
    assert finding.fix is not None
    assert apply(f"{UBUNTU}{COPY}".replace("\n", "\r\n").encode(), finding.fix.edits).decode() == (
        f"{UBUNTU}{BOTH}{COPY}".replace("\n", "\r\n")
    )
