"""A CUDA file as a CANN file and back: what each line becomes, and what is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.retarget import CPU_INDEX, Retargeted, retarget
from imgtool.syntax import parse

CUDA = "FROM nvidia/cuda:12.1.0-runtime-ubuntu22.04\n"
CANN = "FROM quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11\n"
HERE = Choices(cann="8.5.0")


def turned(
    text: str,
    target: str,
    files: Mapping[str, str] | None = None,
    choices: Choices = HERE,
    folder: Path | None = None,
) -> Retargeted:
    options = FactOptions()
    if folder is not None:
        for name, content in (files or {}).items():
            (folder / name).write_text(content)
        options = FactOptions(dockerfile=folder / "Dockerfile", context=folder)
    found = retarget(text.encode(), target, options, choices)
    assert found is not None
    if not found.reasons:
        assert not parse(found.data).problems
        assert retarget(found.data, target, options, choices) is None
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # what the image brings, or nothing reads
        ("ENV NVIDIA_VISIBLE_DEVICES=all", ""),
        ("ENV NVIDIA_DRIVER_CAPABILITIES compute,utility", ""),
        ("ENV CUDA_HOME=/usr/local/cuda A=1", "ENV A=1"),
        ("ENV CUDA_HOME=/usr/local/cuda \\\n    CUDA_PATH=/x \\\n    A=1 \\\n    NCCL_DEBUG=INFO", "ENV A=1"),
        ("ENV PATH=/usr/local/cuda/bin:$PATH", ""),
        ("ENV NCCL_DEBUG=INFO", ""),
        # what has a counterpart
        ("ENV NVIDIA_VISIBLE_DEVICES=0,1", "ENV ASCEND_VISIBLE_DEVICES=0,1"),
        ("ENV CUDA_VISIBLE_DEVICES 0", "ENV ASCEND_RT_VISIBLE_DEVICES=0"),
        ("ENV NCCL_SOCKET_IFNAME=eth0", "ENV HCCL_SOCKET_IFNAME=eth0"),
        ("ENV TORCH_CUDA_ARCH_LIST='8.0 9.0'", "ENV SOC_VERSION=ascend910b1"),
        ("ENV PATH=/usr/local/cuda/bin:/opt/bin:$PATH", "ENV PATH=/opt/bin:$PATH"),
        ("ENV PATH $CUDA_HOME/bin:/opt/bin:$PATH", "ENV PATH=/opt/bin:$PATH"),
        ("RUN apt-get install -y cuda-nsight-systems-12-4 git", "RUN apt-get install -y git"),
        ("HEALTHCHECK CMD nvidia-smi || exit 1", "HEALTHCHECK CMD npu-smi info || exit 1"),
        # CANN needs its own folders where CUDA's are found without
        ("ENV LD_LIBRARY_PATH=/opt/lib", "ENV LD_LIBRARY_PATH=/opt/lib:${LD_LIBRARY_PATH}"),
        ("ENV PYTHONPATH=/app", "ENV PYTHONPATH=/app:${PYTHONPATH}"),
        # not a word about CUDA
        ("ENV A=1 B=", "ENV A=1 B="),
        ("RUN apt-get install -y libnccl2 git", "RUN apt-get install -y git"),
        ("RUN pip install numpy", "RUN pip install numpy"),
        (
            "RUN pip install torch==2.9.0+cu121 --index-url https://download.pytorch.org/whl/cu121",
            f"RUN pip install torch==2.9.0 torch-npu==2.9.0 --extra-index-url {CPU_INDEX}",
        ),
        (
            "RUN pip install torch torchvision==0.24.0+cu121",
            f"RUN pip install torch==2.9.0 torch-npu==2.9.0 torchvision==0.24.0 --extra-index-url {CPU_INDEX}",
        ),
        (
            'RUN pip install "torch>=2.7,<2.8"',
            f'RUN pip install "torch==2.7.1" "torch-npu==2.7.1.post2" --extra-index-url {CPU_INDEX}',
        ),
        ("RUN pip install triton==3.2", "RUN pip install triton-ascend"),
        ("ARG CUDA_VERSION=12.1.0", ""),
    ],
)
def test_lines_from_cuda(line: str, expected: str) -> None:
    made = turned(f"{CUDA}{line}\nRUN true\n", "cann")
    assert not made.reasons
    assert made.data.decode() == f"{CANN}{expected}{chr(10) if expected else ''}RUN true\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ENV HCCL_SOCKET_IFNAME=eth0", "ENV NCCL_SOCKET_IFNAME=eth0"),
        ("ENV ASCEND_RT_VISIBLE_DEVICES=0", "ENV CUDA_VISIBLE_DEVICES=0"),
        ("HEALTHCHECK CMD npu-smi info || exit 1", "HEALTHCHECK CMD nvidia-smi || exit 1"),
        ("ENV ASCEND_OPP_PATH=/usr/local/Ascend/x", ""),
        ("ENV LD_LIBRARY_PATH=/usr/local/Ascend/driver/lib64:/opt/lib", "ENV LD_LIBRARY_PATH=/opt/lib"),
        (
            f"RUN pip install torch==2.9.0+cpu torch-npu==2.9.0 --extra-index-url {CPU_INDEX}",
            "RUN pip install torch==2.9.0",
        ),
        (
            "RUN source /usr/local/Ascend/ascend-toolkit/set_env.sh && pip install numpy",
            "RUN pip install numpy",
        ),
        ("RUN pip install triton-ascend", "RUN pip install triton"),
    ],
)
def test_lines_from_cann(line: str, expected: str) -> None:
    made = turned(f"{CANN}{line}\nRUN true\n", "cuda", choices=Choices(cuda="12.4"))
    assert not made.reasons
    text = made.data.decode()
    assert text.startswith(
        'FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nSHELL ["/bin/bash", "-c"]\nRUN apt-get'
    )
    assert text.endswith(f"lists/*\n{expected}{chr(10) if expected else ''}RUN true\n")


@pytest.mark.parametrize(
    ("image", "choices", "expected"),
    [
        ("nvidia/cuda:12.1.0-runtime-ubuntu22.04", Choices(), "9.0.0-910b-ubuntu22.04-py3.11"),
        ("nvidia/cuda:12.1.0-devel-ubuntu20.04", Choices(), "9.0.0-910b-ubuntu22.04-py3.11-devel"),
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", HERE, "8.5.0-910b-ubuntu22.04-py3.11"),
        (
            "nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04",
            Choices(chip="310p", python="3.10", cann="8.3.rc1"),
            "8.3.rc1-310p-ubuntu22.04-py3.10",
        ),
    ],
)
def test_images(image: str, choices: Choices, expected: str) -> None:
    made = turned(f"FROM {image} AS x\n", "cann", choices=choices)
    assert made.data.decode() == f"FROM quay.io/ascend/cann:{expected} AS x\n"


@pytest.mark.parametrize(
    ("spec", "cann"),
    [("==2.9.0", "9.0.0"), ("==2.6.0", "8.5.0"), ("==2.5.1", "8.2.rc1"), ("==2.4", "8.1.rc1"), ("", "9.0.0")],
)
def test_the_release_follows_torch(spec: str, cann: str) -> None:
    made = turned(f"{CUDA}RUN pip install torch{spec}\n", "cann", choices=Choices())
    assert f"cann:{cann}-".encode() in made.data


def test_the_named_python_is_taken() -> None:
    made = turned(f"{CUDA}RUN python3.10 -m pip install numpy\n", "cann")
    assert b"-py3.10" in made.data


@pytest.mark.parametrize(
    ("text", "target", "named"),
    [
        (f"{CUDA}RUN pip install flash-attn\n", "cann", "flash-attn has no analogue"),
        (f"{CUDA}RUN pip install xformers\n", "cann", "xformers"),
        (f"{CUDA}RUN pip install bitsandbytes\n", "cann", "bitsandbytes"),
        (f"{CUDA}RUN pip install deepspeed\n", "cann", "deepspeed"),
        (f"{CUDA}RUN pip install tensorrt\n", "cann", "tensorrt"),
        (f"{CUDA}RUN pip install apex\n", "cann", "apex"),
        (f"{CUDA}RUN apt-get install -y libnvinfer8\n", "cann", "TensorRT"),
        (f"{CUDA}RUN pip install torch==1.13.1\n", "cann", "goes with torch ==1.13.1"),
        (f"{CUDA}RUN nvcc -o a a.cu\n", "cann", "nvcc"),
        (f"{CUDA}RUN pip install -r requirements.txt\n", "cann", "requirements.txt is not found"),
        (f"{CUDA}COPY . .\n", "cann", "context is not known"),
        (
            f"{CUDA}RUN pip install git+https://example.com/team/tool\n",
            "cann",
            "git+https://example.com/team/tool",
        ),
        (f"{CUDA}RUN pip install $PACKAGES\n", "cann", "what a variable installs"),
        (f"{CUDA}RUN conda install pytorch\n", "cann", "conda"),
        (f"{CUDA}RUN pip install .\n", "cann", "project's files"),
        (f"{CUDA}RUN ./install.sh\n", "cann", "what ./install.sh does"),
        ("FROM pytorch/pytorch:2.1.0-cuda12.1-cudnn8-devel\n", "cann", "built for CUDA"),
        ("FROM nvidia/cuda:12.1.0-devel-rockylinux8\n", "cann", "rockylinux"),
        (f"{CANN}RUN npu-smi info\n", "cuda", "npu"),
        (f"{CANN}RUN pip install vllm-ascend\n", "cuda", "vllm-ascend"),
    ],
)
def test_what_has_no_analogue_is_named(text: str, target: str, named: str) -> None:
    made = turned(text, target)
    assert any(named in reason.message for reason in made.reasons)
    assert made.data == text.encode()


def test_missing_things_stay_as_marks_that_fail_the_build() -> None:
    made = turned(
        f"{CUDA}RUN pip install flash-attn\n", "cann", choices=Choices(cann="8.5.0", allow_missing=True)
    )
    lines = made.data.decode().splitlines()
    assert lines[1].startswith("# imgtool: flash-attn has no analogue on CANN")
    assert lines[2].startswith("RUN echo 'flash-attn")
    assert lines[2].endswith(">&2 && exit 1")
    assert lines[3] == "RUN pip install flash-attn"


def test_requirement_files_get_a_twin(tmp_path: Path) -> None:
    text = f"{CUDA}WORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    made = turned(text, "cann", {"requirements.txt": "numpy\ntorch>=2.1  # any\n"}, folder=tmp_path)
    assert b"COPY requirements.cann.txt .\nRUN pip install -r requirements.cann.txt\n" in made.data
    assert dict(made.files) == {
        "requirements.cann.txt": f"--extra-index-url {CPU_INDEX}\nnumpy\ntorch==2.9.0  # any\ntorch-npu==2.9.0  # any\n".encode()
    }


@pytest.mark.parametrize(
    ("name", "content", "install", "named"),
    [
        ("requirements.txt", "-r more.txt\n", "-r requirements.txt", "-r more.txt in a requirement file"),
        ("pyproject.toml", '[project]\ndependencies = ["torch"]\n', ".", "the project asks for torch"),
        ("pyproject.toml", '[project]\ndependencies = ["flash-attn"]\n', ".", "flash-attn has no analogue"),
        ("pyproject.toml", '[project]\ndependencies = ["six"]\n', ".", ""),
    ],
)
def test_what_files_ask_for_is_read(
    tmp_path: Path, name: str, content: str, install: str, named: str
) -> None:
    text = f"{CUDA}WORKDIR /app\nCOPY . .\nRUN pip install {install}\n"
    made = turned(text, "cann", {name: content}, folder=tmp_path)
    assert [reason.message[: len(named)] for reason in made.reasons] == ([named] if named else [])


def test_requirement_files_that_say_nothing_of_it_stay(tmp_path: Path) -> None:
    text = f"{CUDA}WORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
    made = turned(text, "cann", {"requirements.txt": "numpy\n"}, folder=tmp_path)
    assert made.data.decode() == text.replace(CUDA, CANN)
    assert not made.files


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("kernel.cu", "__global__ void k() {}", "kernel.cu is CUDA code"),
        ("main.py", "model.cuda()", "main.py chooses cuda"),
        ("main.py", "device = 'cuda:0'", "main.py chooses cuda"),
        ("main.py", "import torch_npu\ndevice = 'cuda:0'", ""),
        ("main.py", "print('hello')", ""),
    ],
)
def test_sources_of_the_context(tmp_path: Path, name: str, content: str, named: str) -> None:
    made = turned(f"{CUDA}COPY . /app\n", "cann", {name: content}, folder=tmp_path)
    assert [reason.message[: len(named)] for reason in made.reasons] == ([named] if named else [])


@pytest.mark.parametrize("text", [CANN, "FROM ubuntu:22.04\n", "", "FROM\n"])
def test_nothing_to_do(text: str) -> None:
    assert retarget(text.encode(), "cann") is None


@given(st.text(max_size=300), st.booleans())
def test_never_raises(text: str, allow: bool) -> None:
    for head, target in ((CUDA, "cann"), (CANN, "cuda")):
        retarget((head + text).encode(), target, None, Choices(allow_missing=allow))
