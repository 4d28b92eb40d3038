from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CANN = "FROM quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11\n"
WHEEL = "torch_npu-2.1.0-cp310-cp310-manylinux_2_17_aarch64.whl"

LEFT_ALONE = [
    (f"{CANN}RUN pip install torch==2.5.1 torch-npu==2.5.1", "they belong together"),
    (f"{CANN}RUN pip install torch==2.1.0+cpu torch_npu==2.1.0.post12", "they belong together"),
    (f"{CANN}RUN pip install torch torch-npu", "no versions"),
    (f"{CANN}RUN pip install torch-npu==$V", "the version is not told"),
    (f"{CANN}RUN pip install torch-npu==2.5.1rc1", "before the release"),
    ("FROM ubuntu:22.04\nRUN pip install torch-npu==2.1.0", "which CANN is not told"),
    (
        "FROM quay.io/ascend/cann:8.5.1-910b-ubuntu22.04-py3.11\nRUN pip install torch-npu==2.9.0",
        "not in the table",
    ),
    (
        f"{CANN}RUN python3.10 -m pip install torch-npu==2.1.0 && pip install torch-npu==2.5.1",
        "two environments",
    ),
    (f"{CANN[:-1]} AS test\nRUN pip install torch==2.5.1 torch-npu==2.1.0\n{CANN}", "not built"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG111", f"{text}\n").findings, reason


TORCH = "is compiled for torch 2.1.0, and 2.5.1 is installed: pin torch-npu 2.5.1"
FOUND = [
    (f"{CANN}RUN pip install torch==2.5.1 torch-npu==2.1.0", "torch-npu==2.1.0", "warning", TORCH),
    (
        f"{CANN}RUN pip install torch==2.5.1\nRUN pip install \\\n  torch_npu==2.1.0.post12",
        "torch_npu==2.1.0.post12",
        "warning",
        TORCH,
    ),
    (f"{CANN}RUN pip install 'torch==2.5.1+cpu' ./{WHEEL}", f"./{WHEEL}", "warning", TORCH),
    (
        f"ARG V=2.1.0\n{CANN}ARG V\nRUN pip install torch==2.5.1 torch-npu==$V",
        "torch-npu==$V",
        "warning",
        TORCH,
    ),
    (
        f"{CANN}RUN <<EOF\nuv pip install --system torch-npu==2.1.0 torch==2.5.1\nEOF",
        "torch-npu==2.1.0",
        "warning",
        TORCH,
    ),
    (
        f"{CANN}RUN pip install torch==2.9.0 torch-npu==2.9.0",
        "torch-npu==2.9.0",
        "warning",
        "CANN 8.1.rc1 has no torch-npu 2.9.0: it goes with 2.5.1, 2.4.0.post4",
    ),
    (
        "FROM ubuntu:22.04\nRUN ./Ascend-cann-toolkit_8.0.RC1_linux-aarch64.run --install\nRUN pip install torch-npu==2.5.1",
        "torch-npu==2.5.1",
        "warning",
        "CANN 8.0.rc1 has no torch-npu 2.5.1",
    ),
    (f"{CANN}RUN pip install torch-npu==2.1.0", "torch-npu==2.1.0", "info", "which goes with 2.1.0.post12"),
]


@pytest.mark.parametrize("text, piece, severity, words", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, severity: str, words: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG111", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert (finding.severity, words in finding.message) == (severity, True), finding.message
