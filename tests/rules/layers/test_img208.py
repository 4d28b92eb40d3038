from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    (f"{BASE}RUN git clone -b v1.2 https://x.org/a/b", "a tag"),
    (f"{BASE}RUN git clone --branch=$REF https://x.org/a/b", "perhaps a tag"),
    (f"{BASE}RUN git clone -b feature/x https://x.org/a/b", "perhaps a tag"),
    (f"{BASE}RUN git clone https://x.org/a/b && cd b && git checkout 1f2e3d", "a commit"),
    (f"{BASE}RUN git clone https://x.org/a/b && git -C b reset --hard $SHA", "a commit"),
    (f"{BASE}RUN git clone https://x.org/a/b\nWORKDIR /b\nRUN git checkout v1", "a commit, later"),
    (f"{BASE}RUN git clone --no-checkout https://x.org/a/b", "nothing is taken yet"),
    (f"{BASE}RUN git clone /src /b", "from here"),
    (f'{BASE}RUN git clone https://x.org/a/b && eval "$X"', "what the script does is not known"),
    (f"FROM debian:bookworm AS other\nRUN git clone https://x.org/a/b\n{BASE}", "not built"),
    (f"{BASE}ONBUILD RUN git clone https://x.org/a/b", "the child's doing"),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("RUN git clone https://x.org/a/b.git", "https://x.org/a/b.git", "b is cloned from its default branch, whatever that holds at the time; name a tag or check out a commit"),
    ("RUN git clone --depth 1 --branch main https://x.org/a/b", "main", "b is cloned from branch main, whatever that holds at the time; name a tag or check out a commit"),
    ("RUN git clone https://x.org/a/b && cd b && git checkout master && pip install .", "https://x.org/a/b", "b is cloned from its default branch, whatever that holds at the time; name a tag or check out a commit"),
    ("RUN git clone https://x.org/a/b /b && git clone https://x.org/a/c /c && cd /c && git checkout 1f2e", "https://x.org/a/b", "b is cloned from its default branch, whatever that holds at the time; name a tag or check out a commit"),
    ("RUN if true; then git clone https://x.org/a/b; fi", "https://x.org/a/b", "b is cloned from its default branch, whatever that holds at the time; name a tag or check out a commit"),
    ("RUN <<EOF\ngit clone https://x.org/a/b\ncd b && git pull\nEOF\n", "https://x.org/a/b", "b is cloned from its default branch, whatever that holds at the time; name a tag or check out a commit"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG208", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG208", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


def test_a_builder_counts(lint_with: LintWith) -> None:
    text = f"FROM debian:bookworm AS build\nRUN git clone https://x.org/a/b\n{BASE}COPY --from=build /b /b\n"
    assert lint_with("IMG208", text).findings
