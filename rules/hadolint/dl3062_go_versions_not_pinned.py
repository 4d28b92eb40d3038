"""Packages of go without a version.

## What it does
Reports `go install`, `go get` and `go run` of packages from elsewhere without `@VERSION`, or with `@latest` or `@none`.
Packages of the module at hand (`.`, `./cmd/app`) are fine.

## Why is this bad
The same Dockerfile gives another image tomorrow, and a new release breaks a build that nobody changed.

## Bad
```dockerfile
FROM golang:1.23
RUN go install example.com/tool/cmd/tool@latest
```

## Good
```dockerfile
FROM golang:1.23
RUN go install example.com/tool/cmd/tool@v1.4.0 && go clean -cache -modcache
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, Package, RuleMeta, Run, Severity

from ._found import at, listed
from ._pins import unpinned

META = RuleMeta("DL3062", "go-versions-not-pinned", severity=Severity.WARNING, since="0.2.0", needs=("go",))

_GO = frozenset({"go"})
_VERBS = frozenset({"install", "get"})
_MOVING = frozenset({"", "latest", "none"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield from unpinned(META, run, _GO, "{}@VERSION", verbs=_VERBS, pinned=_pinned)
    for operation in run.operations:
        if operation.manager == "go" and operation.verb == "run":
            words = [word for word in operation.arguments[:1] if _is_elsewhere(word.text)]
            message = f"go run takes any version of {listed(w.text for w in words)}; pin it with @VERSION"
            yield from at(META, (word.span for word in words), message)


def _pinned(package: Package) -> bool:
    return package.source == "path" or (package.spec or "") not in _MOVING


def _is_elsewhere(text: str) -> bool:
    """Whether it is a package of another module, in no version: ``x.io/cmd``, not ``./cmd`` or ``main.go``."""
    path, _, version = text.partition("@")
    host, slash, _ = path.partition("/")
    return bool(slash and "." in host.strip(".") and "$" not in host) and version in _MOVING
