from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
RUNTIME = "FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04\n"
DEVEL = "FROM nvidia/cuda:12.6.3-devel-ubuntu22.04\n"
TORCH = "RUN pip install torch\n"
CPU = "https://download.pytorch.org/whl/cpu"


LEFT_ALONE = [
    (f"FROM nvidia/cuda:12.6.3-base-ubuntu22.04\n{TORCH}", "base has no CUDA libraries but cudart"),
    (f"FROM python:3.12-slim\n{TORCH}", "CUDA once"),
    (f"FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel\n{TORCH}", "torch is there already"),
    (f"FROM nvidia/cuda:99.0.0-runtime-ubuntu30.04\n{TORCH}", "newer than the data"),
    (f"FROM mycompany/cuda:12.6.3-runtime\n{TORCH}", "an image that is not known"),
    (f"{RUNTIME}RUN pip install numpy pandas", "no wheel brings CUDA"),
    (f"{RUNTIME}RUN pip install torch --index-url {CPU}", "CPU wheels"),
    (f"{RUNTIME}RUN pip install --extra-index-url={CPU} torch", "CPU wheels, probably"),
    (f"{RUNTIME}RUN pip install torch==2.6.0+cpu -f https://x.io/whl.html", "CPU wheels"),
    (f"{RUNTIME}ENV PIP_INDEX_URL={CPU}\n{TORCH}", "CPU wheels"),
    (f"{RUNTIME}RUN UV_TORCH_BACKEND=cpu uv pip install torch", "CPU wheels"),
    (f"{RUNTIME}RUN uv pip install --torch-backend=cpu torch", "CPU wheels"),
    (f"{RUNTIME}ARG INDEX\nRUN pip install torch --index-url $INDEX", "which wheels does not show"),
    (f"{RUNTIME}RUN pip install torch=={{V}}".replace("{V}", "$V"), "which wheels does not show"),
    (f"{RUNTIME}RUN pip install --no-deps torch", "without the CUDA wheels: the base serves"),
    (f"{RUNTIME}RUN pip download torch", "not installed"),
    (f"{RUNTIME}RUN pip install torch cupy-cuda12x", "cupy needs the base"),
    (f"{RUNTIME}{TORCH}RUN pip install onnxruntime-gpu", "it needs the base"),
    (f"{RUNTIME}RUN pip install torch ctranslate2", "it needs the base"),
    (f"{RUNTIME}RUN pip install torch tensorflow", "it needs the base"),
    (f"{RUNTIME}RUN apt-get install -y libnvinfer8\n{TORCH}", "TensorRT needs the base"),
    (f"{RUNTIME}RUN apt-get install -y cuda-nvcc-12-6\n{TORCH}", "CUDA packages need the base"),
    (f"{DEVEL}{TORCH}RUN python3 setup.py install", "an extension may be linked against the base"),
    (f"{DEVEL}{TORCH}RUN make && make install", "something is linked against the base"),
    (f"{DEVEL}RUN pip install torch deepspeed", "it compiles with nvcc when it runs"),
    (f"{DEVEL}{TORCH}CMD nvcc --version", "it starts nvcc"),
    (f"{DEVEL}{TORCH}RUN pip install -r requirements.txt", "it may need nvcc: IMG101 says all that is sure"),
    (f"{DEVEL}RUN apt-get install -y python3-dev\n{TORCH}", "headers: something may be compiled"),
    (
        f"{DEVEL[:-1]} AS build\nRUN make\n{RUNTIME}{TORCH}COPY --from=build /a.whl /\n",
        "what a stage with nvcc made may be linked against the base",
    ),
    (f"{RUNTIME[:-1]} AS build\n{TORCH}FROM debian:12\n", "a builder"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG105", text).findings, reason


# five shapes and more: the wheel that is named
FOUND = [
    (f"{RUNTIME}{TORCH}", "torch"),
    (f"{DEVEL}RUN python3 -m pip install --no-cache-dir \\\n    # pinned\n    numpy torch==2.6.0", "torch"),
    (f"{RUNTIME}RUN pip install torch --index-url https://download.pytorch.org/whl/cu126", "torch"),
    (f"{RUNTIME}ARG V=2.6.0\nRUN pip install torch==$V", "torch"),
    (f"{RUNTIME}RUN uv pip install --system vllm", "vllm"),
    (f"{RUNTIME}RUN pip install 'jax[cuda12]'", "jax"),
    (f'{RUNTIME}RUN pip install "tensorflow[and-cuda]"', "tensorflow"),
    (f"{RUNTIME}RUN pip install nvidia-cublas-cu12 nvidia-cudnn-cu12", "nvidia-cublas-cu12"),
    (f"{RUNTIME}RUN <<EOF\nset -e\npip install torch\nEOF", "torch"),
    (f"FROM nvcr.io/nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04 AS base\n{TORCH}FROM base\n", "torch"),
]


@pytest.mark.parametrize("text, name", FOUND)
def test_found_at_from(lint_with: LintWith, text: str, name: str) -> None:
    (finding,) = lint_with("IMG105", f"{text}\n").findings
    operand = text.split()[1]
    assert text.encode()[finding.span.start : finding.span.end].decode() == operand
    assert finding.message.startswith(f"{name} brings the CUDA libraries that {operand} has already: use ")
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    "body, reason",
    [
        (f"{TORCH}RUN pip install -r requirements.txt", "cupy may be in it"),
        (f"{TORCH}RUN ./setup.sh", "it may install anything"),
        (f"{TORCH}RUN apt-get install -y $MORE", "it may be TensorRT"),
        (f"{TORCH}COPY --from=build /opt /opt", "it may be linked against the base"),
        (f"{TORCH}RUN apt-get install -y g++ && g++ a.cc", "not against the base, which has no headers"),
    ],
)
def test_information_where_something_is_not_seen(lint_with: LintWith, body: str, reason: str) -> None:
    (finding,) = lint_with("IMG105", f"{RUNTIME}{body}\n").findings
    assert finding.severity == "info", reason
    assert "unless something that is not seen here needs them" in finding.message


@pytest.mark.parametrize(
    "tag, saves, smaller",
    [
        ("12.1.1-runtime-ubuntu22.04", 2_260_000_000, "12.1.1-base-ubuntu22.04"),
        ("12.1.1-cudnn8-devel-ubuntu22.04", 6_260_000_000, "12.1.1-base-ubuntu22.04"),
        ("13.0.2-cudnn-runtime-ubuntu24.04", None, "13.0.2-base-ubuntu24.04"),
    ],
)
def test_what_it_saves(lint_with: LintWith, tag: str, saves: int | None, smaller: str) -> None:
    (finding,) = lint_with("IMG105", f"FROM nvidia/cuda:{tag}\n{TORCH}").findings
    assert finding.saves_bytes == saves
    assert f"use nvidia/cuda:{smaller} or a slim Python image" in finding.message


def test_a_c_compiler_is_named_where_a_package_runs_one(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG105", f"{RUNTIME}RUN pip install vllm\n").findings
    assert finding.message.endswith("with gcc, libc6-dev, python3-dev")


@pytest.mark.parametrize("base, expected", [(DEVEL, ["IMG105"]), (RUNTIME, ["IMG105"])])
def test_one_finding_for_one_base(lint_with: LintWith, base: str, expected: list[str]) -> None:
    text = f'{base}{TORCH}COPY app.py /\nCMD ["python3", "/app.py"]\n'
    assert [finding.code for finding in lint_with("IMG101,IMG105", text).findings] == expected
    assert [finding.code for finding in lint_with("IMG101", text).findings] == ["IMG101"] * (base == DEVEL)
