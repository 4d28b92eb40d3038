"""Private package names that PyPI may answer.

## What it does
Reports a second index (`--extra-index-url`, `PIP_EXTRA_INDEX_URL`, `pip config set global.extra-index-url`) where one of
the two is private and the other PyPI or a mirror of it, and packages are asked for without an exact version. uv is
reported only with `--index-strategy unsafe-first-match` or `unsafe-best-match`; else it takes a name from the first
index that has it.

Indexes of vendors, who own the same names on PyPI, are left alone (PyTorch, NVIDIA, Intel, AMD, AWS Neuron, vLLM, …),
and so is an install with `--require-hashes` or `--no-deps` and exact versions. Where a requirements file or a project
says what is installed, it is information.

## Why is this bad
pip asks all indexes and takes the highest version, wherever it is. Anybody may register the name of a private package
at PyPI with version 99, and the next build installs that one and runs its code as root. The order of the options
changes nothing.

## Bad
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir --extra-index-url https://nexus.example.org/repository/pypi/simple billing-client
CMD ["python", "-m", "billing_client"]
```

## Good
One index that serves the private packages and passes on the rest of PyPI:

```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir --index-url https://nexus.example.org/repository/pypi-all/simple billing-client==2.4.1
CMD ["python", "-m", "billing_client"]
```

## References
- <https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url>
- <https://docs.astral.sh/uv/concepts/indexes/#searching-across-multiple-indexes>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Document,
    Facts,
    Finding,
    Operation,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    index_at,
)

from ._texts import matches, place
from ._urls import host, inside, near, value

META = RuleMeta(
    "IMG503",
    "dependency-confusion",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("extra-index", "extra_index", "--index"),
)

_PYPI = "pypi.org"
_INSTALLS = (Operation.INSTALL, Operation.DOWNLOAD)
_SETTING = (
    rb"(?i)(?:pip_extra_index_url|global\.extra-index-url|(?:(?<![\w-])|(?<=\\n))extra-index-url[ \t]*=)"
    rb"""[ \t=]{0,3}["']?[ \t]*(https?://[^\s"'\\;,&|]+)"""
)
_UNSAFE = ("unsafe-first-match", "unsafe-best-match")


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for stage in facts.stages:
        for run in facts.runs(stage):
            for operation in run.operations:
                if (
                    operation.extra_index_urls
                    and operation.ecosystem == "python"
                    and operation.operation in _INSTALLS
                ):
                    yield from _installs(operation, run, facts)
    for _, match, text in matches(facts, _SETTING, (b"extra-index", b"extra_index")):
        url = match[1].decode("utf-8", "replace")
        if match[0][:2] != b"--" and (name := _private(url)):
            yield META.finding(place(text, match, 1), _message(name, _PYPI))


def _installs(operation: PackageOperation, run: Run, facts: Facts) -> Iterator[Finding]:
    if not _asks_all(operation) or operation.has("--require-hashes", "--no-index"):
        return
    open_names = [p.name or p.raw for p in operation.packages if not _exact(p.spec, p.source)]
    files = bool(operation.requirement_files or operation.project or operation.editable)
    if not (open_names or files or (operation.packages and not operation.has("--no-deps"))):
        return
    main = value(operation.index_url, run, facts) if operation.index_url else f"https://{_PYPI}/simple"
    for arg in operation.extra_index_urls:
        other = value(arg, run, facts)
        if pair := _confused(main, other):
            surely = any("$" not in name for name in open_names)
            severity = Severity.WARNING if surely else Severity.INFO
            yield META.finding(inside(arg), _message(*pair), severity=severity)
            return


def _message(private: str, public: str) -> str:
    return (
        f"a name that is meant for {private} may come from {public}, where anybody can register it: the higher version "
        f"wins; use one index that passes on the rest, or exact versions with hashes"
    )


def _confused(main: str, other: str) -> tuple[str, str] | None:
    """The private host and the public one of two indexes; None where names cannot be confused."""
    if private := _private(other):
        return (private, host(main)) if _public(main) else None
    private = _private(main)
    return (private, host(other)) if private and _public(other) else None


def _private(url: str) -> str:
    name = host(url)
    return name if name and "." in name and not near(name) and index_at(name) is None else ""


def _public(url: str) -> bool:
    known = index_at(host(url))
    return known is not None and known.kind == "pypi"


def _asks_all(operation: PackageOperation) -> bool:
    """Whether every index is asked for every name."""
    if operation.manager != "uv":
        return operation.manager != "poetry"
    return any(
        option.name == "--index-strategy" and option.value is not None and option.value.text in _UNSAFE
        for option in operation.options
    )


def _exact(spec: str | None, source: str) -> bool:
    return source != "index" or (spec is not None and spec.lstrip().startswith("==") and "*" not in spec)
