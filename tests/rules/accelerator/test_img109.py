from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from imgtool.families.builds import SourceBuild
from imgtool.families.model import rows
from imgtool.lint import registry
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
META = next(registry.load(entry).meta for entry in registry.index() if entry.code == "IMG109")
CUDA = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
APEX = "git+https://github.com/NVIDIA/apex.git"
EXT = '--config-settings "--build-option=--cuda_ext"'

LEFT_ALONE = [
    (f'{CUDA}ENV TORCH_CUDA_ARCH_LIST="8.0 9.0"\nRUN pip install {APEX} {EXT}', "chosen"),
    (f"{CUDA}RUN FLASH_ATTN_CUDA_ARCHS=90 pip install flash-attn --no-build-isolation", "chosen"),
    (f"ARG TORCH_CUDA_ARCH_LIST=9.0\n{CUDA}ARG TORCH_CUDA_ARCH_LIST\nRUN pip install {APEX} {EXT}", "chosen"),
    (f"{CUDA}RUN pip install {APEX}", "without its CUDA part"),
    (f"{CUDA}RUN pip install vllm xformers torch", "wheels"),
    (f"{CUDA}RUN pip install https://e.com/flash_attn-2.6.3-cp310-cp310-linux_x86_64.whl", "a wheel"),
    (
        f"{CUDA}RUN VLLM_USE_PRECOMPILED=1 pip install git+https://github.com/vllm-project/vllm",
        "nothing is compiled",
    ),
    (f"{CUDA}RUN git clone https://github.com/vllm-project/vllm", "not built"),
    (
        f"{CUDA}RUN git clone https://github.com/pytorch/vision && cd vision && python setup.py install\nENV FORCE_CUDA=1",
        "without its CUDA part, which is asked for too late",
    ),
    (f"{CUDA}RUN if $FLASH; then pip install flash-attn; fi", "not in every build"),
    (f"FROM rocm/dev-ubuntu-22.04:6.2\nRUN pip install {APEX} {EXT}", "another device"),
    (f"FROM nvcr.io/nvidia/pytorch:24.05-py3\nRUN pip install {APEX} {EXT}", "the image names some"),
    (f"FROM mycompany/cuda\nRUN pip install {APEX} {EXT}", "not known"),
    (f"{CUDA[:-1]} AS x\nRUN pip install {APEX} {EXT}\n{CUDA}", "not built"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG109", f"{text}\n").findings, reason


FOUND = [
    (f"{CUDA}RUN pip install -v {APEX} {EXT}", APEX, "TORCH_CUDA_ARCH_LIST"),
    (
        f"{CUDA}RUN git clone https://github.com/Dao-AILab/flash-attention && \\\n    cd flash-attention && \\\n    python setup.py install",
        "https://github.com/Dao-AILab/flash-attention",
        "FLASH_ATTN_CUDA_ARCHS",
    ),
    (f"{CUDA}RUN pip install xformers --no-binary xformers", "xformers", "TORCH_CUDA_ARCH_LIST"),
    (
        f"{CUDA}RUN git clone https://github.com/vllm-project/vllm.git /srv/vllm\nWORKDIR /srv/vllm\nRUN pip install -e .",
        "https://github.com/vllm-project/vllm.git",
        "TORCH_CUDA_ARCH_LIST",
    ),
    (
        f"{CUDA}RUN <<EOF\ngit clone https://github.com/ggml-org/llama.cpp\ncmake -B b -DGGML_CUDA=ON llama.cpp\ncmake --build b\nEOF",
        "https://github.com/ggml-org/llama.cpp",
        "CMAKE_CUDA_ARCHITECTURES",
    ),
    (
        "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel\nRUN pip install git+https://github.com/NVIDIA/TransformerEngine.git@stable",
        "git+https://github.com/NVIDIA/TransformerEngine.git@stable",
        "NVTE_CUDA_ARCHS",
    ),
]


@pytest.mark.parametrize("text, piece, variable", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, variable: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG109", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == "warning"
    assert finding.message.endswith(f"list yours in {variable}")


@pytest.mark.parametrize("package", ["flash-attn --no-build-isolation", "flash_attn==2.6.3"])
def test_what_may_be_prebuilt_is_information(lint_with: LintWith, package: str) -> None:
    (finding,) = lint_with("IMG109", f"{CUDA}RUN pip install {package}\n").findings
    assert (finding.severity, "where no prebuilt wheel fits" in finding.message) == ("info", True)


def test_every_project_is_looked_for() -> None:
    names = [part for row in rows("builds", "build", SourceBuild) for part in parts(row.pattern)]
    assert names
    assert not [name for name in names if not any(need in name for need in META.needs)]


def parts(pattern: str) -> list[str]:
    """The names of a pattern, as far as they are written out: what stands in a group goes with what is before it."""
    return [piece for piece in re.split(r"\|(?![^(]*\))", pattern) if piece]
