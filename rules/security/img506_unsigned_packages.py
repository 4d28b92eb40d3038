"""Packages installed without their signature.

## What it does
Reports what makes a package manager take packages that nobody has signed: `--allow-unauthenticated`, `--force-yes`
and `--allow-insecure-repositories` of apt, `APT::Get::AllowUnauthenticated`, `[trusted=yes]` in a list of sources,
`--nogpgcheck` and `gpgcheck=0` of yum and dnf, `--no-gpg-checks` of zypper, `--allow-untrusted` of apk. In every
stage; once an instruction.

Repositories in the image itself (`file:`, `copy:`) and packages that are files or `https://` URLs are left alone.

## Why is this bad
The signature is what makes it safe to fetch packages from any mirror, even over plain HTTP. Without it, whoever is on
the way or owns the mirror chooses what is installed as root. Mostly such an option hides a missing key.

## Bad
```dockerfile
FROM ubuntu:22.04
RUN apt-get update && \
    apt-get install -y --no-install-recommends --allow-unauthenticated libnccl2=2.21.5-1+cuda12.4 && \
    rm -rf /var/lib/apt/lists/*
CMD ["bash"]
```

## Good
```dockerfile
FROM ubuntu:22.04
COPY example-archive.asc /usr/share/keyrings/
COPY example.list /etc/apt/sources.list.d/
RUN apt-get update && \
    apt-get install -y --no-install-recommends libnccl2=2.21.5-1+cuda12.4 && \
    rm -rf /var/lib/apt/lists/*
CMD ["bash"]
```

where `example.list` says `deb [signed-by=/usr/share/keyrings/example-archive.asc] https://apt.example.org stable main`.

## References
<https://wiki.debian.org/SecureApt>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Document,
    Facts,
    Finding,
    Operation,
    Package,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Span,
)

from ._texts import matches, place

META = RuleMeta(
    "IMG506",
    "unsigned-packages",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("gpg", "trusted", "insecure", "unauthenticated", "force-yes"),
)

_OPTIONS = {
    "deb": frozenset(("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories")),
    "rpm": frozenset(("--nogpgcheck", "--no-gpg-checks", "--no-gpgcheck", "--allow-unsigned-rpm")),
    "apk": frozenset(("--allow-untrusted",)),
}
_TEXT = (
    rb"(?i)\bdeb(?:-src)?[ \t]+\[[^\]\n]{0,200}?(trusted[ \t]*=[ \t]*yes)\b[^\]\n]{0,200}\][ \t]*(\S{0,8})"
    rb"|(?:apt::get::(?:allowunauthenticated)|acquire::allowinsecurerepositories)[ \t]*[ \t=]"
    rb"""["' \t]{0,3}(?:true|1|yes)\b"""
    rb"|(?:(?<![A-Za-z_])|(?<=\\n))gpgcheck[ \t]*=[ \t]*(?:0|no|false)\b"
)
# one of these is in every match; keyrings are called trusted, too
_HINTS = (b"trusted=", b"trusted ", b"trusted\t", b"allowunauthenticated", b"allowinsecure", b"gpgcheck")
_LOCAL = (b"file:", b"copy:", b"cdrom:")
_FILES = frozenset(("file", "path"))
_FETCHES = frozenset((Operation.INSTALL, Operation.UPGRADE, Operation.REFRESH, Operation.DOWNLOAD))


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    found: dict[int, list[tuple[Span, str]]] = {}
    for start, span, what in (*_written(facts), *_given(facts)):
        found.setdefault(start, []).append((span, what))
    for places in found.values():
        (span, what), *rest = sorted(places)
        message = f"{what} installs packages whose signature nobody has checked; add the key of the repository instead"
        yield META.finding(span, message, related=tuple(other for other, _ in rest))


_Place = tuple[int, Span, str]


def _written(facts: Facts) -> Iterator[_Place]:
    """Settings and lists of sources, wherever they are written."""
    for instruction, match, text in matches(facts, _TEXT, _HINTS):
        local = text.data[max(match.start() - 300, 0) : match.start()].rpartition(b"[")[2]
        if match[1] and match[2].lower().startswith(_LOCAL):
            continue
        if not match[1] and b"file:" in local:
            continue
        group = 1 if match[1] else 0
        what = match[group].decode("ascii", "replace")
        yield instruction.span.start, place(text, match, group), what


def _given(facts: Facts) -> Iterator[_Place]:
    for stage in facts.stages:
        for run in facts.runs(stage):
            for operation in run.operations:
                yield from _options(operation, run)


def _options(operation: PackageOperation, run: Run) -> Iterator[_Place]:
    names = _OPTIONS.get(operation.ecosystem)
    if names is None or operation.operation not in _FETCHES:
        return
    # the tables do not hold all managers' head options
    for arg in operation.command.argv:
        if arg.text in names and not (operation.packages and all(map(_local, operation.packages))):
            yield run.instruction.span.start, arg.span, f"{operation.manager} {arg.text}"


def _local(package: Package) -> bool:
    """Whether it is a file, or fetched by a URL whose host shows its certificate."""
    return package.source in _FILES or package.raw.strip("\"'").startswith("https://")
