"""Stages that are called like images."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]

# --- (Dockerfile, why it is left alone) ---
LEFT_ALONE = [
    ("FROM a AS base\nRUN b\nFROM base\n", "no image's name"),
    ("FROM python:3.12 AS python\nRUN b\nFROM python\n", "made of that image"),
    ("FROM docker.io/library/ubuntu:24.04 AS ubuntu\nRUN b\nFROM ubuntu\n", "likewise"),
    ("FROM a AS ubuntu\nRUN b\nFROM ubuntu:24.04\n", "the image, by its tag"),
    ("FROM a AS nginx\nRUN b\nFROM c\nCOPY --from=nginx /x /x\n", "clear enough"),
    ("FROM ubuntu\nRUN b\nFROM c AS ubuntu\n", "the image: the stage comes later"),
    ("ARG BASE\nFROM $BASE AS ubuntu\nRUN b\nFROM ubuntu\n", "unknown"),
    (
        "FROM public.ecr.aws/docker/library/ubuntu:22.04 AS ubuntu\nRUN a\nFROM ubuntu\nRUN b\n",
        "a mirror of that image",
    ),
    ("FROM bitnami/redis:7 AS redis\nRUN a\nFROM redis\nRUN b\n", "of that program"),
    ("FROM amd64/debian:12 AS debian\nRUN a\nFROM debian\nRUN b\n", "that image, for one architecture"),
    (
        "FROM nvidia/cuda:12.4.1-base-ubuntu22.04 AS cuda\nRUN a\nFROM cuda\nRUN b\n",
        "no image has that bare name",
    ),
    (
        "FROM python:3.12-slim AS base\nFROM base AS python\nRUN a\nFROM python\nRUN b\n",
        "made of that image, in two steps",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG403", text).findings, reason


# --- (Dockerfile, what is marked): five shapes ---
FOUND = [
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS debian\nRUN b\nFROM debian\n", "debian"),
    ("FROM alpine:3.20 AS python\nRUN b\nFROM python AS x\n", "python"),
    ("FROM a AS x\nFROM x AS Golang\nRUN b\nFROM golang\n", "golang"),
    ("ARG BASE=node\nFROM a AS node\nRUN b\nFROM ${BASE}\n", "${BASE}"),
    ("FROM a AS redis\nRUN b\nFROM \\\n  redis\n", "redis"),
]


@pytest.mark.parametrize("text, marked", FOUND)
def test_found(lint_with: LintWith, text: str, marked: str) -> None:
    result = lint_with("IMG403", text)
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.severity) == (marked, "warning")
