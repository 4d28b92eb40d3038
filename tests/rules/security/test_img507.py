"""Secrets that a RUN writes down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN --mount=type=secret,id=netrc,target=/root/.netrc pip install a", "read where it is mounted"),
    ("RUN --mount=type=secret,id=n cp /run/secrets/n /root/.netrc && pip install a && rm /root/.netrc", "deleted again"),
    ("RUN --mount=type=secret,id=n cp /run/secrets/n /run/n && pip install a", "in memory"),
    ("RUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) make", "a variable of one command"),
    ('RUN --mount=type=secret,id=t pip install -i "https://me:$(cat /run/secrets/t)@example.org/simple" a', "of one command"),
    ('RUN --mount=type=secret,id=t,env=T git config --global a.b "$T" && git clone https://example.org/a && git config --global --unset a.b', "taken back"),
    ("RUN --mount=type=secret,id=t,env=T hf auth login --token $T && make && hf auth logout", "taken back"),
    ("ARG TOKEN\nRUN git clone https://$TOKEN@example.org/a && rm -rf a/.git", "deleted again"),
    ("ARG VERSION\nRUN echo $VERSION > /version", "no secret"),
    ('RUN echo "$TOKEN" > /token', "a variable of the shell"),
    ('ARG TOKEN\nRUN echo "$TOKEN" > /token\nFROM scratch', "does not ship"),
    ('ARG TOKEN\nRUN test -n "$TOKEN" || echo none > /token', "not what is written"),
    ("ARG TOKENIZER=bert\nRUN echo $TOKENIZER > /app/tokenizer", "no secret by its name"),
    ("RUN --mount=type=secret,id=hf,env=HF_TOKEN huggingface-cli download org/model --local-dir /m", "nothing is written"),
    ('ARG PUBLIC_KEY\nRUN echo "$PUBLIC_KEY" > /root/.ssh/authorized_keys', "public"),
    ('ARG TOKEN\nRUN echo "${TOKEN:+set}" > /state', "not the value"),
    ("ARG NPM_TOKEN\nRUN echo '//registry.npmjs.org/:_authToken=${NPM_TOKEN}' > .npmrc && npm ci", "the name alone, which npm looks up"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG507", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN --mount=type=secret,id=n cp /run/secrets/n /root/.netrc", 2, "/run/secrets/n", "error"),
    ("RUN --mount=type=secret,id=n,target=/n cat /n > ~/.npmrc && npm ci", 2, "/n", "error"),
    ('RUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) && echo "password $TOKEN" > ~/.netrc', 2, '"password $TOKEN"', "error"),
    ('RUN --mount=type=secret,id=t,env=HF_TOKEN hf auth login --token "$HF_TOKEN"', 2, '"$HF_TOKEN"', "error"),
    ("ARG HF_TOKEN\nRUN huggingface-cli login --token ${HF_TOKEN}", 3, "${HF_TOKEN}", "error"),
    ("ARG GH_TOKEN\nRUN git clone https://${GH_TOKEN}@github.com/a/b", 3, "https://${GH_TOKEN}@github.com/a/b", "error"),
    ('ARG GH_TOKEN\nRUN git config --global url."https://$GH_TOKEN@github.com/".insteadOf https://github.com/', 3, 'url."https://$GH_TOKEN@github.com/".insteadOf', "error"),
    ("ARG NPM_TOKEN\nRUN npm config set //registry.npmjs.org/:_authToken $NPM_TOKEN", 3, "$NPM_TOKEN", "error"),
    ("ARG PASSWORD\nRUN cat <<EOF > /root/.pypirc\npassword = $PASSWORD\nEOF", 3, "cat <<EOF > /root/.pypirc", "error"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG507", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN --mount=type=secret,id=n cp /run/secrets/n /root/.netrc",
    "RUN --mount=type=secret,id=n cat /run/secrets/n >> /root/.netrc",
    "ARG GH_TOKEN\nRUN git clone --depth 1 https://x-access-token:$GH_TOKEN@github.com/a/b /src",
    "RUN --mount=type=secret,id=n tee /root/.netrc < /run/secrets/n",
    "ARG PIP_PASSWORD\nRUN pip config set global.index-url https://me:${PIP_PASSWORD}@example.org/simple",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG507", f"{FROM}{lines}\n").findings) == 1
