"""Packages that are installed in whatever version there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imgtool.rule import Finding, Package, PackageOperation, RuleMeta, Run

from ._found import at, listed

INSTALL = frozenset({"install"})
_HERE = frozenset({"file", "path", "url"})


def versioned(package: Package) -> bool:
    """Whether an operand says which version it wants, or is a file that can have but one."""
    return bool(package.spec) or package.source in _HERE


def unpinned(
    meta: RuleMeta,
    run: Run,
    managers: frozenset[str],
    form: str,
    *,
    verbs: frozenset[str] = INSTALL,
    pinned: Callable[[Package], bool] = versioned,
) -> Iterator[Finding]:
    """The findings of :func:`at_fault` for every command of these managers with one of these sub-commands."""
    for operation in run.operations:
        if operation.manager in managers and operation.verb in verbs:
            yield from at_fault(meta, operation, form, pinned)


def at_fault(
    meta: RuleMeta, operation: PackageOperation, form: str, pinned: Callable[[Package], bool]
) -> Iterator[Finding]:
    """One finding for a command that names packages without a version.

    ``form`` shows how one is written, ``{}`` in it is the package. Operands that a variable hides are not judged.
    """
    packages = [package for package in operation.packages if not pinned(package)]
    if packages:
        if packages[0].source == "vcs":
            form = "{}@REVISION"
        names = [package.raw.strip("\"'") for package in packages]
        call = f"{operation.manager} {operation.verb} takes any version of {listed(names)}"
        yield from at(
            meta,
            (p.span for p in packages),
            f"{call}; pin it, as in {form.format(names[0].removesuffix('@latest'))}",
        )
