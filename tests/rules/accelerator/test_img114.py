from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
ARM = "FROM --platform=linux/arm64 ubuntu:22.04\n"
UBUNTU = "FROM ubuntu:22.04\n"
X86 = "Ascend-cann-toolkit_8.0.0_linux-x86_64.run"
AARCH = "Ascend-cann-kernels-910b_8.0.0_linux-aarch64.run"
WHEEL = "torch_npu-2.5.1-cp310-cp310-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"

LEFT_ALONE = [
    (f"{ARM}RUN ./{AARCH} --install", "for this architecture"),
    (f"{UBUNTU}RUN ./{X86} --install", "which architecture is not told"),
    (f"{ARM}ARG A=x86_64\nRUN ./Ascend-cann-toolkit_8.0.0_linux-$A.run", "the value may be another"),
    (
        f"{UBUNTU}ARG TARGETARCH\nRUN if [ $TARGETARCH = amd64 ]; then sh {X86}; else sh {AARCH}; fi",
        "one of them",
    ),
    (f"{UBUNTU}ARG TARGETARCH\nRUN [ $TARGETARCH = amd64 ] && sh {X86}", "one of them"),
    (f"FROM --platform=$BUILDPLATFORM ubuntu:22.04\nARG TARGETARCH\nRUN sh {X86}", "the machine that builds"),
    (f"{ARM}RUN wget https://example.com/gcc-x86_64-aarch64-none-linux-gnu.tar.xz", "names both"),
    (f"{ARM}RUN rm -f {X86}", "nothing is brought"),
    (f"{ARM}RUN dpkg -i cuda-keyring_1.1-1_all.deb", "for all of them"),
    (f"{ARM[:-1]} AS x\nRUN sh {X86}\n{ARM}", "not built"),
    (
        f'{UBUNTU}ARG TARGETPLATFORM\nRUN case ${{TARGETPLATFORM}} in "linux/arm64") exit 1 ;; *) make ;; esac\nRUN sh {X86}',
        "the build ends on the other one",
    ),
    (
        f'{UBUNTU}ARG TARGETARCH\nRUN case $TARGETARCH in amd64) make ;; \\\n *) echo "no $TARGETARCH" >&2; exit 1 ;; esac\nRUN sh {X86}',
        "the build ends on every other one",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG114", f"{text}\n").findings, reason


FOUND = [
    (f"{ARM}RUN ./{X86} --install && rm {X86}", f"./{X86}", "error", "and this stage is arm64"),
    (f"{ARM}COPY {X86} /opt/", X86, "error", "and this stage is arm64"),
    (
        f"FROM quay.io/x/base:1.0-aarch64\nRUN wget -q \\\n  https://e.com/{X86}",
        f"https://e.com/{X86}",
        "error",
        "is arm64",
    ),
    (
        "FROM arm64v8/ubuntu:22.04\nRUN <<EOF\npip install x-1.0-cp310-cp310-linux_x86_64.whl\nEOF",
        "x-1.0-cp310-cp310-linux_x86_64.whl",
        "error",
        "is arm64",
    ),
    (
        f"FROM --platform=linux/amd64 ubuntu:22.04\nRUN pip install ./{WHEEL}",
        f"./{WHEEL}",
        "error",
        "is amd64",
    ),
    (
        f"{UBUNTU}RUN ./{X86} --install\nRUN ./{AARCH} --install",
        f"./{AARCH}",
        "error",
        f"and {X86} for amd64",
    ),
    (f"{UBUNTU}ARG TARGETARCH\nRUN ./{X86} --install", f"./{X86}", "warning", "asks for its architecture"),
    (
        f"{UBUNTU}ARG TARGETARCH\nRUN case $TARGETARCH in amd64) a ;; arm64) b ;; *) exit 1 ;; esac\nRUN sh {X86}",
        X86,
        "warning",
        "asks for its architecture",
    ),
    (
        f"{UBUNTU}ARG TARGETARCH\nRUN case $TARGETARCH in amd64) exit 1 ;; esac\nRUN sh {X86}",
        X86,
        "warning",
        "asks for its architecture",
    ),
]


@pytest.mark.parametrize("text, piece, severity, words", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, severity: str, words: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG114", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert (finding.severity, words in finding.message) == (severity, True), finding.message
