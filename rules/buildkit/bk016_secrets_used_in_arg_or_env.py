"""Secret in an ARG or ENV, by its name.

## What it does
Reports an ARG or ENV of a stage whose name says that it holds a secret: one of its words, parted by `_`, is key, apikey,
auth, credential, credentials, password, passwd, pword, secret or token, and none is public, file or version. The value
is not looked at; IMG501 does that. BuildKit's check SecretsUsedInArgOrEnv.

## Why is this bad
ENV is in the image's configuration, ARG in its history and in provenance: whoever has the image has the secret. Of a
stage that does not ship, both are in the build cache and in provenance.

## Bad
```dockerfile
FROM debian:bookworm
ARG GITHUB_TOKEN
RUN fetch --token "$GITHUB_TOKEN"
```

## Good
```dockerfile
FROM debian:bookworm
RUN --mount=type=secret,id=github,env=GITHUB_TOKEN fetch --token "$GITHUB_TOKEN"
```

## References
<https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import Facts, Finding, RuleMeta, Severity, Span, Stage, calls_secret

from ._words import names, pairs

META = RuleMeta(
    "BK016",
    "secrets-used-in-arg-or-env",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("SecretsUsedInArgOrEnv", "DL3064"),
    needs=("key", "auth", "credential", "pass", "pword", "secret", "token"),
)

_PLACES = {"ARG": "its history", "ENV": "its configuration"}
_ELSEWHERE = "the build cache and provenance keep its value"


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for node in stage.instructions:
        if node.keyword not in _PLACES or node.problem:
            continue
        found: Sequence[tuple[str, Span, Span]] = ()
        for position, written in enumerate(names(node)):
            # that of an ENV may be quoted, or hold a variable
            plain = node.keyword == "ARG" or written.isidentifier()
            name = written if plain else facts.expand(node, written)
            if calls_secret(name or ""):
                found = found or list(pairs(node))
                _, span, whole = found[position]
                shipped = f"whoever has the image finds its value in {_PLACES[node.keyword]}"
                where = shipped if stage in facts.shipped else _ELSEWHERE
                message = f"{name} looks like a secret, and {where}; use RUN --mount=type=secret"
                yield META.finding(span, message, related=(whole,))
