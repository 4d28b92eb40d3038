"""Secrets and history that COPY names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("COPY .env.example /app/.env", "an example"),
    ("COPY id_rsa.pub /root/.ssh/authorized_keys", "public"),
    ("COPY ca.pem /etc/ssl/certs/", "a certificate"),
    ("COPY company-ca.key /usr/local/share/ca-certificates/", "named and put as a certificate"),
    ("COPY fullchain.pem /etc/nginx/", "a certificate"),
    ("COPY nvidia.key /etc/apt/keyrings/", "the key of a repository"),
    ("COPY docker-gpg.key /tmp/", "the key of a repository"),
    ("COPY tests/data/server.key /app/tests/", "a test's"),
    ("COPY config.json /app/", "settings"),
    ("COPY .gitignore /app/", "no history"),
    ("COPY .github /app/", "no history"),
    ("COPY tokenizer.json vocab.json /app/", "no tokens"),
    ("COPY . /app", "IMG301 and IMG302 look into it"),
    ("COPY --from=build /root/.ssh /root/.ssh", "another stage's"),
    ("COPY .git /src/.git\nFROM scratch", "does not ship"),
    ("COPY .git /src/.git\nRUN make\nFROM scratch\nCOPY --from=0 /a /a", "a builder may ask for the version"),
    ("RUN --mount=type=bind,source=.git,target=/src/.git git describe", "nothing is copied"),
    ("COPY $FILE /app", "unknown"),
    ("COPY .docker/entrypoint.sh /", "no settings of an account"),
    ("COPY .ssh/known_hosts /root/.ssh/known_hosts", "public"),
    ("COPY jwt_public.key /etc/app/", "public"),
    ("COPY credentials.json.example /app/", "an example"),
    ("COPY .env.production.example /app/.env", "an example"),
    ("COPY .aws-sam/build /app", "another folder"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG303", f"{FROM}{lines}\n").findings, reason


def test_a_known_context_is_looked_into(lint_with: LintWith) -> None:
    assert not lint_with("IMG303", f"{FROM}COPY id_rsa /root/.ssh/\n", {"id_rsa": "x"}).findings
    assert lint_with("IMG302", f"{FROM}COPY id_rsa /root/.ssh/\n", {"id_rsa": "x"}).findings


# --- (instructions, what is marked, severity) ---
FOUND = [
    ("COPY id_rsa /root/.ssh/id_rsa", "id_rsa", "error"),
    ("COPY docker/id_ed25519 /root/.ssh/", "docker/id_ed25519", "error"),
    ("ADD server.key /etc/nginx/", "server.key", "error"),
    ("COPY .ssh /root/.ssh", ".ssh", "error"),
    ("COPY .aws/credentials /root/.aws/", ".aws/credentials", "error"),
    ("COPY .docker/config.json /root/.docker/", ".docker/config.json", "error"),
    ("COPY kubeconfig.yaml /root/.kube/config", "kubeconfig.yaml", "error"),
    ("COPY service-account.json /app/", "service-account.json", "error"),
    ("COPY .netrc /root/", ".netrc", "error"),
    ("COPY .env /app/", ".env", "warning"),
    ("COPY .npmrc package.json /app/", ".npmrc", "warning"),
    ("COPY .env.production /app/.env", ".env.production", "warning"),
    ('COPY ["id_rsa", "/root/.ssh/"]', '"id_rsa"', "error"),
    ("ARG KEY=id_rsa\nCOPY $KEY /root/.ssh/", "$KEY", "error"),
    ("COPY id_rsa /root/\nFROM scratch\nCOPY --from=0 /a /a", "id_rsa", "warning"),
    ("COPY .git /app/.git", ".git", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, marked: str, severity: str) -> None:
    result = lint_with("IMG303", f"{FROM}{lines}\n")
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.severity) == (marked, severity)


def test_history_is_weighed(lint_with: LintWith) -> None:
    files = {".git/HEAD": "x" * 10, ".git/objects/a": "x" * 1000}
    (finding,) = lint_with("IMG303", f"{FROM}COPY .git /app/.git\n", files).findings
    assert finding.saves_bytes == 1010
    assert finding.message.startswith("COPY takes .git, 1,010 bytes, ")


# --- the same mistake in five shapes ---
SHAPES = [
    "COPY id_rsa /root/.ssh/id_rsa",
    "ADD ./keys/id_ed25519 /root/.ssh/",
    "COPY --chown=me --chmod=600 deploy.key /home/me/",
    "COPY \\\n  .ssh/ \\\n  /root/.ssh/",
    "ARG DIR=.aws\nCOPY ${DIR} /root/.aws",
]


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert [f.severity for f in lint_with("IMG303", f"{FROM}{lines}\n").findings] == ["error"]
