"""ADD of a file from the network without a checksum.

## What it does
Reports an ADD of an `http://` or `https://` file that has no `--checksum`, in every stage that is built. Over plain
HTTP it is a warning, else information. Repositories of git, URLs with a commit in them and requests of
`api.github.com`, which only tell the cache of a new commit, are left alone; so are a stage that checks a checksum or a
signature in a RUN, and Windows images, whose builder knows no `--checksum`.

## Why is this bad
What is added is whatever the server sends on the day of the build. With a checksum, another file ends the build; it
also lets BuildKit find the layer in its cache without asking the server.

## Bad
```dockerfile
FROM debian:bookworm-slim
ADD https://example.org/models/tokenizer-1.2.json /opt/tokenizer.json
CMD ["cat", "/opt/tokenizer.json"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
ADD --checksum=sha256:9a3f2d1c0b5e4f6a7d8c9b0a1e2f3d4c5b6a79880f1e2d3c4b5a697887960f1e https://example.org/models/tokenizer-1.2.json /opt/tokenizer.json
CMD ["cat", "/opt/tokenizer.json"]
```

## References
<https://docs.docker.com/reference/dockerfile/#add---checksum>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, Instruction, RuleMeta, Severity

from .._patterns import compiled
from ._checks import verifies
from ._urls import host, near, pinned

META = RuleMeta(
    "IMG509", "unchecked-download", severity=Severity.INFO, since="0.2.0", needs=("http://", "https://")
)

_WEB = ("http://", "https://")
_GIT = (".git",)
_COMMIT = r"/[0-9a-f]{40}/"
_NO_CONTENT = "api.github.com"


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    for instruction in document.instructions:
        node = instruction.inner or instruction
        if node.keyword == "ADD" and not node.problem and not node.flag_value("checksum"):
            yield from _unchecked(instruction, node, facts)


def _unchecked(instruction: Instruction, node: Instruction, facts: Facts) -> Iterator[Finding]:
    if facts.graph.stage_of(instruction) in facts.windows:
        return
    for word, written in zip(node.words[:-1], node.args[:-1], strict=False):
        url = facts.expand(instruction, written) or written
        name = host(url)
        if not url.startswith(_WEB) or not name or near(name) or _told(url) or _checked(instruction, facts):
            continue
        plain = url.startswith("http://")
        message = f"nothing says what {name} is to send{', and over plain http anybody may' * plain}; {_advice(node, url)}"
        yield META.finding(word.span, message, severity=Severity.WARNING if plain else None)


def _advice(node: Instruction, url: str) -> str:
    """What BuildKit takes: a checksum is of one file, and of one that does not change."""
    alone = " to an ADD of its own" if len(node.args) > 2 else ""
    return f"{'' if pinned(url) else 'name a version, and '}add --checksum=sha256:…{alone}"


def _checked(instruction: Instruction, facts: Facts) -> bool:
    """Whether a RUN of the same stage checks what it was sent."""
    stage = facts.graph.stage_of(instruction)
    runs = facts.runs(stage) if stage else ()
    return any(verifies(command) for run in runs for command in run.script.commands)


def _told(url: str) -> bool:
    """Whether the URL itself says what is sent, or nobody wants what is."""
    plain = url.partition("#")[0]
    return (
        plain.rstrip("/").endswith(_GIT)
        or compiled(_COMMIT).search(plain) is not None
        or host(url) == _NO_CONTENT
    )
