from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    (f"{BASE}RUN apt-get update && apt-get install -y curl\nARG GIT_SHA\nRUN make", "below what lasts"),
    (
        f"{BASE}ARG GIT_SHA\nRUN apt-get update && apt-get install -y curl && echo $GIT_SHA > /sha",
        "it is named",
    ),
    (
        f"{BASE}ARG GIT_SHA\nRUN make\nRUN apt-get update && apt-get install -y curl",
        "make may read it, and all below is built again",
    ),
    (f"{BASE}ARG GIT_SHA\nRUN ./build.sh && apt-get install -y curl", "the script may read it"),
    (f"{BASE}ARG GIT_SHA\nRUN pip install .", "the project may read it"),
    (f"{BASE}ARG GIT_SHA\nLABEL sha=$GIT_SHA", "nothing is below"),
    (f"{BASE}ARG GIT_SHA\nRUN mkdir a", "nothing lasting"),
    (f"{BASE}ARG CACHEBUST=1\nRUN apt-get update && apt-get install -y curl", "that is what it is for"),
    (f"{BASE}ARG VLLM_COMMIT\nRUN apt-get update && apt-get install -y curl", "a dependency's"),
    (f"{BASE}LABEL build_date=2024\nRUN apt-get update && apt-get install -y curl", "no RUN sees a LABEL"),
    ("ARG GIT_SHA\n" + f"{BASE}RUN apt-get update && apt-get install -y curl", "outside the stage"),
    (
        f"FROM debian AS other\nARG GIT_SHA\nRUN apt-get update && apt-get install -y curl\n{BASE}",
        "not built",
    ),
    (f"{BASE}ARG GIT_SHA\nONBUILD RUN apt-get update && apt-get install -y curl", "the child's doing"),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("ARG GIT_SHA\nRUN apt-get update && apt-get install -y curl", "GIT_SHA", "every new GIT_SHA repeats the RUN of line 3, which does not use it; move ARG below"),
    ("ENV BUILD_DATE=2024-01-01 \\\n    A=1\nRUN apt-get update && apt-get install -y curl\nRUN pip install a", "BUILD_DATE=2024-01-01", "every new BUILD_DATE repeats the 2 RUNs of lines 4 to 5, which do not use it; move ENV below"),
    ("ARG VCS_REF=none\nLABEL ref=$VCS_REF\nRUN <<EOF\napt-get update\napt-get install -y a\nEOF\nCMD a", "VCS_REF=none", "every new VCS_REF repeats the RUN of line 4, which does not use it; move ARG below"),
    ("ARG CI_COMMIT_SHA\nRUN conda install -y pytorch\nRUN make", "CI_COMMIT_SHA", "every new CI_COMMIT_SHA repeats the RUN of line 3, which does not use it; move ARG below"),
    ("ARG BUILD_NUMBER\nRUN useradd a && curl -fsSL https://x.org/a | tar xz\nUSER a", "BUILD_NUMBER", "every new BUILD_NUMBER repeats the RUN of line 3, which does not use it; move ARG below"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG210", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG210", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


# a RUN before and after
FIXED = [
    ("# who\nARG GIT_SHA\nLABEL sha=$GIT_SHA\nRUN apt-get update && apt-get install -y curl\nCMD a\n", "RUN apt-get update && apt-get install -y curl\n# who\nARG GIT_SHA\nLABEL sha=$GIT_SHA\nCMD a\n"),
    ("ARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\nRUN apt-get update && apt-get install -y curl\nRUN make\n", "RUN apt-get update && apt-get install -y curl\nARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\nRUN make\n"),
    ("ARG GIT_SHA\nENV VERSION=$GIT_SHA\nRUN apt-get update && apt-get install -y curl\n", "ARG GIT_SHA\nENV VERSION=$GIT_SHA\nRUN apt-get update && apt-get install -y curl\n"),
    ("ENV GIT_SHA=1 A=2\nRUN apt-get update && apt-get install -y curl\n", "ENV GIT_SHA=1 A=2\nRUN apt-get update && apt-get install -y curl\n"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG210", BASE + before, unsafe=True) == BASE + after
    assert fix_with("IMG210", BASE + before) == BASE + before
