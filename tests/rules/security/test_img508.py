"""Hosts of ssh that nobody checks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN ssh-keyscan github.com >> ~/.ssh/known_hosts", "the key is listed"),
    ('RUN echo "StrictHostKeyChecking yes" >> /etc/ssh/ssh_config', "checked"),
    ('RUN echo "StrictHostKeyChecking accept-new" >> /etc/ssh/ssh_config', "checked from then on"),
    ("RUN grep -v StrictHostKeyChecking a > b", "read"),
    ("# StrictHostKeyChecking no\nRUN a", "a comment"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG508", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN ssh -o StrictHostKeyChecking=no a b", 2, "StrictHostKeyChecking=no", "warning"),
    ('RUN GIT_SSH_COMMAND="ssh -o StrictHostKeyChecking=no" git clone git@example.org:a', 2, "StrictHostKeyChecking=no", "warning"),
    ('ENV GIT_SSH_COMMAND="ssh -o UserKnownHostsFile=/dev/null"', 2, "UserKnownHostsFile=/dev/null", "warning"),
    ('RUN echo "    StrictHostKeyChecking no" >> /etc/ssh/ssh_config', 2, "StrictHostKeyChecking no", "info"),
    ("RUN sed -i 's/[ #]\\(.*StrictHostKeyChecking \\).*/ \\1no/g' /etc/ssh/ssh_config", 2, "StrictHostKeyChecking \\).*/ \\1no/", "info"),
    ('RUN printf "Host *\\n  StrictHostKeyChecking no\\n  UserKnownHostsFile /dev/null\\n" > ~/.ssh/config', 2, "StrictHostKeyChecking no", "info"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG508", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN scp -oStrictHostKeyChecking=no a:b c",
    'RUN git -c core.sshCommand="ssh -o StrictHostKeyChecking=no" clone git@example.org:a',
    'RUN <<EOF\necho "StrictHostKeyChecking no" > ~/.ssh/config\nEOF',
    "COPY <<EOF /root/.ssh/config\nHost *\n  StrictHostKeyChecking no\nEOF",
    'ENV GIT_SSH_COMMAND="ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no"',
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG508", f"{FROM}{lines}\n").findings) == 1
