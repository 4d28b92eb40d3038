r"""Secret written into the file.

## What it does
Reports passwords, tokens and keys that stand in the file by value: in ENV, ARG defaults, RUN, LABEL, CMD, ENTRYPOINT,
HEALTHCHECK, ADD and here-documents, in every stage. Known are

- tokens by their form: AWS, GitHub, GitLab, Hugging Face, OpenAI, Anthropic, Google, NVIDIA, Slack, Stripe, npm, PyPI,
  Docker Hub, Azure, Alibaba Cloud, Tencent Cloud and others, JSON web tokens, private keys;
- passwords in URLs (`https://user:…@host`) and tokens before the `@`;
- values of names and options that say so (`DB_PASSWORD`, `--password`, `wandb_api_key:`): passwords, and whatever is
  random enough to be a token;
- operands of `docker login -p`, `sshpass -p`, `mysql -p…`, `curl -u`, `chpasswd`, `.netrc` entries and the like.

References (`$TOKEN`, `/run/secrets/token`), placeholders (`changeme`, `<token>`, `xxxx`), documented examples and public
values (checksums, commits, fingerprints, key ids) are left alone. What guessing would find anyway, such as the password
of a test account, is a warning.

No report, diff or explanation of imgtool shows the value: it is replaced by `*` there, whether this rule runs or
not. Only what is a Dockerfile again (`rewrite`, `--fix -`, `parse --format jsonl`) has it.

## Why is this bad
Whoever has the image has the secret: ENV, LABEL and CMD are in its configuration, ARG and RUN in its history, and a
later layer deletes nothing. In a stage that does not ship it is in the build cache, in provenance, and in the
repository. A secret that has been there is to be revoked, not only removed.

## Bad
```dockerfile
FROM python:3.12-slim
ARG PIP_INDEX_URL=https://build:aN0ther-sEcret@pypi.example.org/simple
RUN pip install --no-cache-dir private-package
ENV DB_PASSWORD=tr0ub4dor&3
CMD ["python", "-m", "private_package"]
```

## Good
```dockerfile
FROM python:3.12-slim
RUN --mount=type=secret,id=pip_index_url,env=PIP_INDEX_URL \
    pip install --no-cache-dir private-package
CMD ["python", "-m", "private_package"]
```

The password comes with the container: `docker run --env-file`, a secret of the orchestrator, a mounted file.

## References
<https://docs.docker.com/build/building/secrets/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

META = RuleMeta(
    "IMG501",
    "secret-value",
    severity=Severity.ERROR,
    since="0.1.0",
    aliases=("SecretsUsedInArgOrEnv", "DL3064"),
)

_AT_RUN_TIME = "pass it to the container when it starts"
_AT_BUILD_TIME = "pass it to a RUN with --mount=type=secret"
_ADVICE = {
    "ENV": f"in the image's configuration; {_AT_BUILD_TIME}, or to the container when it starts",
    "ARG": f"in the image's history; {_AT_BUILD_TIME}",
    "RUN": f"in the image's history; {_AT_BUILD_TIME}",
    "LABEL": "in the image's configuration; remove it",
    "COPY": f"in a layer; {_AT_BUILD_TIME}, or mount the file when the container starts",
    "ADD": f"in the image's history; {_AT_BUILD_TIME} that downloads it",
}


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for secret in facts.secrets:
        node = secret.instruction.inner or secret.instruction
        advice = _ADVICE.get(node.keyword, f"in the image's configuration; {_AT_RUN_TIME}")
        message = f"{secret.what} is written here and stays {advice}"
        severity = Severity.WARNING if secret.weak else Severity.ERROR
        # the others look at the names of ARG and ENV alone
        aliases = META.aliases if node.keyword in ("ARG", "ENV") else ()
        yield META.finding(secret.span, message, severity=severity, aliases=aliases)
