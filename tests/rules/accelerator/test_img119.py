from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"
IMAGE = "quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11"
CANN = f"FROM {IMAGE}\n"
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
