"""Thirty defects of GPU and NPU images that other linters pass in silence: each is found by one rule of ours.

A row is its number, a Dockerfile, the build context, and the code that has to be among the findings of the default
profile. ``None``: others complain where nothing is wrong, and nothing may be said.
"""

from __future__ import annotations

import pytest
from fakes import TOKENS

from imgtool.lint import registry

from .conftest import LintWith

CUDA = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"
BASE = "FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n"
CUDNN = "FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04\n"
DEVEL = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
CANN = "FROM quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11\n"
TORCH = "RUN pip install --no-cache-dir torch==2.5.1\n"
START = 'CMD ["python3", "/srv/serve.py"]\n'

TOOLKIT = "Ascend-cann-toolkit_8.0.0_linux-aarch64.run"
APEX = "git+https://github.com/NVIDIA/apex --config-settings=--build-option=--cuda_ext"
REPOS = "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64"

NOTHING: dict[str, str] = {}

# put together, so that no scanner takes this file for a leak; as simple as examples are
HF = "hf" + "_1234567890abcdef"
GH = "ghp" + "_0123456789abcdef0123456789abcdef0123"
UV = "https://astral.sh/uv/install.sh"

# number, Dockerfile, files of the context, code
ROWS: list[tuple[int, str, dict[str, str], str | None]] = [
    (1, f'{DEVEL}COPY serve /srv/\nCMD ["/srv/serve"]\n', NOTHING, "IMG101"),
    (
        2,
        f"{CUDA}RUN pip install torch --index-url https://download.pytorch.org/whl/cu118\n{START}",
        NOTHING,
        "IMG108",
    ),
    (3, f"{CUDNN}{TORCH}{START}", NOTHING, "IMG105"),
    (
        3,
        f"FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04\nRUN pip install nvidia-cudnn-cu12\n{START}",
        NOTHING,
        "IMG105",
    ),
    (4, "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y cuda=12.4.1-1\n", NOTHING, "IMG102"),
    (5, "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y nvidia-driver-550\n", NOTHING, "IMG102"),
    (
        5,
        f"{DEVEL}ENV LD_LIBRARY_PATH=/usr/local/cuda/lib64/stubs:$LD_LIBRARY_PATH\n{START}",
        NOTHING,
        "IMG103",
    ),
    (5, f"{CANN}COPY driver /usr/local/Ascend/driver\n", {"driver/lib64/a": ""}, "IMG102"),
    (5, f"{CANN}COPY --from=host /usr/local/Ascend/driver /usr/local/Ascend/driver\n", NOTHING, "IMG102"),
    (6, f"{CUDA}RUN python3 -c 'import torch; assert torch.cuda.is_available()'\n", NOTHING, "IMG104"),
    (6, f"{CANN}RUN npu-smi info\n", NOTHING, "IMG104"),
    (
        12,
        f"FROM ubuntu:22.04\nCOPY {TOOLKIT} /opt/\nRUN /opt/{TOOLKIT} --quiet --install\n",
        NOTHING,
        "IMG113",
    ),
    (
        12,
        f"FROM ubuntu:22.04\nRUN wget https://e.com/{TOOLKIT} && sh {TOOLKIT} --install\n",
        NOTHING,
        "IMG113",
    ),
    (
        13,
        f"FROM ubuntu:22.04\nRUN . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\n{START}",
        NOTHING,
        "IMG112",
    ),
    (14, f"{CANN}RUN pip install torch==2.5.1 torch-npu==2.1.0\n{START}", NOTHING, "IMG111"),
    (15, f"FROM --platform=linux/amd64 ubuntu:22.04\nRUN ./{TOOLKIT} --install\n", NOTHING, "IMG114"),
    (15, f"FROM ubuntu:22.04\nARG TARGETARCH\nRUN ./{TOOLKIT} --install\n", NOTHING, "IMG114"),
    (20, "FROM nvidia/cuda:11.3.0-base-ubuntu18.04\nCOPY serve /srv/\n", NOTHING, "IMG115"),
    (21, f"FROM ubuntu:22.04\nRUN apt-key adv --fetch-keys {REPOS}/7fa2af80.pub\n", NOTHING, "IMG122"),
    (
        25,
        f"FROM ubuntu:22.04\nCOPY --from={CUDA[5:-1]} /usr/local/cuda /usr/local/cuda\n{START}",
        NOTHING,
        "IMG116",
    ),
    (26, f"{CUDA}RUN apt-get update && apt-get upgrade -y\n{START}", NOTHING, "IMG120"),
    (7, f"{DEVEL}RUN pip install {APEX}\n{START}", NOTHING, "IMG109"),
    (7, f"{DEVEL}RUN pip install flash-attn --no-build-isolation\n{START}", NOTHING, "IMG109"),
    (7, f"{DEVEL}RUN pip install flash-attn --no-build-isolation\n{START}", NOTHING, "IMG110"),
    (
        8,
        f"{CUDA}RUN huggingface-cli download Qwen/Qwen2.5-7B-Instruct --local-dir /m\n{START}",
        NOTHING,
        "IMG206",
    ),
    (8, f"{CUDA}COPY model.safetensors /m/\n{START}", {"model.safetensors": "x" * 2_000_000}, "IMG206"),
    (9, f"{CUDA}RUN huggingface-cli login --token {TOKENS['Hugging Face']}\n{START}", NOTHING, "IMG501"),
    (9, f"{CUDA}RUN pip install git+https://u:{TOKENS['GitHub']}@github.com/a/b\n{START}", NOTHING, "IMG501"),
    (9, f"{CUDA}ENV SETTING={TOKENS['Hugging Face']}\n{START}", NOTHING, "IMG501"),
    (
        10,
        f"{CUDA}RUN useradd app\nCOPY --from=build /opt/venv /opt/venv\nRUN chown -R app /opt/venv\n{START}",
        NOTHING,
        "IMG203",
    ),
    (11, f"{CUDA}COPY big.run /tmp/\nRUN sh /tmp/big.run\nRUN rm /tmp/big.run\n{START}", NOTHING, "IMG202"),
    (16, f"{CUDA}RUN uv pip install --system torch\n{START}", NOTHING, "IMG204"),
    (17, f"{CUDA}RUN conda install -y pytorch\n{START}", NOTHING, "IMG204"),
    (18, f"{CUDA}RUN /opt/conda/bin/pip install torch\n{START}", NOTHING, "IMG204"),
    (18, f"{CUDA}ARG PIP=pip3\nRUN $PIP install torch\n{START}", NOTHING, "IMG204"),
    (19, f"{CUDA}COPY . .\nRUN pip install -r requirements.txt\n{START}", NOTHING, "IMG205"),
    (22, f"{CUDA}RUN git clone https://github.com/NVIDIA/apex\n{START}", NOTHING, "IMG207"),
    (22, f"{CUDA}RUN git clone https://github.com/NVIDIA/apex\n{START}", NOTHING, "IMG208"),
    (
        30,
        f'{CUDA}HEALTHCHECK --start-period=10m30s CMD ["curl", "x"]\nCMD ["vllm", "serve", "/m"]\n',
        NOTHING,
        None,
    ),
    (30, f'{CUDA}HEALTHCHECK CMD ["curl", "x"]\nCMD ["vllm", "serve", "/m"]\n', NOTHING, "IMG409"),
    (24, f"{CUDA}ENV LD_LIBRARY_PATH=/opt/lib\n{START}", NOTHING, "IMG107"),
    (9, f"{CUDA}RUN huggingface-cli login --token {HF}\n{START}", NOTHING, "IMG501"),
    (9, f"{CUDA}RUN git clone https://u:{GH}@github.com/a/b /srv\n{START}", NOTHING, "IMG501"),
    (9, f"{CUDA}RUN pip install -i https://u:{GH}@example.org/simple a==1\n{START}", NOTHING, "IMG501"),
    (9, f"{CUDA}ENV HUB={GH}\n{START}", NOTHING, "IMG501"),
    (23, f"{CUDA}RUN set -o pipefail && curl -LsSf {UV} | sh\n{START}", NOTHING, "IMG502"),
    (
        23,
        f'{CUDA}SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN wget -qO- {UV} | sh\n{START}',
        NOTHING,
        "IMG502",
    ),
    (23, f"{CUDA}RUN bash <(curl -LsSf {UV})\n{START}", NOTHING, "IMG502"),
    (
        27,
        f"{CUDA}RUN pip install --extra-index-url http://pypi.example.org/simple --trusted-host pypi.example.org a\n{START}",
        NOTHING,
        "IMG503",
    ),
    (
        27,
        f"{CUDA}RUN pip install --extra-index-url http://pypi.example.org/simple --trusted-host pypi.example.org a\n{START}",
        NOTHING,
        "IMG504",
    ),
    (28, f"{DEVEL[:-1]} AS unused\nRUN nvcc --version\n{BASE}{START}", NOTHING, "IMG401"),
    (28, f"{DEVEL}RUN nvcc --version\n{BASE}{START}", NOTHING, "IMG401"),
    (29, f"{CUDA}RUN --device=nvidia.com/gpu=all nvidia-smi\n{START}", NOTHING, None),
]


@pytest.mark.parametrize("row, dockerfile, files, code", ROWS)
def test_found(
    lint_with: LintWith, row: int, dockerfile: str, files: dict[str, str], code: str | None
) -> None:
    every = ",".join(entry.code for entry in registry.select())
    found = {finding.code for finding in lint_with(every, dockerfile, files).findings}
    assert code in found if code else not found & QUIET, row


QUIET = {entry.code for entry in registry.select() if entry.code.startswith(("IMG1", "IMG4"))}
