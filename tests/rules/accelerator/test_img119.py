from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"
IMAGE = "quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11"
CANN = f"FROM {IMAGE}\n"
ROCM = "FROM rocm/dev-ubuntu-22.04:6.2.4-complete\n"
CPU = "--index-url https://download.pytorch.org/whl/cpu"

LEFT_ALONE = [
    (f"{CUDA}RUN pip install torch", "one of them"),
    (f"{CANN}RUN pip install torch==2.5.1 {CPU} && pip install torch-npu", "torch without CUDA"),
    (f"{CANN}RUN pip install torch==2.5.1+cpu torch-npu", "torch without CUDA"),
    (
        f"{CANN}RUN pip install --no-index --find-links=/wheels torch torch-npu",
        "which wheels lie there does not show",
    ),
    (f"{CANN}RUN pip config set global.extra-index-url https://x/whl/cpu && pip install torch", "seen to"),
    (
        f"{CANN}RUN pip install torch torch_npu-2.5.1-cp311-cp311-linux_aarch64.whl",
        "arm64 wheels bring no CUDA",
    ),
    (f"{CANN[:-1]} AS cann\n{CUDA[:-1]} AS cuda\n", "two images"),
    (f"ARG TARGET=cuda\n{CUDA[:-1]} AS cuda\n{CANN[:-1]} AS cann\nFROM $TARGET", "two images"),
    (f"{CUDA}COPY --from={IMAGE} /etc/os-release /tmp/", "no CANN"),
    (f"{CUDA}COPY --from=ascend /usr/local/Ascend /usr/local/Ascend", "what it is from is not known"),
    (f"{CUDA}ENV ASCEND_HOME=/usr/local/Ascend", "a variable"),
    ("", "no stage"),
    ("FROM rocm/pytorch:latest\nRUN pip install torch accelerate\n", "the image has it, and it stays"),
    (f"{ROCM}RUN pip install flash-attn xformers bitsandbytes\n", "there are builds for ROCm"),
    (
        f"{ROCM}RUN pip config set global.index-url https://download.pytorch.org/whl/rocm6.2 && pip install torch\n",
        "seen to",
    ),
    (f"{CUDA}RUN pip install cupy-cuda12x onnxruntime-gpu\n", "one of them"),
    (
        "FROM rocm/dev-ubuntu-22.04:6.2\nRUN pip install torch --index-url https://download.pytorch.org/whl/rocm6.2\n",
        "one of them",
    ),
    (
        "FROM quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11\nENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu/\nRUN pip install torch==2.5.1 torch-npu==2.5.1\n",
        "torch without CUDA",
    ),
    (
        "FROM quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11\nRUN pip install tensorflow==2.6.5 mindspore onnxruntime\n",
        "no CUDA libraries come along",
    ),
    (
        "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nCOPY --from=quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11 /usr/local/python3.11 /usr/local/python3.11\n",
        "no software of it",
    ),
    (
        "FROM quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11\nRUN pip download torch -d /w\n",
        "not installed",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG119", text).findings, reason


FOUND = [
    (f"{CUDA}COPY --from={IMAGE} /usr/local/Ascend /usr/local/Ascend\n", "/usr/local/Ascend"),
    (
        f"{CUDA}RUN ./Ascend-cann-toolkit_8.3.RC1_linux-x86_64.run --install\n",
        "./Ascend-cann-toolkit_8.3.RC1_linux-x86_64.run",
    ),
    (f"{CUDA}RUN pip install \\\n    torch \\\n    torch-npu==2.5.1\n", "torch-npu==2.5.1"),
    (f"{CANN}RUN pip install vllm --index-url https://x/whl/cu124\n", "vllm"),
    (
        f"{CANN}COPY --from=nvidia/cuda:12.4.1-devel-ubuntu22.04 /usr/local/cuda /usr/local/cuda\n",
        "/usr/local/cuda",
    ),
    (f"{CUDA}RUN apt-get install -y rocm-libs\n", "rocm-libs"),
]


@pytest.mark.parametrize("text, piece", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str) -> None:
    data = text.encode()
    (finding,) = lint_with("IMG119", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == "warning"
    assert "make two images (imgtool rewrite --target cuda" in finding.message
    assert ("--target cann" in finding.message) == ("rocm" not in text)


def test_the_default_index_is_information(lint_with: LintWith) -> None:
    text = f"{CANN}RUN pip install torch==2.5.1 torch-npu==2.5.1\n"
    (finding,) = lint_with("IMG119", text).findings
    assert (finding.severity, text[finding.span.start : finding.span.end]) == ("info", "torch==2.5.1")
    assert finding.message.endswith("take torch from its CPU index")


PYTORCH = "https://download.pytorch.org/whl"
NEVER = "this build never sees the GPU; take "

# --- (base, package, what the message ends with) ---
ON_ROCM = [
    ("rocm/dev-ubuntu-22.04:6.2.4-complete", "torch", f"{NEVER}torch from {PYTORCH}/rocm6.2.4"),
    ("rocm/dev-ubuntu-22.04:6.2.2", "torch==2.5.1", f"{NEVER}torch from {PYTORCH}/rocm6.2"),
    ("rocm/dev-ubuntu-22.04:5.3", "torch", f"{NEVER}torch from the index of PyTorch for your version of it"),
    ("rocm/pytorch:latest", "torch==2.5.1", f"{NEVER}torch from the index of PyTorch for your version of it"),
    ("rocm/dev-ubuntu-22.04:6.2", "vllm", f"{NEVER}a build for ROCm"),
    ("rocm/dev-ubuntu-22.04:6.2", "cupy-cuda12x", "it does not run there; take a package for ROCm"),
    ("rocm/dev-ubuntu-22.04:6.2", "onnxruntime-gpu==1.19.0", "it does not run there; take a package for ROCm"),
    (IMAGE, "onnxruntime-gpu", "it does not run there; take a package for CANN"),
]  # fmt: skip


@pytest.mark.parametrize("base, package, advice", ON_ROCM)
def test_wheels_that_never_see_the_gpu(lint_with: LintWith, base: str, package: str, advice: str) -> None:
    text = f"FROM {base}\nRUN pip install numpy {package}\n"
    (finding,) = lint_with("IMG119", text).findings
    assert (finding.severity, text[finding.span.start : finding.span.end]) == ("warning", package)
    assert finding.message.endswith(advice)
    assert "CPU index" not in finding.message
