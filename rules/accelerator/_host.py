"""What belongs to the host: packages of drivers and container runtimes, and images whose job they are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from imgtool.rule import (
    DriverFact,
    Facts,
    Operation,
    Package,
    PackageOperation,
    Run,
    Stage,
    driver_container,
    driver_package,
    installs_driver,
    regex,
)

from ._commands import known

_INSTALL = Operation.INSTALL
_SYSTEMS = frozenset({"deb", "rpm"})
_VARIABLE = regex(r"\$\{[^{}]*\}|\$\([^()]*\)|\$\w+|`[^`]*`|\*")


def is_driver_container(stage: Stage, facts: Facts) -> bool:
    """Whether installing a driver or a container runtime on the host is what the image is for."""
    base = facts.base(stage)
    if base is not None and installs_driver(base):
        return True
    starts = [i.args[0] for i in stage.instructions if i.keyword == "ENTRYPOINT" and i.args]
    return bool(starts) and any(driver_container(program.split(" ")[0]) for program in starts)


def hosts_packages(
    run: Run, facts: Facts, kind: str
) -> Iterator[tuple[PackageOperation, Package, DriverFact]]:
    """What a RUN installs of one kind of packages that belong to the host."""
    for operation in run.operations:
        if operation.operation is _INSTALL and operation.ecosystem in _SYSTEMS:
            manager = operation.manager
            packages = (*operation.packages, *_groups(operation)) if operation.groups else operation.packages
            for package in packages:
                name = package.name
                fact = _fact(manager, known(name, run, facts) if "$" in name else name)
                if fact is not None and fact.kind == kind:
                    yield operation, package, fact


def _groups(operation: PackageOperation) -> Iterator[Package]:
    """Groups and modules of rpm, which hold packages under the same names."""
    for arg in operation.command.args:
        if arg.text.lstrip("@") in operation.groups:
            yield Package(arg.text.lstrip("@"), None, arg.raw, arg.start, arg.end)


# the same packages are in many files
@lru_cache(maxsize=4096)
def _fact(manager: str, name: str) -> DriverFact | None:
    """What is known of a package; a name with a variable or a pattern in it must mean the same with any value."""
    if not _VARIABLE.search(name):
        return driver_package(manager, name)
    readings = [_VARIABLE.sub(value, name) for value in ("0", "x")]
    facts = [driver_package(manager, reading) for reading in readings]
    return facts[0] if facts[0] is not None and len({fact and fact.id for fact in facts}) == 1 else None
