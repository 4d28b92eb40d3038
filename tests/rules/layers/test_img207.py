from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    (f"{BASE}RUN git clone https://x.org/a/b && rm -rf b", "deleted"),
    (f"{BASE}RUN git clone https://x.org/a/b /opt/b && rm -rf /opt/b/.git", "without its history"),
    (
        f"{BASE}RUN git clone https://x.org/a/b /opt/b && find /opt -name .git -exec rm -rf {{}} +",
        "without any history",
    ),
    (f"{BASE}RUN git clone https://x.org/a/b && cd b && git describe --tags", "its history is read"),
    (f"{BASE}RUN git clone https://x.org/a/b && cd b && git merge origin/x", "its history is read"),
    (f"{BASE}RUN git clone https://x.org/a/b\nRUN rm -rf b", "IMG202 says so"),
    (f"{BASE}RUN git clone /src /b", "from here"),
    (f"{BASE}RUN git clone --mirror https://x.org/a/b", "the history is what is wanted"),
    (f"FROM debian:bookworm AS build\nRUN git clone https://x.org/a/b\n{BASE}", "a builder"),
    (f"{BASE}ADD https://x.org/a/b.git /b", "ADD keeps no .git"),
    (f"{BASE}ONBUILD RUN git clone https://x.org/a/b", "the child's doing"),
    (f"{BASE}RUN --mount=type=cache,target=/b git clone https://x.org/a/b /b/x", "a cache mount"),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("RUN git clone https://x.org/a/b", "https://x.org/a/b", "the whole history of b stays in the image; clone with --depth 1, and delete .git in the same RUN"),
    ("RUN apt-get update && git clone --recursive -b v1 https://x.org/a/b.git /opt/b", "https://x.org/a/b.git", "the whole history of b stays in the image; clone with --depth 1, and delete .git in the same RUN"),
    ("RUN git clone git@x.org:a/b.git && cd b && git checkout 1f2e3d", "git@x.org:a/b.git", "the whole history of b stays in the image; fetch that revision alone, and delete .git in the same RUN"),
    ("RUN <<EOF\ngit clone https://x.org/a/b /b\npip install /b\nEOF\n", "https://x.org/a/b", "the whole history of b stays in the image; clone with --depth 1, and delete .git in the same RUN"),
    ('RUN bash -c "git clone \\\n  https://x.org/a/b"', "https://x.org/a/b", "the whole history of b stays in the image; clone with --depth 1, and delete .git in the same RUN"),
    ("RUN git clone --depth=1 https://x.org/a/b", "https://x.org/a/b", "the .git of b stays in the image, a packed second copy of its files; delete it in the same RUN, or use ADD with the repository's address"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG207", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG207", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


# a RUN before and after
FIXED = [
    ("RUN git clone https://x.org/a/b", "RUN git clone --depth 1 https://x.org/a/b"),
    ("RUN git -c a=b clone -q \\\n  https://x.org/a/b && cd b && git submodule update --init\n", "RUN git -c a=b clone --depth 1 -q \\\n  https://x.org/a/b && cd b && git submodule update --init\n"),
    ("RUN git clone https://x.org/a/b && cd b && git checkout v1", "RUN git clone https://x.org/a/b && cd b && git checkout v1"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG207", BASE + before, unsafe=True) == BASE + after
    assert fix_with("IMG207", BASE + before) == BASE + before


def test_a_shallow_one_is_an_opinion(lint_with: LintWith) -> None:
    found = [
        lint_with("IMG207", f"{BASE}RUN git clone {o} https://x.org/a/b").findings[0]
        for o in ("", "--depth 1")
    ]
    assert [finding.severity for finding in found] == ["warning", "info"]
