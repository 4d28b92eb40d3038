from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
RUNTIME = "FROM nvidia/cuda:12.6.3-runtime-ubuntu22.04\n"
TOOLKIT = "RUN apt-get install -y cuda-toolkit-12-6\n"
START = 'CMD ["python3", "a.py"]\n'

LEFT_ALONE = [
    (f"{RUNTIME}{TOOLKIT}{START}", "nothing needs it: IMG101"),
    (f"{RUNTIME}{TOOLKIT}RUN pip install deepspeed\n", "it compiles when it runs"),
    (
        f"{RUNTIME}RUN apt-get install -y cuda-toolkit-12-6 && make && apt-get purge -y cuda-toolkit-12-6\n",
        "gone",
    ),
    (f"{RUNTIME}RUN apt-get install -y cuda-nvcc-12-6 g++\n", "a compiler alone"),
    ("FROM quay.io/pypa/manylinux_2_28\nRUN dnf install -y cuda-toolkit-12-6\n", "wheels are built in it"),
    (
        "FROM nvidia/cuda:12.6.3-devel-ubuntu22.04\nRUN apt-get install -y cuda-nsight-12-6\n",
        "the base: IMG101",
    ),
    (f"{RUNTIME[:-1]} AS b\n{TOOLKIT}{RUNTIME}COPY --from=b /a /a\n", "a builder"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG124", text).findings, reason


FOUND = [
    (f"{RUNTIME}{TOOLKIT}", "cuda-toolkit-12-6", "the CUDA toolkit"),
    (f"{RUNTIME}{TOOLKIT}RUN pip install -r r.txt\n{START}", "cuda-toolkit-12-6", "the CUDA toolkit"),
    (f"{RUNTIME}{TOOLKIT}RUN ./set-up.sh\n{START}", "cuda-toolkit-12-6", "the CUDA toolkit"),
    (
        f"{RUNTIME}{TOOLKIT}RUN pip install jupyterlab\nCMD /start.sh\n",
        "cuda-toolkit-12-6",
        "the CUDA toolkit",
    ),
    (f'{RUNTIME}{TOOLKIT}ENTRYPOINT ["/init"]\nCMD ["bash"]\n', "cuda-toolkit-12-6", "the CUDA toolkit"),
    (
        "FROM rockylinux:9\nRUN dnf install -y cuda-libraries-devel-12-6\n",
        "cuda-libraries-devel-12-6",
        "the CUDA",
    ),
    (
        f"FROM a/b\nRUN apt-get install -y nsight-systems-2024.1.1\n{START}",
        "nsight-systems-2024.1.1",
        "a profiler",
    ),
]


@pytest.mark.parametrize("text, marked, what", FOUND)
def test_found(lint_with: LintWith, text: str, marked: str, what: str) -> None:
    result = lint_with("IMG124", text)
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.severity, finding.fix) == (marked, "info", None)
    assert f"puts {what}" in finding.message
    assert not lint_with("IMG101", text).findings


def test_one_finding_names_the_others(lint_with: LintWith) -> None:
    text = f"{RUNTIME}RUN apt-get install -y nsight-systems-2024.1.1\n{TOOLKIT}"
    result = lint_with("IMG124", text)
    (finding,) = result.findings
    assert result.source.text(finding.span) == "cuda-toolkit-12-6"
    assert [result.source.text(span) for span in finding.related] == ["nsight-systems-2024.1.1"]
