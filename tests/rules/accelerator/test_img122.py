from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
UBUNTU = "FROM ubuntu:22.04\n"
REPOS = "https://developer.download.nvidia.com/compute/cuda/repos"
OLD = f"{REPOS}/ubuntu2204/x86_64/7fa2af80.pub"

LEFT_ALONE = [
    ("RUN apt-key del 7fa2af80", "taken out"),
    (f"RUN apt-key adv --fetch-keys {OLD.replace('/cuda/', '/machine-learning/')}", "still signed with it"),
    (f"RUN curl -O {REPOS}/ubuntu2204/x86_64/3bf863cc.pub", "the key in use"),
    (f"# {OLD}\nRUN true", "a comment"),
    (f"LABEL key={OLD}", "nothing is fetched"),
    ("", "no instruction"),
]


@pytest.mark.parametrize("body, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, body: str, reason: str) -> None:
    assert not lint_with("IMG122", f"{UBUNTU}{body}\n").findings, reason


FOUND = [
    f"RUN apt-key adv --fetch-keys {OLD}",
    f"RUN apt-get update && \\\n    # the key\n    apt-key adv --fetch-keys \\\n      {OLD} && true",
    f"RUN curl -fsSL {OLD} | apt-key add -",
    f"RUN <<EOF\nwget -qO - {OLD} | gpg --dearmor > /usr/share/keyrings/cuda.gpg\nEOF",
    f"ADD {OLD} /etc/apt/",
    f"ARG R={REPOS}\nRUN curl $R/ubuntu2204/x86_64/7fa2af80.pub",
    f"ONBUILD RUN wget {OLD}",
]


@pytest.mark.parametrize("body", FOUND)
def test_found(lint_with: LintWith, body: str) -> None:
    data = f"{UBUNTU}{body}\n".encode()
    (finding,) = lint_with("IMG122", data).findings
    assert data[finding.span.start : finding.span.end] == b"7fa2af80"
    assert finding.severity == "error"
    assert "since 2022-04-27; install cuda-keyring" in finding.message
    assert finding.fix is not None
    assert apply(data, finding.fix.edits) == data.replace(b"7fa2af80", b"3bf863cc")


def test_other_systems_have_no_fix(lint_with: LintWith) -> None:
    (finding,) = lint_with(
        "IMG122", f"FROM ubi8\nRUN rpm --import {REPOS}/rhel8/x86_64/7fa2af80.pub\n"
    ).findings
    assert finding.fix is None


def test_apt_key_is_information(lint_with: LintWith) -> None:
    text = f"{UBUNTU}RUN apt-key adv --fetch-keys {REPOS}/ubuntu2204/x86_64/3bf863cc.pub\n"
    (finding,) = lint_with("IMG122", text).findings
    assert (finding.severity, text[finding.span.start : finding.span.end]) == ("info", "apt-key")
