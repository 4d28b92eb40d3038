"""Stages that say the same on two bases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
BODY = "COPY a /a\nRUN /a --install\nCMD /a\n"

# --- (Dockerfile, why it is left alone) ---
LEFT_ALONE = [
    (f"FROM x\n{BODY}", "one stage"),
    (f"FROM x AS a\n{BODY}FROM y AS b\n{BODY}RUN more\n", "one does more"),
    (f"FROM x AS a\n{BODY}FROM x AS b\n{BODY}", "one base"),
    ("FROM x AS a\nRUN b\nFROM y AS b\nRUN b\n", "too little"),
    ("FROM x AS a\nENV A=1\nCMD b\nFROM y AS b\nENV A=1\nCMD b\n", "no work"),
    (f"FROM x AS a\n{BODY}FROM y AS b\n{BODY}FROM z\nCOPY --from=a /a /a\nCOPY --from=b /a /b\n", "one build needs both"),
    (f"FROM x AS a-cpu\n{BODY}FROM y AS a-gpu\n{BODY}ARG V=cpu\nFROM a-$V\n", "a variable chooses"),
    (f"FROM x AS a\n{BODY}FROM y AS b\nCOPY --chown=1 a /a\nRUN /a --install\nCMD /a\n", "other flags"),
    ("FROM x AS a\nRUN <<E\na\nE\nCMD a\nFROM y AS b\nRUN <<E\nb\nE\nCMD a\n", "other scripts"),
    ("FROM debian:12 AS base-amd64\nRUN a\nCOPY a /a\nFROM ubuntu:24.04 AS base-arm64\nRUN a\nCOPY a /a\nFROM base-${TARGETARCH}\nCMD x\n", "the platform chooses"),
    ("FROM python:3.10 AS a\nARG V=1\nRUN pip install x==$V\nCOPY a /a\nFROM python:3.11 AS b\nARG V=2\nRUN pip install x==$V\nCOPY a /a\n", "other defaults"),
    ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS build\nWORKDIR /src\nCOPY . .\nRUN make\nFROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nWORKDIR /src\nCOPY --from=build /src /src\nRUN make install\n", "one does more"),
    ("FROM debian:12 AS build\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && apt-get install -y gcc\nFROM debian:12-slim\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && apt-get install -y libgomp1\n", "other packages"),
    ("FROM debian:12 AS build\nARG UID=1000\nRUN useradd -u $UID app\nWORKDIR /app\nFROM ubuntu:24.04\nARG UID=1000\nRUN useradd -u $UID app\nWORKDIR /app\nCOPY --from=build /x /x\n", "one does more"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG404", text).findings, reason


# --- (Dockerfile, what is marked): five shapes ---
FOUND = [
    (f"FROM x AS a\n{BODY}FROM y AS b\n{BODY}", "y"),
    (f"FROM x\n{BODY}FROM y\n{BODY}", "y"),
    (f"FROM x AS a\n{BODY}FROM y AS b\nCOPY  a  /a\n# as above\nRUN /a \\\n  --install\nCMD /a\n", "y"),
    (f"FROM x:1 AS a\n{BODY}FROM x:2 AS b\n{BODY}", "x:2"),
    (f"ARG CPU=x GPU=y\nFROM $CPU AS a\n{BODY}FROM $GPU AS b\n{BODY}", "$GPU"),
    (f"FROM x AS base\nRUN c\nFROM base AS a\n{BODY}FROM y AS b\n{BODY}", "y"),
]


@pytest.mark.parametrize("text, marked", FOUND)
def test_found(lint_with: LintWith, text: str, marked: str) -> None:
    result = lint_with("IMG404", text)
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.severity) == (marked, "info")
