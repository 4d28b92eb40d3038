"""Scripts from the network that run unseen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN curl -fsSL https://example.org/v1.2.3/install.sh | sh", "the URL names a version"),
    ("ARG VERSION\nRUN curl -fsSL https://example.org/$VERSION/install.sh | sh", "a variable chooses the version"),
    ("RUN curl -fsSL https://raw.githubusercontent.com/a/b/0123456789abcdef0123456789abcdef01234567/i.sh | sh", "a commit"),
    ("RUN curl -fsSL https://example.org/a.tar.gz | tar xz", "no script"),
    ('RUN curl -s https://example.org/list.json | python3 -c "import sys"', "python runs its own words"),
    ("RUN curl -s https://example.org/list.json | python3 -m json.tool", "python runs a module of its own"),
    ("RUN curl -s https://example.org/list | bash filter.sh", "the script is here"),
    ("RUN V=$(curl -s https://example.org/latest) && echo $V", "a value, not a script"),
    ('RUN curl -fsSLO https://example.org/install.sh && echo "0f  install.sh" | sha256sum -c && sh install.sh', "checked"),
    ("RUN curl -fsSL https://example.org/a.deb -o a.deb && dpkg -i a.deb", "no script"),
    ("RUN curl -fsSL $URL | sh", "unknown"),
    ("RUN curl -fsSL http://localhost:8000/install.sh | sh", "the machine itself"),
    ("RUN curl -fsSL https://example.org/key.asc | gpg --dearmor | sh", "a signature is looked at"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG502", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN curl -fsSL https://example.org/install.sh | sh", 2, "https://example.org/install.sh", "warning"),
    ("RUN set -o pipefail && wget -qO- https://example.org/install.sh | sudo -E bash -", 2, "https://example.org/install.sh", "warning"),
    ("RUN bash <(curl -s https://example.org/install.sh) --yes", 2, "https://example.org/install.sh", "warning"),
    ('RUN sh -c "$(curl -fsSL https://example.org/install.sh)"', 2, '"$(curl -fsSL https://example.org/install.sh)"', "warning"),
    ('RUN eval "$(wget -O- https://example.org/install.sh)"', 2, "https://example.org/install.sh", "warning"),
    ("RUN . <(curl -s https://example.org/install.sh)", 2, "https://example.org/install.sh", "warning"),
    ("RUN curl -sS https://bootstrap.pypa.io/get-pip.py | python3", 2, "https://bootstrap.pypa.io/get-pip.py", "warning"),
    ("RUN python3 <(curl -sS https://bootstrap.pypa.io/get-pip.py)", 2, "https://bootstrap.pypa.io/get-pip.py", "warning"),
    ("RUN apt-get update && \\\n    # the installer\n    curl -fsSL https://example.org/install.sh \\\n    | sh -s -- -y", 4, "https://example.org/install.sh", "warning"),
    ("RUN <<EOF\nset -e\ncurl -fsSL https://example.org/install.sh | sh\nEOF", 4, "https://example.org/install.sh", "warning"),
    ("RUN curl -fsSL https://example.org/install.sh | sh -s -- v1.2.3", 2, "https://example.org/install.sh", "info"),
    ("RUN curl -sSf https://sh.rustup.rs | sh -s -- -y --default-toolchain=1.75.0", 2, "https://sh.rustup.rs", "info"),
    ("RUN curl -fsSL http://example.org/v1.2.3/install.sh | sh", 2, "http://example.org/v1.2.3/install.sh", "warning"),
    ("RUN wget https://example.org/install.sh && chmod +x install.sh && ./install.sh", 2, "https://example.org/install.sh", "warning"),
    ("RUN curl -fsSL https://example.org/install.sh -o /tmp/i.sh && bash /tmp/i.sh", 2, "https://example.org/install.sh", "warning"),
    ("RUN curl -fsSL https://example.org/install.sh > i.sh; sh i.sh", 2, "https://example.org/install.sh", "warning"),
    ("ARG URL=https://example.org/install.sh\nRUN curl $URL | sh", 3, "$URL", "warning"),
    ("ONBUILD RUN curl https://example.org/install.sh | sh", 2, "https://example.org/install.sh", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG502", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN curl -LsSf https://example.org/install.sh | sh",
    "RUN wget -O - https://example.org/install.sh | bash",
    'RUN bash -c "$(curl -fsSL https://example.org/install.sh)"',
    "RUN bash <(curl -fsSL https://example.org/install.sh)",
    "RUN curl -fsSL -o /tmp/install.sh https://example.org/install.sh && sh /tmp/install.sh && rm /tmp/install.sh",
    'RUN ["bash", "-c", "curl https://example.org/install.sh | sh"]',
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG502", f"{FROM}{lines}\n").findings) == 1


def test_messages(lint_with: LintWith) -> None:
    text = f"{FROM}RUN curl https://get.example.org | sh && curl http://example.org/a.sh | sh\n"
    assert [finding.message for finding in lint_with("IMG502", text).findings] == [
        "a script from get.example.org is run as it is served that day; name a version in its URL, or check its checksum first",
        "a.sh from example.org is run over plain http, as anybody on the way may change it; name a version in its URL, or check its checksum first",
    ]
