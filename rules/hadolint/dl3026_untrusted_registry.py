"""Image from a registry that is not trusted.

## What it does
Reports images of FROM, `COPY --from` and `RUN --mount=from=` whose registry is not among `trusted-registries` of the
configuration. A `*` at either end of an entry stands for anything; an image without a registry is Docker Hub's (`docker.io`).
Without the setting nothing is reported, and nothing is said of what a variable without default decides.

## Why is this bad
A project that trusts some registries wants to hear of any other: whoever owns it decides what is in the image.

## Bad
```dockerfile
FROM registry.example.org/tools/base:1.4
CMD ["serve"]
```
```toml file=.imgtool.toml
[lint]
trusted-registries = ["docker.io"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
CMD ["serve"]
```
```toml file=.imgtool.toml
[lint]
trusted-registries = ["docker.io"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Edge, Facts, Finding, RuleMeta, Severity, Span, Via, parse_reference

META = RuleMeta("DL3026", "untrusted-registry", severity=Severity.ERROR, since="0.2.0", needs=("from",))

_HUB = ("docker.io", "index.docker.io", "hub.docker.com")


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    trusted = facts.policy.trusted_registries
    for edge in facts.graph.edges if trusted else ():
        image = edge.stage.reference or edge.stage.base if edge.via is Via.FROM else edge.source
        if edge.target or image in ("", "scratch") or image.isdigit():
            continue
        registry = _registry(image)
        if registry and not any(_fits(entry, registry) for entry in trusted):
            yield META.finding(
                _span(edge),
                f"{image} is from {registry}, which is not trusted; take it from one of trusted-registries",
            )


def _registry(image: str) -> str | None:
    first, slash, _ = image.partition("/")
    if "$" in image:
        # a variable after it does not change a registry that is written
        return first if slash and "$" not in first and set(first) & set(".:") else None
    found = parse_reference(image)
    if found is None:
        return None
    return "docker.io" if found.registry in _HUB else found.registry


def _fits(entry: str, registry: str) -> bool:
    if entry in _HUB:
        return registry == "docker.io"
    if entry.startswith("*"):
        return registry.endswith(entry[1:])
    return registry.startswith(entry[:-1]) if entry.endswith("*") else registry == entry


def _span(edge: Edge) -> Span:
    if edge.via is Via.FROM:
        return edge.stage.base_span
    node = edge.instruction.inner or edge.instruction
    flags = (flag for flag in node.flags if edge.source in (flag.value or ""))
    return next((flag.span for flag in flags), node.word.span)
