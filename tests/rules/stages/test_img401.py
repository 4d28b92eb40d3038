"""Stages that nothing needs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]

# --- (Dockerfile, why it is left alone) ---
LEFT_ALONE = [
    ("FROM a\nRUN b\n", "one stage"),
    ("FROM a AS b\nRUN c\nFROM b\n", "needed by FROM"),
    ("FROM a AS b\nFROM c\nCOPY --from=B /x /x\n", "needed by COPY, whatever the case"),
    ("FROM a\nRUN b\nFROM c\nCOPY --from=0 /x /x\n", "needed by its number"),
    ("FROM a AS b\nFROM c\nRUN --mount=from=b,target=/x make\n", "needed by a mount"),
    ("FROM a AS b\nFROM c AS d\nONBUILD COPY --from=b /x /x\nFROM d\n", "needed by a trigger"),
    ("FROM a AS b\nFROM b AS c\nFROM c AS d\nFROM d\n", "needed by what is needed"),
    ("ARG V=1\nFROM a AS b-1\nFROM a AS b-2\nFROM b-$V\n", "a variable chooses"),
    ("FROM a AS b-amd64\nFROM a AS b-arm64\nFROM b-${TARGETARCH}\n", "the platform chooses"),
    ("FROM a AS src_copy\nFROM a AS src_no_copy\nFROM src_${V:+no_}copy\n", "a variable chooses"),
    ("ARG FLAVOR=cpu\nFROM a AS cpu\nFROM a AS gpu\nFROM ${FLAVOR}\n", "its default is a stage"),
    ("ARG FLAVOR\nFROM a AS cpu\nFROM a AS gpu\nFROM $FLAVOR\n", "it has no default"),
    ("# docker build --target debug .\nFROM a AS debug\nRUN b\nFROM a\n", "a comment calls it a target"),
    ("FROM a AS b\nRUN c\nFROM b AS test\nRUN d\nFROM b AS lint\nRUN e\nFROM b\n", "a file of targets"),
    ("FROM a AS x\nCMD x\nFROM a AS y\nENTRYPOINT y\nFROM a\nCMD z\n", "a file of images"),
    ("FROM scratch AS x\nCOPY x /\nFROM scratch AS y\nCOPY y /\nFROM a\n", "a file of exports"),
    ("FROM python:3.12 AS python\nFROM node:22 AS node\n", "a list of pins"),
    ("FROM a AS x\nRUN y\nCMD x\nFROM a\n", "finished like an image"),
    ("FROM a AS b\nRUN c\nFROM b AS more\nRUN d\nFROM b\n", "made of another stage, as targets are"),
    ("FROM a AS unit-tests\nRUN c\nFROM d\n", "called after what targets are for"),
    ("FROM a AS py-lint\nRUN c\nFROM d\n", "likewise"),
    ("", "empty"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG401", text).findings, reason


# --- (Dockerfile, [(line, what is marked, severity)]) ---
FOUND = [
    ("FROM a\nRUN b\nFROM c\n", [(1, "a", "warning")]),
    ("FROM a\nFROM b\nFROM c\n", [(1, "a", "warning"), (2, "b", "warning")]),
    ("FROM --platform=linux/amd64 a\nRUN b\nFROM c\n", [(1, "a", "warning")]),
    ("FROM \\\n  a\nRUN b\nFROM c\nCOPY --from=a /x /x\n", [(2, "a", "warning")]),
    ("FROM a\nRUN b\nFROM c\nRUN --mount=from=0,target=/x y\n", [(1, "a", "warning")]),
    ("FROM a AS b\nRUN c\nFROM d\n", [(1, "a", "warning")]),
    ("FROM a AS b\nENV C=1\nFROM d\n", [(1, "a", "info")]),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS unused\nRUN c\nFROM d\n", [(1, "nvidia/cuda:12.4.1-devel-ubuntu22.04", "warning")]),
    ("FROM a AS b\nRUN c\nFROM b\nRUN d\nFROM e\n", [(3, "b", "warning")]),
    ("FROM a AS b\nRUN c\nFROM a AS b\nRUN d\nFROM b\n", [(1, "a", "warning")]),
    ("ARG BASE=debian\nFROM $BASE AS b\nRUN c\nFROM $BASE\n", [(2, "$BASE", "warning")]),
    ("FROM a AS amd64\nFROM a AS b-amd64\nRUN b\nFROM b-${TARGETARCH}\n", [(1, "a", "info")]),
    ("FROM a AS b\nONBUILD COPY --from=c /x /x\nFROM d AS c\nRUN e\nFROM f\n", [(1, "a", "warning"), (3, "d", "warning")]),
]  # fmt: skip


@pytest.mark.parametrize("text, places", FOUND)
def test_found(lint_with: LintWith, text: str, places: list[tuple[int, str, str]]) -> None:
    result = lint_with("IMG401", text)
    found = [
        (result.source.line_of(f.span.start), result.source.text(f.span), str(f.severity))
        for f in result.findings
    ]
    assert found == places


def test_messages(lint_with: LintWith) -> None:
    text = "FROM a\nRUN b\nFROM a AS lost\nRUN c\nFROM d AS last\n"
    assert [f.message for f in lint_with("IMG401", text).findings] == [
        "this stage is not built, as the last stage does not need it; copy from it, or remove it",
        "lost is not built, as the last stage does not need it; copy from it, or remove it",
    ]


TARGETS = "FROM a AS base\nRUN b\nFROM c AS left\nRUN c\nFROM d AS lost\nRUN d\nFROM base\nRUN e\n"


@pytest.mark.parametrize(
    "stage, lost",
    [(None, {"left", "lost"}), ("base", {"left", "lost"}), ("left", {"lost"}), ("lost", {"left"})],
)
def test_the_stage_that_is_asked_for(lint_with: LintWith, stage: str | None, lost: set[str]) -> None:
    messages = [finding.message for finding in lint_with("IMG401", TARGETS, stage=stage).findings]
    assert {message.split()[0] for message in messages} == lost
    assert all(
        (f"neither {stage} (--stage) nor the last stage" in message) == bool(stage) for message in messages
    )


def test_no_such_stage(lint_with: LintWith) -> None:
    assert lint_with("IMG401", TARGETS, stage="nowhere").findings


# --- the same mistake in five files ---
SHAPES = [
    "FROM a\nRUN make\nFROM b\nCOPY x /\n",
    "FROM a\nCOPY . .\nFROM b AS image\nCMD x\n",
    "ARG V=1\nFROM a:$V\nRUN make\nFROM b:$V\n",
    "FROM a AS x\nRUN y\nFROM c\nRUN z\nFROM d\nCOPY --from=x /y /y\n",
    "# syntax=docker/dockerfile:1\nFROM a\nRUN <<EOF\nFROM\nEOF\nFROM b\n",
]


@pytest.mark.parametrize("text", SHAPES)
def test_five_shapes(lint_with: LintWith, text: str) -> None:
    assert [f.severity for f in lint_with("IMG401", text).findings] == ["warning"]
