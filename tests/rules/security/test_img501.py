"""Secrets by value. What is one is tested with `imgtool.leaks`; here is what is said of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import BASE62, PRIVATE_KEY, TOKENS, fake

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
TOKEN = TOKENS["Hugging Face"]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why it is left alone) ---
LEFT_ALONE = [
    ("ARG HF_TOKEN", "given when it is built"),
    ("ARG HF_TOKEN=\nENV HF_TOKEN=${HF_TOKEN}", "a variable"),
    ("ENV DB_PASSWORD=changeme DB_USER=app", "a placeholder"),
    ("ENV AWS_ACCESS_KEY_ID=AKIA" + "IOSFODNN7EXAMPLE", "the example of the documentation"),
    ("ENV AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY", "likewise"),
    ("RUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) make", "mounted"),
    ("RUN --mount=type=secret,id=t,env=GITHUB_TOKEN make", "mounted"),
    ("ENV DB_PASSWORD_FILE=/run/secrets/db", "a file"),
    ("ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D", "a fingerprint"),
    ("ENV PYTHON_SHA256=" + fake("", 64, "0123456789abcdef"), "a checksum"),
    ("ARG COMMIT=" + fake("", 40, "0123456789abcdef"), "a commit"),
    ("ADD --checksum=sha256:" + fake("", 64, "0123456789abcdef") + " https://example.org/a /a", "a checksum"),
    ("RUN apt-key adv --keyserver keyserver.ubuntu.com --recv-keys 9165938D90FDDD2E", "a key id"),
    ("ENV TOKENIZERS_PARALLELISM=false VLLM_API_KEY=EMPTY MAX_TOKENS=4096", "no secrets"),
    ("RUN adduser --disabled-password --gecos '' me", "no password"),
    ("RUN ssh-keygen -t ed25519 -N '' -f /root/.ssh/id_ed25519", "made there, of no value here"),
    ('RUN echo "me:$PASSWORD" | chpasswd', "a variable"),
    ("RUN git clone https://github.com/example/a", "no user"),
    (f"# ENV HF_TOKEN={TOKEN}", "a comment"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG501", f"{FROM}{lines}\n").findings, reason


# --- (instruction, what is marked, how the message begins and ends, severity) ---
IN_CONFIG = "is written here and stays in the image's configuration; "
IN_HISTORY = "is written here and stays in the image's history; pass it to a RUN with --mount=type=secret"
FOUND = [
    (f"ENV A=1 HF_TOKEN={TOKEN}", TOKEN, "Hugging Face token (hf_…) " + IN_CONFIG, "error"),
    (f"ARG HF_TOKEN={TOKEN}", TOKEN, "Hugging Face token (hf_…) " + IN_HISTORY, "error"),
    (f"RUN a && login {TOKEN}", TOKEN, "Hugging Face token (hf_…) " + IN_HISTORY, "error"),
    ("ENV DB_PASSWORD=Tr0ub4dor", "Tr0ub4dor", "value of DB_PASSWORD " + IN_CONFIG, "error"),
    ("ENV DB_PASSWORD hunter2", "hunter2", "value of DB_PASSWORD " + IN_CONFIG, "warning"),
    ("RUN echo 'me:nvidia' | chpasswd", "nvidia", "password of an account " + IN_HISTORY, "warning"),
    ("LABEL api_key=" + fake("", 32), fake("", 32), "value of api_key " + IN_CONFIG + "remove it", "error"),
    ("CMD serve --api-key " + fake("", 32), fake("", 32),
     "value of api-key " + IN_CONFIG + "pass it to the container when it starts", "error"),
    ("RUN pip install git+https://" + fake("", 32) + "@github.com/a/b", fake("", 32), "token in a URL " + IN_HISTORY, "error"),
    ("ADD https://me:Tr0ub4dor@example.org/a /a", "Tr0ub4dor", "password in a URL " + IN_HISTORY, "error"),
    ("COPY <<EOF /root/.pypirc\npassword = Tr0ub4dor\nEOF", "Tr0ub4dor",
     "value of password is written here and stays in a layer; ", "error"),
    (f"ONBUILD ENV HF_TOKEN={TOKEN}", TOKEN, "Hugging Face token (hf_…) " + IN_CONFIG, "error"),
]  # fmt: skip


@pytest.mark.parametrize("line, marked, message, severity", FOUND)
def test_found(lint_with: LintWith, line: str, marked: str, message: str, severity: str) -> None:
    result = lint_with("IMG501", f"{FROM}{line}\n")
    (finding,) = result.findings
    assert result.source.text(finding.span) == marked
    assert finding.message.startswith(message)
    assert marked not in finding.message
    assert (finding.severity, finding.fix) == (severity, None)


def test_a_private_key(lint_with: LintWith) -> None:
    text = f"{FROM}COPY <<'EOF' /root/.ssh/id_rsa\n{PRIVATE_KEY}\nEOF\n"
    (finding,) = lint_with("IMG501", text).findings
    assert finding.message.startswith("private key is written here and stays in a layer")


def test_every_stage_counts(lint_with: LintWith) -> None:
    text = f"FROM a AS b\nRUN login {TOKEN}\nFROM c AS unused\nENV T={TOKEN}\nFROM d\nCOPY --from=b /x /x\n"
    assert len(lint_with("IMG501", text).findings) == 2


def test_before_the_first_stage(lint_with: LintWith) -> None:
    assert len(lint_with("IMG501", f"ARG TOKEN={TOKEN}\n{FROM}").findings) == 1


# --- one secret in five places ---
SECRET = fake("", 40, BASE62 + "+/")
SHAPES = [
    f"ENV AWS_SECRET_ACCESS_KEY={SECRET}",
    f"ARG AWS_SECRET_ACCESS_KEY='{SECRET}'",
    f"RUN aws configure set aws_secret_access_key {SECRET} && \\\n    aws s3 cp s3://a/b .",
    f"RUN <<EOF\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nmake\nEOF",
    f"COPY <<-EOF /root/.aws/credentials\n\t[default]\n\taws_secret_access_key = {SECRET}\n\tEOF",
]


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    result = lint_with("IMG501", f"{FROM}{lines}\n")
    (finding,) = result.findings
    assert result.source.text(finding.span) == SECRET
