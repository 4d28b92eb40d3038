from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"

LEFT_ALONE = [
    (f"{CUDA}RUN apt-get update", "the lists alone"),
    (f"{CUDA}RUN apt-get install -y --only-upgrade openssl", "one package"),
    (f"{CUDA}RUN apt-get upgrade -y $PACKAGES", "may name packages"),
    (f"{CUDA}RUN pip install --upgrade pip", "no system package"),
    ("FROM ubuntu:22.04\nRUN apt-get upgrade -y", "no CUDA"),
    ("FROM mycompany/cuda\nRUN apt-get upgrade -y", "not known"),
    ("FROM nvidia/cuda:12.4.1-base-rockylinux9\nRUN dnf update -y openssl", "one package"),
    ("FROM nvidia/cuda:13.9.0-base-ubuntu24.04\nRUN apt-get upgrade -y", "newer than the data"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG120", f"{text}\n").findings, reason


FOUND = [
    (f"{CUDA}RUN apt-get update && apt-get upgrade -y", "apt-get upgrade"),
    (
        f"{CUDA}RUN apt-get update && \\\n    # all\n    apt-get -y dist-upgrade && rm -rf /x",
        "apt-get -y dist-upgrade",
    ),
    (f"{CUDA}RUN <<EOF\napt update\napt full-upgrade --yes\nEOF", "apt full-upgrade"),
    ("FROM nvcr.io/nvidia/cuda:12.4.1-devel-rockylinux9\nRUN dnf -y update", "dnf -y update"),
    ("FROM nvidia/cuda:12.4.1-base-rockylinux8\nRUN yum upgrade -y && yum clean all", "yum upgrade"),
    (f"{CUDA[:-1]} AS a\nFROM a\nRUN sudo apt-get upgrade", "apt-get upgrade"),
]


@pytest.mark.parametrize("text, piece", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str) -> None:
    data = f"{text}\n".encode()
    (finding,) = lint_with("IMG120", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert "may move the CUDA packages of" in finding.message
    assert finding.aliases == (("DL3005",) if "apt" in piece else ())


@pytest.mark.parametrize(
    "flavour, severity",
    [("base", "info"), ("runtime", "warning"), ("cudnn-runtime", "warning"), ("devel", "warning")],
)
def test_a_base_image_has_little_to_move(lint_with: LintWith, flavour: str, severity: str) -> None:
    text = f"FROM nvidia/cuda:12.4.1-{flavour}-ubuntu22.04\nRUN apt-get update && apt-get upgrade -y\n"
    (finding,) = lint_with("IMG120", text).findings
    assert finding.severity == severity
