"""Private keys that an image makes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN ssh-keygen -A && rm /etc/ssh/ssh_host_*_key", "deleted again; the folder counts"),
    ('RUN ssh-keygen -t rsa -N "" -f /root/.ssh/id_rsa && rm -f /root/.ssh/id_rsa', "deleted again"),
    ('RUN ssh-keygen -t rsa -N "" -f /root/.ssh/id_rsa\nFROM scratch', "does not ship"),
    ("RUN ssh-keygen -lf /root/.ssh/id_rsa.pub", "reads a key"),
    ("RUN ssh-keygen -R github.com", "a list of hosts"),
    ('RUN ssh-keygen -t rsa -N "$PHRASE" -f /k', "a passphrase"),
    ("CMD ssh-keygen -A", "when it starts"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG510", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ('RUN ssh-keygen -t rsa -N "" -f ~/.ssh/id_rsa', 2, "ssh-keygen", "warning"),
    ("RUN mkdir -p ~/.ssh && \\\n  ssh-keygen -q -t ed25519 -f ~/.ssh/id_ed25519 -N ''", 3, "ssh-keygen", "warning"),
    ("RUN ssh-keygen -A", 2, "ssh-keygen", "warning"),
    ('RUN ["/bin/bash", "-c", "ssh-keygen -f ~/.ssh/id_rsa -N \'\'"]', 2, "ssh-keygen", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG510", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


def test_a_shared_key_is_mounted(lint_with: LintWith) -> None:
    own, host = (
        lint_with("IMG510", f"{FROM}RUN {command}\n").findings[0].message
        for command in ('ssh-keygen -t rsa -N "" -f ~/.ssh/id_rsa', "ssh-keygen -A")
    )
    assert own.endswith("or mount the one that the containers are to share")
    assert host.endswith("make them when the container starts")


# --- the same mistake in five shapes ---
SHAPES = [
    'RUN ssh-keygen -t rsa -N "" -f /root/.ssh/id_rsa',
    "RUN /usr/bin/ssh-keygen -A",
    "RUN sudo ssh-keygen -q -N '' -t rsa -b 4096 -f /k",
    'RUN <<EOF\nssh-keygen -t ed25519 -N "" -f /k\nEOF',
    'RUN ssh-keygen -P "" -t rsa -f /k',
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG510", f"{FROM}{lines}\n").findings) == 1
