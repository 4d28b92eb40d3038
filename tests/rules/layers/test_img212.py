from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    ("FROM python:3.12 AS b\nFROM python:3.12\nCOPY --from=b /opt/venv /opt/venv", "a folder of its own"),
    (
        "FROM python:3.12 AS b\nFROM python:3.12\nCOPY --from=b /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages",
        "packages",
    ),
    ("FROM python:3.12 AS b\nFROM python:3.12\nCOPY --from=b /usr/local /opt/python", "another place"),
    (
        "FROM python:3.12 AS b\nFROM debian:bookworm\nCOPY --from=b /usr/local /usr/local",
        "not the same image",
    ),
    (
        "FROM debian:bookworm AS b\nFROM debian:bookworm\nCOPY --from=b /usr/local /usr/local",
        "it is empty there",
    ),
    ("FROM debian:bookworm AS b\nFROM scratch\nCOPY --from=b / /", "made flat"),
    ("FROM debian:bookworm AS b\nFROM ubuntu:22.04\nCOPY --from=b /usr/lib /usr/lib", "another system"),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\nFROM ubuntu:22.04\nCOPY --from=b /usr/local/cuda /usr/local/cuda",
        "IMG213 says so",
    ),
    (
        "FROM python:3.12 AS b\nFROM python:3.12 AS c\nCOPY --from=b /usr/local /usr/local\nFROM debian",
        "a builder",
    ),
    (
        "FROM own:1 AS base\nFROM base AS b\nRUN python3 -m venv /opt/venv\nFROM base\nCOPY --from=b /opt/venv /opt/venv",
        "the stage that both stand on has none",
    ),
    (
        "FROM own:1 AS base\nRUN python3 -m venv /opt/venv\nFROM base AS b\nFROM base\nCOPY --from=b /opt/venv/lib /opt/venv/lib",
        "a part of it, which may be new",
    ),
    (
        "FROM own:1 AS base\nRUN python3 -m venv /opt/venv\nFROM own:1 AS b\nFROM own:1\nCOPY --from=base /opt/venv /opt/venv",
        "not on that stage",
    ),
    (
        "FROM own:1 AS b\nRUN bash Miniforge3.sh -b -p /opt/conda && /opt/conda/bin/conda install -y numpy\nFROM own:1\nCOPY --from=b /opt/conda /opt/conda",
        "made in the other stage",
    ),
    (
        "FROM own:1 AS b\nRUN make\nFROM own:1\nCOPY --from=b /opt/conda /opt/conda",
        "nobody says that it is conda",
    ),
    (
        "FROM own:1 AS b\nRUN conda install -y numpy\nFROM own:2\nCOPY --from=b /opt/conda /opt/conda",
        "not the same image",
    ),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("FROM python:3.12 AS b\nRUN pip install a\nFROM python:3.12\nCOPY --from=b /usr/local /usr/local", "/usr/local", "/usr/local holds Python, which python:3.12 has already; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM debian:bookworm AS b\nFROM debian:bookworm\nCOPY --from=b /usr/ /usr/", "/usr/", "/usr holds the system, which debian:bookworm has already; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\nFROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nCOPY --from=b /usr/local/cuda-12.4 /usr/local/cuda-12.4", "/usr/local/cuda-12.4", "/usr/local/cuda-12.4 holds CUDA, which nvidia/cuda:12.4.1-runtime-ubuntu22.04 has already; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM own:1 AS base\nFROM base AS b\nFROM base\nCOPY --from=b --chown=0:0 / /", "/", "/ holds the system, which own:1 has already; copy what the other stage has added, or install that to a folder of its own"),
    ('FROM python:3.12 AS b\nFROM python:3.12\nWORKDIR /usr\nCOPY --from=b ["/usr/local/lib/python3.12", "local/lib/python3.12"]', '"/usr/local/lib/python3.12"', "/usr/local/lib/python3.12 holds Python, which python:3.12 has already; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM own:1 AS b\nRUN conda install -y numpy\nFROM own:1\nCOPY --from=b /opt/conda /opt/conda", "/opt/conda", "/opt/conda holds conda, which own:1 has already; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel AS b\nRUN pip install x\nFROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime\nCOPY --from=b /opt/conda/ /opt/conda/", "/opt/conda/", "/opt/conda holds conda and torch, which pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime has already; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM own:1 AS base\nRUN python3 -m venv /opt/venv && /opt/venv/bin/pip install torch\nFROM base AS b\nRUN /opt/venv/bin/pip install x\nFROM base\nCOPY --from=b /opt/venv /opt/venv", "/opt/venv", "/opt/venv is there already, from line 3, with all that it held then; copy what the other stage has added, or install that to a folder of its own"),
    ("FROM own:1 AS base\nCOPY models/ /models/\nFROM base AS b\nFROM base AS mid\nFROM mid\nCOPY --from=b /models /models", "/models", "/models is there already, from line 3, with all that it held then; copy what the other stage has added, or install that to a folder of its own"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG212", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG212", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined
