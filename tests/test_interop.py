"""dockerfile-parse on our tree, and as the second reader of what rewrite writes."""

from __future__ import annotations

import io

import pytest
from dockerfile_parse import DockerfileParser

from imgtool.interop import LosslessDockerfileParser, disagreement, second_reading

HEREDOC = b"FROM debian:bookworm AS base\nRUN <<EOF\nFROM evil:1\nEOF\nLABEL a=b\n"


def test_heredocs_are_no_instructions() -> None:
    rows = LosslessDockerfileParser(fileobj=io.BytesIO(HEREDOC)).structure
    assert [(r["instruction"], r["startline"], r["endline"]) for r in rows] == [
        ("FROM", 0, 0),
        ("RUN", 1, 3),
        ("LABEL", 4, 4),
    ]
    assert rows[1]["content"] == "RUN <<EOF\nFROM evil:1\nEOF\n"


def test_what_is_derived_from_structure_is_right_too() -> None:
    parser = LosslessDockerfileParser(fileobj=io.BytesIO(HEREDOC))
    assert parser.baseimage == "debian:bookworm"
    assert parser.parent_images == ["debian:bookworm"]
    assert parser.labels == {"a": "b"}
    # dockerfile-parse alone takes the body for a stage
    assert DockerfileParser(fileobj=io.BytesIO(HEREDOC)).parent_images == ["debian:bookworm", "evil:1"]


PLAIN = b"# syntax=docker/dockerfile:1\n# a comment\nARG V=1\nFROM --platform=linux/amd64 a:${V} AS b\nRUN x \\\n  y\nCOPY . .\n"


def test_both_agree_on_plain_files() -> None:
    ours = LosslessDockerfileParser(fileobj=io.BytesIO(PLAIN), env_replace=False).structure
    theirs = DockerfileParser(fileobj=io.BytesIO(PLAIN), env_replace=False).structure
    # the syntax directive is a comment to dockerfile-parse
    assert ours == theirs[1:]


@pytest.mark.parametrize(
    "data, operands",
    [
        (b"FROM a\nRUN x\nFROM  b   AS c\n", ["a", "b AS c"]),
        (HEREDOC, None),
        (b"FROM a\nLABEL x=\xff\n", None),
    ],
    ids=["plain", "heredocs are beyond it", "so are other encodings"],
)
def test_second_reading(data: bytes, operands: list[str] | None) -> None:
    assert second_reading(data) == operands
    assert disagreement(data) is None


def test_a_disagreement_is_told() -> None:
    # a blank line inside a continuation ends the instruction for dockerfile-parse
    data = b"FROM a\nRUN true \\\n\nFROM b\n"
    told = disagreement(data)
    assert told is not None
    assert "imgtool reads FROM ['a']" in told
