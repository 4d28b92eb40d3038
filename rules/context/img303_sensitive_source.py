"""Secrets or history copied by name.

## What it does
Reports a COPY or ADD that names a file of secrets (`.env`, `id_rsa`, `*.key`, `.aws`, `.ssh`, `.docker/config.json`,
`.npmrc`, `kubeconfig`, `credentials.json`, …), where the build context is not known, so that nobody can look into
the file; and one that names `.git`. Where the context is known, IMG302 looks into the files.

Names of public things are left alone: certificates, keys of package repositories, `id_rsa.pub`, `.env.example`, and
what lies in folders of tests, examples and packages.

Secrets that ship are an error, or a warning for `.env` and `.npmrc`, which may hold settings alone. In a stage that
only builds, they are a warning, since the build cache keeps them; `.git` is left alone there.

## Why is this bad
A secret in a layer belongs to everybody who has the image, even where a later layer deletes it. `.git` holds all that
was ever deleted from the sources, and changes with every commit, so that no layer below is ever found in the cache.

## Bad
```dockerfile
FROM python:3.12-slim
COPY id_rsa /root/.ssh/id_rsa
RUN pip install --no-cache-dir git+ssh://git@github.com/example/private.git@v1.2.0
CMD ["python", "-m", "private"]
```

## Good
```dockerfile
FROM python:3.12-slim
RUN --mount=type=ssh pip install --no-cache-dir git+ssh://git@github.com/example/private.git@v1.2.0
CMD ["python", "-m", "private"]
```

## References
<https://docs.docker.com/build/building/secrets/>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

from ._kinds import named_secret
from ._sources import Source, sources

META = RuleMeta("IMG303", "sensitive-source", severity=Severity.ERROR, since="0.2.0", needs=("copy", "add"))

_GIT = ".git"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for source in sources(facts):
        path, ships = source.path, source.stage in facts.shipped
        if path.rpartition("/")[2] == _GIT:
            if ships and not (facts.context and facts.context.ignore_file):
                yield _history(source, facts)
        elif facts.context is None and (finding := _secret(source, ships=ships)):
            yield finding


def _secret(source: Source, *, ships: bool) -> Finding | None:
    instruction = source.instruction
    found = named_secret(source.path, instruction.args[-1])
    if found is None:
        return None
    goal = "the image" if ships else "a layer of the build cache"
    message = (
        f"{instruction.keyword} takes {source.text} ({found.what}) into {goal}; "
        "pass it to a RUN with --mount=type=secret, or to the container when it starts"
    )
    severity = Severity.ERROR if ships and found.sure else Severity.WARNING
    return META.finding(source.span, message, severity=severity)


def _history(source: Source, facts: Facts) -> Finding:
    listing = facts.context.copied([source.text]) if facts.context else None
    size = listing.size if listing and listing.complete else 0
    weight = f", {size:,} bytes" if size else ""
    message = (
        f"{source.instruction.keyword} takes {source.text}{weight}, with all that was ever deleted from the sources; "
        "pass what is wanted of it in an ARG, or mount it with --mount=type=bind"
    )
    return META.finding(source.span, message, severity=Severity.WARNING, saves_bytes=size or None)
