from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
VLLM = "git+https://github.com/vllm-project/vllm"

LEFT_ALONE = [
    (f"{CUDA}RUN make -j8", "a number"),
    (f"{CUDA}RUN make -j 8 all", "a number"),
    (f"{CUDA}RUN make -j$(nproc)", "a job for each core"),
    (f'{CUDA}RUN make -j "$(nproc)"', "a job for each core"),
    (f"{CUDA}RUN make", "one job"),
    (f"{CUDA}RUN cmake --build b --parallel 4", "a number"),
    (f"{CUDA}RUN cmake -G Ninja -B b && cmake --build b --parallel", "ninja bounds itself"),
    (f"{CUDA}RUN tar -j x", "another program"),
    (f"{CUDA}ENV MAX_JOBS=8\nRUN pip install {VLLM}", "bounded"),
    (f"{CUDA}RUN pip install vllm", "a wheel"),
    ("FROM gcc:13\nRUN make -j", "no CUDA"),
    ("FROM mycompany/cuda\nRUN make -j", "not known"),
    (f"{CUDA[:-1]} AS x\nRUN make -j\n{CUDA}", "not built"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG110", f"{text}\n").findings, reason


FOUND = [
    (f"{CUDA}RUN make -j", "-j", "warning"),
    (f"{CUDA}RUN cd src && \\\n    # all of it\n    make -j install && cd ..", "-j", "warning"),
    (f"{CUDA}RUN <<EOF\nmake --jobs\nEOF", "--jobs", "warning"),
    (f"{CUDA}RUN cmake -B b && cmake --build b --parallel", "--parallel", "warning"),
    (f"{CUDA}RUN pip install {VLLM}", VLLM, "info"),
    (
        "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel\nRUN uv pip install --system flash-attn",
        "flash-attn",
        "info",
    ),
]


def test_one_finding_a_run(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG110", f"{CUDA}RUN make -j && make -j install\n").findings
    assert len(finding.related) == 1


def test_a_wheel_may_fit(lint_with: LintWith) -> None:
    base = "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel\n"
    (finding,) = lint_with("IMG110", f"{base}RUN pip install flash-attn\n").findings
    assert "where no prebuilt wheel fits" in finding.message


@pytest.mark.parametrize("text, piece, severity", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, severity: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG110", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == severity
