from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
SLIM = "FROM python:3.11-slim\n"
RUNTIME = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"
APT = "RUN apt-get update && apt-get install -y --no-install-recommends"

LEFT_ALONE = [
    (f"{SLIM}RUN pip install torch transformers", "nothing compiles"),
    (f"{SLIM}{APT} gcc libc6-dev\nRUN pip install vllm", "there is a compiler"),
    (f"{SLIM}{APT} build-essential\nRUN pip install triton", "there is a compiler"),
    (
        f"{RUNTIME}{APT.removesuffix(' --no-install-recommends')} python3-pip\nRUN pip install vllm",
        "pip brings one",
    ),
    (f"{RUNTIME}{APT} gcc cuda-minimal-build-12-4\nRUN pip install deepspeed", "there is nvcc"),
    (f"{SLIM}RUN pip install deepspeed nvidia-cuda-nvcc gcc", "there is nvcc"),
    ("FROM python:3.11\nRUN pip install vllm", "the base has a compiler"),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nRUN pip install vllm", "the base has a compiler"),
    ("FROM mycompany/base\nRUN pip install vllm", "the base is not known"),
    (f"{SLIM}COPY setup.sh /\nRUN /setup.sh && pip install vllm", "what the script installs does not show"),
    (f"{SLIM}COPY --from=build /usr /usr\nRUN pip install vllm", "may bring a compiler"),
    (f"{SLIM}ENV DS_BUILD_OPS=1\nRUN pip install deepspeed", "built beforehand"),
    (f"{SLIM}RUN pip install flashinfer-python flashinfer-jit-cache", "built beforehand"),
    (f"{SLIM[:-1]} AS test\nRUN pip install vllm\n{SLIM}", "does not ship"),
    (f"{SLIM[:-1]} AS b\nRUN pip install vllm\n{SLIM}COPY --from=b /opt/report /opt/", "is not copied"),
    (f"{SLIM}RUN pip install -r vllm.txt", "what it installs does not show"),
    ("FROM python:3.11-slim\nRUN pip download -d /wheels vllm\n", "not installed"),
    (
        "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y --no-install-recommends tcc python3-dev\nENV CC=tcc\nRUN pip install triton\n",
        "somebody chose a compiler",
    ),
    ("FROM python:3.11-slim\nRUN pip install 'jax[cpu]' torch\n", "no CUDA"),
    ("FROM python:3.11-slim\nRUN pip install tritonclient[all]\n", "another package"),
    (
        "FROM python:3.11-alpine\nRUN apk add --no-cache build-base && pip install triton\n",
        "there is a compiler",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG121", f"{text}\n").findings, reason


FOUND = [
    (f"{SLIM}RUN pip install --no-cache-dir vllm==0.9.1", "vllm==0.9.1", "gcc"),
    (f"{RUNTIME}{APT} python3-pip\nRUN pip install \\\n    torch \\\n    triton", "triton", "gcc"),
    (f"{RUNTIME}{APT} gcc python3-pip\nRUN python3 -m pip install deepspeed", "deepspeed", "nvcc"),
    (f"{RUNTIME}RUN <<EOF\nuv pip install --system 'sglang[all]'\nEOF", "'sglang[all]'", "nvcc"),
    (
        f"{SLIM[:-1]} AS b\n{APT} gcc\nRUN pip install vllm\n{SLIM}COPY --from=b /opt/venv /opt/venv",
        "vllm",
        "gcc",
    ),
    (f"{SLIM}{APT} gcc && pip install vllm && apt-get purge -y gcc", "vllm", "gcc"),
    (f"{RUNTIME}RUN pip install vllm flashinfer-python", "flashinfer-python", "nvcc"),
]


@pytest.mark.parametrize("text, piece, part", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, part: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG121", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert f"starts {part} when it runs" in finding.message
    assert finding.message.endswith("in the final stage")


def test_the_packages_that_are_enough(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG121", f"{RUNTIME}RUN pip install sglang\n").findings
    assert "install cuda-minimal-build-12-4 in the final stage" in finding.message
