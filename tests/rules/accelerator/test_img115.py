from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
START = 'CMD ["/srv/serve"]\n'

LEFT_ALONE = [
    ("FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04", "the newest point release"),
    ("FROM nvidia/cuda:13.9.0-base-ubuntu24.04", "newer than the data"),
    ("FROM nvidia/cuda:12.6.9-base-ubuntu24.04", "newer than the data"),
    ("FROM ubuntu:22.04", "supported"),
    ("FROM debian:bookworm-slim", "supported"),
    ("FROM debian:sid", "moves on"),
    ("FROM mycompany/cuda:10.0", "not known"),
    ("FROM quay.io/ascend/cann:8.0.0-910b-ubuntu22.04-py3.11", "nothing says that it ended"),
    ("ARG BASE\nFROM $BASE", "not told"),
    ("FROM ubuntu:18.04 AS old\nFROM ubuntu:22.04", "not built"),
    ("FROM scratch", "no image"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG115", f"{text}\n").findings, reason


FOUND = [
    ("nvidia/cuda:11.3.0-base-ubuntu18.04", "warning", "move to a supported one", None),
    ("nvidia/cuda:11.2.0-base-ubi8", "warning", "move to nvidia/cuda:11.8.0-base-ubi8", None),
    # the newest point release has the same system
    ("nvidia/cuda:12.4.0-devel-ubuntu20.04", "warning", "ubuntu 20.04 reached end of life", None),
    ("nvidia/cuda:10.2-cudnn7-devel-ubuntu18.04", "warning", "move to a supported one", None),
    (
        "nvidia/cuda:12.4.0-devel-ubuntu22.04",
        "info",
        "12.4.1 replaced 12.4.0",
        "nvidia/cuda:12.4.1-devel-ubuntu22.04",
    ),
    ("nvidia/cuda:latest", "warning", "manifest unknown", None),
    ("nvidia/cuda-arm64:11.4.0-base-ubuntu20.04", "warning", "per-architecture repositories", None),
    ("ubuntu:18.04", "warning", "2023-05-31; move to ubuntu:22.04 (as of 20", None),
    # no step back from an interim release
    ("ubuntu:22.10", "warning", "2023-07-20; move to ubuntu:24.04 (as of 20", None),
    ("ubuntu:24.10", "warning", "2025-07-10; move to ubuntu:26.04 (as of 20", None),
    ("debian:buster-slim", "warning", "end of life on 2024-06-30; move to debian:12", None),
    ("nvidia/cuda:12.4.0-base-ubi7", "info", "; move to a supported one", None),
    (
        "nvidia/cuda:11.8.0-runtime-ubuntu20.04",
        "warning",
        "ubuntu 20.04 reached end of life on 2025-05-29",
        None,
    ),
    ("python:3.9-slim-bullseye", "warning", "debian 11 reached end of life on 2026-08-31", None),
]


@pytest.mark.parametrize("image, severity, words, fixed", FOUND)
def test_found(lint_with: LintWith, image: str, severity: str, words: str, fixed: str | None) -> None:
    text = f"FROM --platform=linux/amd64 {image} AS run\n{START}"
    (finding,) = lint_with("IMG115", text).findings
    assert text[finding.span.start : finding.span.end] == image
    assert (finding.severity, words in finding.message) == (severity, True), finding.message
    assert (finding.fix and apply(text.encode(), finding.fix.edits).decode()) == (
        fixed and text.replace(image, fixed)
    )


def test_a_version_in_a_variable_has_no_fix(lint_with: LintWith) -> None:
    text = (
        "ARG V=12.4.0\nFROM nvidia/cuda:$V-devel-ubuntu22.04 AS b\nFROM ubuntu:22.04\nCOPY --from=b /a /a\n"
    )
    (finding,) = lint_with("IMG115", text).findings
    assert finding.fix is None
