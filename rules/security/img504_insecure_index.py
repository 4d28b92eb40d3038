"""Packages from an index that nobody vouches for.

## What it does
Reports package indexes and registries that are read over plain `http://`, and hosts whose certificates are not asked
for: `--index-url http://…` and `--trusted-host` of pip and uv, `--allow-insecure-host`, `PIP_INDEX_URL`,
`PIP_TRUSTED_HOST`, lines of a `pip.conf` wherever they are written, `npm config set registry http://…`,
`GOPROXY=http://…`, gem and conda sources. In every stage. An index and the trusted host that it needs are one finding.

The machine itself is left alone, and so are apt, dnf and apk: their packages are signed. So is a RUN that only exports
variables: they end with it.

## Why is this bad
Python and npm packages are not signed: that they are the right ones rests on the connection alone. Over plain HTTP, or
with `trusted-host`, anybody on the way may send a package of their own, whose code runs as root when it is
installed.

## Bad
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir --index-url http://mirrors.aliyun.com/pypi/simple/ --trusted-host mirrors.aliyun.com numpy==2.1.0
CMD ["python"]
```

## Good
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir --index-url https://mirrors.aliyun.com/pypi/simple/ numpy==2.1.0
CMD ["python"]
```

## References
<https://pip.pypa.io/en/stable/cli/pip/#cmdoption-trusted-host>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Arg, Document, Facts, Finding, PackageOperation, RuleMeta, Severity, Span, per_file

from ._texts import matches, place
from ._urls import host, inside, near, value

META = RuleMeta(
    "IMG504",
    "insecure-index",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("http://", "trusted", "insecure"),
)

_ECOSYSTEMS = frozenset(("python", "conda", "node", "ruby"))
_BETWEEN = rb"""[ \t]*[ \t=:]["' \t]{0,3}"""
_INDEX = (
    rb"(?i)(?:(?<![a-z-])|(?<=\\n))(?:pip_|uv_|global\.|install\.|--)?(?:extra[-_])?(?:index[-_]url|default[-_]index|find[-_]links)"
    + _BETWEEN
    + rb"(http://[^\s\"'\\;,]+)"
    rb"|(?:\bregistry|\bgoproxy|gem[ \t]+sources?[^\n;&|]{0,20}[ \t](?:-a|--add)|(?<=channels)|--registry)"
    + _BETWEEN
    + rb"(http://[^\s\"'\\;,]+)"
)
_TRUSTED = (
    rb"(?i)(?:trusted[-_]host|allow[-_]insecure[-_]host|insecure_host)"
    + _BETWEEN
    + rb"([\w.*-]+\.[\w.-]+(?::\d+)?)"
)
# what their matches hold
_NAMES = (b"index", b"find-links", b"find_links", b"registry", b"goproxy", b"channels", b"gem ", b"gem\t")
_TRUST = (b"trusted", b"insecure")
_HOSTS = (b"trusted-host", b"trusted_host", b"insecure-host", b"insecure_host")


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    trusted = [
        (place(text, m, 1), m[1].decode())
        for node, m, text in matches(facts, _TRUSTED, _TRUST, _HOSTS)
        if node.span not in _idle(facts)
    ]
    told: set[Span] = set()
    places: dict[str, list[Span]] = {}
    for where, other in trusted:
        places.setdefault(other.partition(":")[0].lower(), []).append(where)
    for span, url in sorted(_indexes(facts)):
        name = host(url)
        if span in told or not name or near(name):
            continue
        told.add(span)
        related = tuple(places.pop(name, ()))
        told.update(related)
        message = (
            f"packages come from {name} over plain http, where anybody on the way may change them; use https"
        )
        yield META.finding(
            span, message + (", and drop the trusted host" if related else ""), related=related
        )
    for span, name in trusted:
        if span not in told and not near(name.partition(":")[0].lower()):
            message = (
                f"the certificate of {name} is not checked; remove the trusted host, or add its authority"
            )
            yield META.finding(span, message)


# asked for each match, and most files have none
@per_file
def _idle(facts: Facts) -> frozenset[Span]:
    """The RUNs that only set variables of their own shell, which ends there."""
    return frozenset(
        run.instruction.span
        for stage in facts.stages
        for run in facts.runs(stage)
        if run.script.understood
        and all(command.name == "export" or not command.argv for command in run.script.commands)
        and not any(command.redirects for command in run.script.commands)
    )


def _indexes(facts: Facts) -> Iterator[tuple[Span, str]]:
    """All indexes over plain HTTP: the place and the URL."""
    for node, match, text in matches(facts, _INDEX, (b"http://",), _NAMES):
        if node.span not in _idle(facts):
            group = match.lastindex or 1
            yield place(text, match, group), match[group].decode("utf-8", "replace")
    for stage in facts.stages:
        for run in facts.runs(stage):
            for arg in (arg for operation in run.operations for arg in _named(operation)):
                url = value(arg, run, facts)
                if url.startswith("http://") and not arg.text.startswith("$"):
                    yield inside(arg), url


def _named(operation: PackageOperation) -> tuple[Arg, ...]:
    """The indexes that options name."""
    if operation.ecosystem not in _ECOSYSTEMS:
        return ()
    own = (operation.index_url,) if operation.index_url else ()
    return (*own, *operation.extra_index_urls, *operation.find_links)
