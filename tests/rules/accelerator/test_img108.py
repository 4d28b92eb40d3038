from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04\n"
URL = "https://download.pytorch.org/whl"

LEFT_ALONE = [
    (f"{CUDA}RUN pip install torch==2.5.1 --index-url {URL}/cu124", "the same"),
    (
        f"{CUDA}RUN pip install torch==2.4.0 --index-url {URL}/cu121",
        "an older minor version of the same major runs",
    ),
    (f"{CUDA}RUN pip install torch --index-url {URL}/cpu", "no CUDA"),
    (f"{CUDA}RUN pip install torch==2.5.1", "its wheels are for CUDA 12"),
    (f"{CUDA}RUN pip install torch", "the version is not told"),
    (f"{CUDA}RUN pip install cupy-cuda12x onnxruntime-gpu jax[cuda12]", "for CUDA 12"),
    (f"{CUDA}RUN pip install nvidia-cublas-cu12 faiss-gpu-cu12", "for CUDA 12"),
    (f"{CUDA}ARG C\nRUN pip install torch --index-url {URL}/cu$C", "the version is not told"),
    (f"{CUDA}RUN if x; then pip install torch --index-url {URL}/cu118; fi", "not in every build"),
    (f"{CUDA}RUN pip install torch==2.15.0 --index-url https://example.com/simple", "other builds"),
    (f"{CUDA}RUN echo {URL}/cu118", "nothing is installed"),
    (f"FROM ubuntu:22.04\nRUN pip install torch --index-url {URL}/cu118", "the base has no CUDA"),
    (f"FROM mycompany/cuda\nRUN pip install torch --index-url {URL}/cu118", "the base is not known"),
    (f"{CUDA[:-1]} AS test\nRUN pip install torch --index-url {URL}/cu118\nFROM ubuntu:22.04", "not built"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG108", text).findings, reason


FOUND = [
    (f"{CUDA}RUN pip install torch --index-url {URL}/cu118", "cu118", "11.8"),
    (
        f"{CUDA}RUN pip3 install \\\n    # the old ones\n    torch==2.1.0+cu118 \\\n    -f {URL}/torch_stable.html",
        "cu118",
        "11.8",
    ),
    (f"{CUDA}RUN uv pip install --system torch --extra-index-url={URL}/cu130", "cu130", "13.0"),
    (
        f"ARG V=118\n{CUDA}ARG V\nRUN python3 -m pip install torch --index-url {URL}/cu$V",
        f"{URL}/cu$V",
        "11.8",
    ),
    (f"{CUDA}ENV PIP_EXTRA_INDEX_URL={URL}/cu118\nRUN pip install torch==2.1.0", "pip", "11.8"),
    (f"{CUDA}RUN pip install cupy-cuda11x", "cupy-cuda11x", "11"),
    (f"{CUDA}RUN pip install spconv-cu117", "cu117", "11.7"),
    (f"{CUDA}RUN pip install 'jax[cuda13]'", "'jax[cuda13]'", "13"),
    (f"{CUDA}RUN pip install cuda-python==11.8.3", "cuda-python==11.8.3", "11.8"),
    (f"{CUDA}RUN conda install -y pytorch pytorch-cuda=11.8 -c pytorch", "pytorch-cuda=11.8", "11.8"),
    (f"{CUDA}RUN pip install torch==2.15.0", "torch==2.15.0", "13.2"),
    (
        f"{CUDA}RUN <<EOF\npip install https://example.com/flash_attn-2.6.3+cu118torch2.4-cp310-none-any.whl\nEOF",
        "cu118",
        "11.8",
    ),
    (
        f"{CUDA[:-1]} AS b\nRUN pip install torch --index-url {URL}/cu118\nFROM debian\nCOPY --from=b /x /x",
        "cu118",
        "11.8",
    ),
]


@pytest.mark.parametrize("text, piece, cuda", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, cuda: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG108", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == "warning"
    assert (
        f"is for CUDA {cuda}, and nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04 holds CUDA 12.4"
        in finding.message
    )


def test_a_base_without_libraries_is_information(lint_with: LintWith) -> None:
    text = f"FROM nvidia/cuda:12.4.1-base-ubuntu22.04\nRUN pip install torch --index-url {URL}/cu118\n"
    assert [f.severity for f in lint_with("IMG108", text).findings] == ["info"]


def test_one_finding_for_one_version(lint_with: LintWith) -> None:
    text = f"{CUDA}RUN pip install torch --index-url {URL}/cu118\nRUN pip install xformers --index-url {URL}/cu118\n"
    (finding,) = lint_with("IMG108", text).findings
    assert [text[span.start : span.end] for span in finding.places] == ["cu118", "cu118"]
