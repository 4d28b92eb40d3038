from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
DEVEL = "nvidia/cuda:12.6.3-devel-ubuntu22.04"

LEFT_ALONE = [
    (f"FROM {DEVEL}\nRUN pip install torch\nCMD serve", "nothing compiles: IMG101 says so"),
    (f"FROM {DEVEL}\nRUN make\nCMD serve", "it compiles while it is built: IMG101"),
    ("FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04\nRUN pip install deepspeed", "no toolchain to leave out"),
    ("FROM nvidia/cuda:99.1.0-devel-ubuntu22.04\nRUN pip install deepspeed", "newer than the data"),
    ("FROM $IMAGE\nRUN pip install deepspeed", "an image that is not known"),
    (
        f"FROM {DEVEL} AS build\nRUN pip install deepspeed\nFROM debian:12\nCOPY --from=build /a /a",
        "a builder does not ship",
    ),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG123", text).findings, reason


FOUND = [
    (
        "RUN pip install deepspeed==0.16\nCMD serve",
        "deepspeed compiles when the image runs: cuda-minimal-build",
    ),
    ("RUN pip install vllm", "vllm compiles when the image runs"),
    (
        "ARG V=0.16\nARG W=https://x.io/deepspeed-${V}-cp310-cp310-linux_x86_64.whl\nRUN pip install a ${W}",
        "deepspeed compiles",
    ),
    ("RUN uv pip install --system flashinfer-python", "flashinfer-python compiles"),
    ("RUN pip install vendor/my-flashinfer", "and flashinfer compiles"),
    (
        "RUN pip install https://github.com/Theano/Theano/archive/master.zip",
        "Theano compiles when the image runs",
    ),
    ("RUN conda install -y theano", "theano compiles"),
    ("ENTRYPOINT python3 -m vllm.entrypoints.openai.api_server", "vllm compiles"),
    ('CMD ["nvcc", "--version"]', "nvcc compiles"),
    ("ENTRYPOINT make -C /src run", "make compiles"),
]


@pytest.mark.parametrize("body, said", FOUND)
def test_found(lint_with: LintWith, body: str, said: str) -> None:
    result = lint_with("IMG123", f"FROM {DEVEL}\n{body}\n")
    (finding,) = result.findings
    assert result.source.text(finding.span) == DEVEL
    assert said in finding.message
    assert (finding.severity, finding.fix) == ("info", None)
    assert finding.saves_bytes


def test_packages_of_another_accelerator_are_not_named(lint_with: LintWith) -> None:
    text = "FROM intel/oneapi-basekit:2025.0.1-0-devel-ubuntu22.04\nENTRYPOINT vllm serve\n"
    (finding,) = lint_with("IMG123", text).findings
    assert finding.message.endswith("vllm compiles when the image runs")
