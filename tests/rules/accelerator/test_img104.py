from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
BASE = "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime\n"


LEFT_ALONE = [
    (
        "RUN python -c 'import torch; print(torch.cuda.is_available())'",
        "nothing depends on what is only printed",
    ),
    ("CMD nvidia-smi", "runs where there is a device"),
    ('ENTRYPOINT ["npu-smi", "info"]', "runs where there is a device"),
    ("HEALTHCHECK CMD nvidia-smi", "runs where there is a device"),
    ("RUN nvidia-smi || true", "its failure is thrown away"),
    ("RUN nvidia-smi | grep CUDA || echo none", "its failure is thrown away"),
    ("RUN --device=nvidia.com/gpu=all nvidia-smi", "the build is given a device"),
    ("RUN echo nvidia-smi > /usr/bin/check", "printed"),
    ("RUN which nvidia-smi", "looked for"),
    ("RUN chmod +x /usr/bin/nvidia-smi", "a file"),
    ("RUN apt-get install -y nvidia-smi-helper", "a package"),
    ("RUN sed -i 's/torch.cuda.is_available()/True/' setup.py", "edited"),
    ("RUN cat > t.py <<EOF\nassert torch.cuda.is_available()\nEOF", "written"),
    ("RUN python train.py", "what it asks does not show"),
    ("RUN python -c 'import torch; print(torch.version.cuda)'", "asks for no device"),
    ("# RUN nvidia-smi", "a comment"),
    ("RUN $TOOL", "not understood"),
]


@pytest.mark.parametrize("body, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, body: str, reason: str) -> None:
    assert not lint_with("IMG104", f"{BASE}{body}\n").findings, reason


QUERY = "torch.cuda.is_available("
FOUND = [
    ("RUN nvidia-smi", "nvidia-smi"),
    ("RUN apt-get update \\\n  # look\n && /usr/bin/nvidia-smi -L", "nvidia-smi"),
    ("RUN sudo npu-smi info", "npu-smi"),
    ("RUN if rocm-smi; then pip install torch; fi", "rocm-smi"),
    ("RUN CUDA=$(nvidia-smi | grep -o 'CUDA.*') && echo $CUDA", "nvidia-smi"),
    ("RUN nvidia-smi || exit 1", "nvidia-smi"),
    ("RUN nvidia-smi && true", "nvidia-smi"),
    ('RUN ["nvidia-smi"]', "nvidia-smi"),
    ("RUN <<EOF\nset -e\nnvidia-smi -L\nEOF", "nvidia-smi"),
    ('RUN python3 -c "import torch; assert torch.cuda.is_available()"', QUERY),
    (
        "RUN /opt/conda/bin/python -c 'import torch\nassert torch.cuda.is_available()'".replace("\n", ";"),
        QUERY,
    ),
    ('RUN ["python", "-c", "import torch; assert torch.cuda.is_available()"]', QUERY),
    ("RUN python <<EOF\nimport torch\nassert torch.cuda.is_available()\nEOF", QUERY),
    ("RUN <<EOF\n#!/usr/bin/env python3\nimport torch\nassert torch.cuda.is_available()\nEOF", QUERY),
    ("RUN echo 'assert torch.cuda.is_available()' | python3 -", QUERY),
    ('SHELL ["python3", "-c"]\nRUN assert torch.cuda.is_available()', QUERY),
    (
        "RUN python -c 'import torch_npu, torch; torch.npu.device_count() or exit(1)'",
        "torch.npu.device_count(",
    ),
    ("RUN python <<EOF\nimport torch\nok = torch.cuda.is_available()\nif ok: print(1)\nEOF", QUERY),
    ("ONBUILD RUN nvidia-smi", "nvidia-smi"),
]


@pytest.mark.parametrize("body, piece", FOUND)
def test_found(lint_with: LintWith, body: str, piece: str) -> None:
    text = f"{BASE}{body}\n".encode()
    (finding,) = lint_with("IMG104", text).findings
    assert text[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == "warning"
    assert finding.message.startswith(f"{piece.rstrip('(')} asks for a device, and no device is visible")


def test_a_builder_counts(lint_with: LintWith) -> None:
    text = "FROM debian:12 AS build\nRUN nvidia-smi\nFROM debian:12\n"
    assert len(lint_with("IMG104", text).findings) == 1
