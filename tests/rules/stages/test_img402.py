"""Copies of what a stage has not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
LAST = "FROM debian:bookworm-slim\n"
APT = "RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*\n"
DEBIAN = "FROM debian:bookworm-slim AS b\n"

# --- (the first stage, what is copied of it, why it is left alone) ---
LEFT_ALONE = [
    (f"{DEBIAN}RUN make\n", "/app/a", "make may make it"),
    (f"{DEBIAN}{APT}COPY a /app/\n", "/app/a", "copied there"),
    (f"{DEBIAN}{APT}COPY . /\n", "/app/a", "copied to the root"),
    (f"{DEBIAN}{APT}COPY a $WHERE\n", "/app/a", "copied somewhere"),
    (f"{DEBIAN}{APT}WORKDIR /app\n", "/app", "an empty folder"),
    (f"{DEBIAN}{APT}WORKDIR app\n", "/app", "a folder of the one before"),
    (f"{DEBIAN}{APT}", "/usr/lib/a", "a package may bring it"),
    (f"{DEBIAN}{APT}", "/opt/a", "likewise"),
    (f"{DEBIAN}{APT}", "app*", "a wildcard"),
    (f"{DEBIAN}{APT}", ".", "everything"),
    (f"{DEBIAN}RUN eval $X\n", "/app/a", "not understood"),
    (f"{DEBIAN}RUN --mount=target=/x cp -r /x/app /\n", "/app/a", "any command"),
    (f"{DEBIAN}RUN echo a > /a\n", "/app/a", "a redirection"),
    (f"{DEBIAN}VOLUME /app\n", "/app", "a volume"),
    ("FROM example.org/unknown AS b\n", "/app/a", "an image that nobody knows"),
    ("FROM nvidia/cuda:12.4.1-base-ubuntu22.04 AS b\n", "/NGC-DL-CONTAINER-LICENSE", "NVIDIA's licence"),
    ("FROM scratch AS b\n", "/app/a", "a name for a context"),
    ("FROM scratch AS b\nADD rootfs.tar /\n", "/app/a", "an archive may hold anything"),
    ("FROM scratch AS b\nCOPY a /app/\n", "/app/a", "copied there"),
    ("FROM scratch AS a\nCOPY a /app/\nFROM a AS b\nCOPY c /c\n", "/app/a", "of the stage below"),
    (f"{DEBIAN}{APT}RUN pip install --target=/app/lib flask\n", "/app/lib", "pip is told to make it"),
    (f"{DEBIAN}WORKDIR /debs\nRUN apt-get download curl\n", "/debs/", "the RUN works in it"),
    (f"{DEBIAN}ENV PREFIX=/app\nRUN pip install --prefix=$PREFIX flask\n", "/app/lib", "a variable names it"),
    (f"FROM nvcr.io/nvidia/pytorch:24.05-py3 AS b\n{APT}", "/workspace/examples", "of the image"),
    ("FROM rust:1.80 AS b\nRUN cargo install --root /out ripgrep\n", "/out/bin", "cargo is told to make it"),
]


@pytest.mark.parametrize("stage, path, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, stage: str, path: str, reason: str) -> None:
    assert not lint_with("IMG402", f"{stage}{LAST}COPY --from=b {path} /x\n").findings, reason


# --- (the first stage, what is copied of it): five shapes ---
FOUND = [
    (f"{DEBIAN}{APT}", "/app/a"),
    (f"{DEBIAN}ENV A=1\nCMD a\n", "/build/out"),
    ("FROM scratch AS b\nCOPY a /bin/\n", "/lib/a"),
    (f"FROM debian:bookworm-slim AS base\n{APT}FROM base AS b\n{APT}", "/out/a"),
    (f"{DEBIAN}COPY a /usr/local/\n{APT}", "app/a"),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\n" + APT, "/out/lib"),
]


@pytest.mark.parametrize("stage, path", FOUND)
def test_found(lint_with: LintWith, stage: str, path: str) -> None:
    result = lint_with("IMG402", f"{stage}{LAST}COPY --from=b {path} /x\n")
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.severity) == (path, "error")
    assert finding.message.startswith(f"stage 'b' has no /{path.lstrip('/')}: ")
