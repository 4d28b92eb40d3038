"""ARG or ENV with the name of a secret.

## What it does
Reports ARG and ENV whose name says password, token, secret, credential or a key of that kind, as a word of its own
(`HF_TOKEN`, `PGPASSWORD`, but not `TOKENIZERS_PARALLELISM`). User names, files, public keys and values that are switches
are left alone.

## Why is this bad
ENV is in the image's configuration, ARG in its history and provenance: whoever has the image has the value.
`RUN --mount=type=secret` leaves nothing behind.

## Bad
```dockerfile
FROM python:3.12-slim
ARG HF_TOKEN
CMD ["python"]
```

## Good
```dockerfile
FROM python:3.12-slim
RUN --mount=type=secret,id=hf_token,env=HF_TOKEN ["python", "-c", "pass"]
CMD ["python"]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Facts, Finding, Instruction, RuleMeta, Severity

from ..buildkit._words import pairs
from ._acting import acting

META = RuleMeta(
    "DL3064",
    "secret-name",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("pass", "token", "secret", "key", "credential", "auth"),
    on=("ARG", "ENV", "ONBUILD"),
)

_SECRET = frozenset("password passwd passphrase pword secret token credential credentials apikey".split())
_GLUED = ("password", "passwd")
# before the word key
_KEYS = frozenset("api access client private secret signing encryption auth hf".split())
# what is about a secret, and not one
_ABOUT = frozenset(
    "file path dir public version type length name url id size count prefix header keyring".split()
)
_SWITCHES = frozenset("true false yes no on off none null 0 1".split())


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = acting(instruction, "ARG", "ENV")
    for name, span, whole in pairs(node) if node else ():
        value = _value(node, name) if node else None
        if _secret(name.lower().split("_")) and (value or "").lower() not in _SWITCHES:
            ships = facts.graph.stage_of(instruction) in facts.shipped
            where = "the image" if ships else "the build cache and provenance"
            message = f"{name} looks like a secret, which stays in {where}; use RUN --mount=type=secret"
            yield META.finding(span, message, related=(whole,))


def _secret(words: list[str]) -> bool:
    if not _ABOUT.isdisjoint(words):
        return "access" in words and words[-1] == "id"
    keys = any(a in _KEYS and b == "key" for a, b in pairwise(words))
    return keys or any(word in _SECRET or word.endswith(_GLUED) for word in words)


def _value(node: Instruction, name: str) -> str | None:
    if node.keyword == "ENV":
        return dict(zip(node.args[::3], node.args[1::3], strict=True)).get(name, "").strip("\"'")
    given = (word.partition("=") for word in node.args)
    return next((value.strip("\"'") for key, _, value in given if key == name), None)
