"""Certificates are not checked.

## What it does
Reports what turns off the check of TLS certificates while the image is built, or for good:

- `curl -k`, `wget --no-check-certificate`, `aria2c --check-certificate=false`, `aws --no-verify-ssl`;
- `git config http.sslVerify false`, `git -c http.sslVerify=false`, `GIT_SSL_NO_VERIFY`;
- `npm config set strict-ssl false`, `yarn config set strict-ssl false`, `conda config --set ssl_verify false`;
- `sslverify=0` of yum and dnf;
- `NODE_TLS_REJECT_UNAUTHORIZED=0` and `PYTHONHTTPSVERIFY=0`;
- `insecure` in a `.curlrc`, `check_certificate = off` in a `.wgetrc`.

A download whose checksum or signature is checked later in the same RUN is left alone, and so is a host that is the
machine itself; and so is `Acquire::https::Verify-Peer` of apt, whose packages are signed.

## Why is this bad
Whoever sits between the build and the server, such as a proxy or a name server, may send whatever they like, and it
ends up in the image. Most such options are left from a day when `ca-certificates` was missing or a certificate had
run out.

## Bad
```dockerfile
FROM debian:bookworm-slim
RUN wget --no-check-certificate https://example.org/tool-1.4.2.tar.gz
CMD ["tool"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates wget && \
    rm -rf /var/lib/apt/lists/*
RUN wget -q https://example.org/tool-1.4.2.tar.gz
CMD ["tool"]
```

A company's own certificate authority is added, not ignored:

```dockerfile
FROM debian:bookworm-slim
COPY company-ca.crt /usr/local/share/ca-certificates/
RUN update-ca-certificates
CMD ["tool"]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import (
    Command,
    Document,
    Facts,
    Finding,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
)

from ._checks import after, verifies
from ._texts import matches, place
from ._urls import host, near, value

META = RuleMeta(
    "IMG505",
    "tls-verification-off",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("curl", "verify", "check-cert", "check_cert", "strict-ssl", "reject_unauth"),
)  # fmt: skip

_OFF = rb"(?:false|off|no|0)\b"
_ON = rb"(?:true|on|yes|1)\b"
_BETWEEN = rb"""[ \t]*[ \t=:]["' \t]{0,3}"""
_SETTINGS = (rb"(?i)http\.(?:[\w:/.-]+\.)?sslverify" + _BETWEEN + _OFF
    + rb"|git_ssl_no_verify" + _BETWEEN + _ON
    + rb"|strict-ssl" + _BETWEEN + _OFF
    + rb"|\bssl_verify" + _BETWEEN + _OFF
    + rb"|(?<![.\w])sslverify" + _BETWEEN + _OFF
    + rb"|node_tls_reject_unauthorized" + _BETWEEN + rb"0\b"
    + rb"|pythonhttpsverify" + _BETWEEN + rb"0\b"
    + rb"|check[-_]certificate" + _BETWEEN + _OFF
    + rb"|--no-verify-ssl\b")  # fmt: skip
# some of which stands in each of the hints
_STEMS = (b"verify", b"strict-ssl", b"reject_un", b"check-cert", b"check_cert")
_HINTS = (
    *(b"sslverify", b"ssl_verify", b"ssl_no_verify", b"verify-ssl", b"httpsverify"),
    *(b"strict-ssl", b"reject_unauthorized", b"check-cert", b"check_cert"),
)
_OPTIONS = {"curl": "--insecure", "wget": "--no-check-certificate"}
_CURLRC = ".curlrc"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    told: set[str] = set()
    for instruction, match, text in matches(facts, _SETTINGS, _STEMS, _HINTS):
        what = match[0].decode("ascii", "replace")
        name = re.split(r"[ \t=:\"']+(?=\S+$)", what)[0].lower()
        if name not in told and not _undone(instruction.rest.data[match.end() :], name):
            yield _finding(place(text, match), what)
        told.add(name)
    curlrc = _CURLRC.encode() in facts.document.data
    for stage in facts.stages:
        yield from _commands(stage, facts, curlrc=curlrc)


def _finding(span: Span, what: str) -> Finding:
    message = f"{what} turns off certificate checks; remove it, and install ca-certificates or the missing authority"
    return META.finding(span, message)


def _undone(rest: bytes, name: str) -> bool:
    """Whether the same instruction sets it back."""
    again = re.escape(name.encode()) + _BETWEEN + _ON
    return (
        re.search(again + rb"|--unset\S*[ \t]+" + re.escape(name.encode()), rest, re.IGNORECASE) is not None
    )


def _commands(stage: Stage, facts: Facts, *, curlrc: bool) -> Iterator[Finding]:
    for run in facts.runs(stage):
        for operation in run.operations:
            name = _OPTIONS.get(operation.manager)
            option = next((o for o in operation.options if o.name == name), None) if name else None
            if option and not _is_harmless(operation, run, facts):
                yield _finding(option.arg.span, f"{operation.manager} {name}")
        for command in run.script.commands if curlrc else ():
            if command.name == "echo" and _writes_curlrc(command):
                yield _finding(command.argv[1].span, "insecure in .curlrc")


def _is_harmless(operation: PackageOperation, run: Run, facts: Facts) -> bool:
    """Whether no certificate is looked at anyway, or what was sent is checked."""
    urls = [value(url, run, facts) for url in operation.urls]
    if all(near(host(url)) or url.startswith("http://") for url in urls):
        return True
    commands = run.script.commands
    index = next((n for n, command in enumerate(commands) if command is operation.command), None)
    return index is None or any(map(verifies, after(commands, index)))


def _writes_curlrc(command: Command) -> bool:
    targets = (r.target.text for r in (*command.redirects, *command.outer_redirects) if r.target)
    return [arg.text for arg in command.args] == ["insecure"] and any(
        target.endswith(_CURLRC) for target in targets
    )
