"""Packages of yum and dnf that are installed in whatever version there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Finding, Package, PackageOperation, RuleMeta, Run

from ._found import at, listed
from ._pins import unpinned, versioned

_MODULES = frozenset({"module install"})


def unpinned_rpm(meta: RuleMeta, run: Run, managers: frozenset[str]) -> Iterator[Finding]:
    """One finding for each command that installs packages or modules without a version."""
    yield from unpinned(meta, run, managers, "{}-VERSION", pinned=_pinned)
    for operation in run.operations:
        if operation.manager in managers and operation.verb in _MODULES:
            yield from _streams(meta, operation)


def _pinned(package: Package) -> bool:
    # gcc-11 may be a package of that name, or the package gcc in version 11
    numbered = (dash == "-" and digit.isdigit() for dash, digit in pairwise(package.raw))
    return versioned(package) or any(numbered)


def _streams(meta: RuleMeta, operation: PackageOperation) -> Iterator[Finding]:
    words = [word for word in operation.arguments if word.literal and ":" not in word.text]
    if words:
        names = listed(word.text for word in words)
        message = f"{operation.manager} installs any stream of {names}; name it, as in {words[0].text}:STREAM"
        yield from at(meta, (word.span for word in words), message)
