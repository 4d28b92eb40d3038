"""System packages of the final stage: the author's list without what only building needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, Package, PackageOperation
from imgtool.facts.stages import mounts_of
from imgtool.families.packages import build_only, installer, recommends
from imgtool.rewrite.kinds import operations_of
from imgtool.rewrite.plan import DropCaches, DropPackages, Place, Placement, Step
from imgtool.transforms.runs import Segment

MANAGER = "apt"
_LISTS = "/var/lib/apt/lists"
_CLEAN = "apt-get clean"
_RM_LISTS = "rm -rf /var/lib/apt/lists/*"

# programs of packages that the final stage may not have any more
_PROGRAMS = {
    "compiler": frozenset("gcc g++ cc c++ clang clang++ gfortran cpp ld as".split()),
    "build tool": frozenset(
        "make cmake ninja meson autoconf automake pkg-config bison flex ccache swig".split()
    ),
}


def steps(run: Run, segment: Segment, *, compiler: str | None) -> Iterator[Step]:
    """What the final stage does with one install command: the same, or without some packages.

    ``compiler`` says why the program needs a C compiler at run time; compilers, headers and what an installer
    recommends then stay.
    """
    (operation,) = operations_of(segment.commands[0], run)
    gone = [p for p in operation.packages if _goes(p, compiler)]
    if not operation.complete or not gone:
        why = (
            "not proven build-only, so it is replayed"
            if operation.complete
            else "a variable hides what it installs"
        )
        yield Place(segment.span, Placement.BOTH, "system-packages", why)
        return
    kept = {p.name for p in operation.packages} - {p.name for p in gone}
    instead = [name for name in _instead(gone, operation, compiler) if name not in kept]
    for package in gone:
        yield from _drop(segment, package, tuple(dict.fromkeys(instead)) if package is gone[0] else ())


def _goes(package: Package, compiler: str | None) -> bool:
    if installer(MANAGER, package.name):
        return True
    found = build_only(MANAGER, package.name)
    # a -dev package may be the only one that names its library, so it stays
    return (
        found is not None and not found.library and not (compiler and found.kind in ("compiler", "headers"))
    )


def _instead(gone: Iterable[Package], operation: PackageOperation, compiler: str | None) -> Iterator[str]:
    for package in gone:
        tool = installer(MANAGER, package.name)
        if tool:
            yield from tool.instead
            brought = recommends(MANAGER, package.name)
            if compiler and brought and not operation.no_recommends:
                yield from brought.brings
        else:
            found = build_only(MANAGER, package.name)
            yield from found.keeps if found else ()


def _drop(segment: Segment, package: Package, instead: tuple[str, ...]) -> Iterator[DropPackages]:
    tool = installer(MANAGER, package.name)
    if tool:
        why = f"{tool.program} only installs; the final stage takes wheels from a mount"
        yield DropPackages(segment.span, (package.name,), instead, "only-installs", why)
        return
    found = build_only(MANAGER, package.name)
    kind = found.kind if found else "package"
    yield DropPackages(
        segment.span, (package.name,), instead, "build-only", f"a {kind}: only building needs it"
    )


def dropped_programs(plan_steps: Iterable[Step]) -> frozenset[str]:
    """Names of programs that the final stage loses by the drops of a plan."""
    names: set[str] = set()
    for step in plan_steps:
        if isinstance(step, DropPackages):
            for package in step.packages:
                tool, found = installer(MANAGER, package), build_only(MANAGER, package)
                names |= {tool.program} if tool else _PROGRAMS.get(found.kind if found else "", frozenset())
    return frozenset(names)


def caches(facts: Facts, run: Run) -> DropCaches | None:
    """The clean-up that an installing RUN lacks; None where it has one, or a mount takes the cache."""
    installs = any(o.ecosystem == "deb" and o.operation is Operation.INSTALL for o in run.operations)
    mounted = any(m.target.startswith(("/var/lib/apt", "/var/cache/apt")) for m in mounts_of(run.instruction))
    written = facts.document.source.text(run.instruction.span)
    if not installs or mounted or _LISTS in written:
        return None
    clean_up = _RM_LISTS if _CLEAN in written else f"{_CLEAN} && {_RM_LISTS}"
    why = "package lists and archives are fetched anew when they are needed"
    return DropCaches(run.instruction.span, clean_up, why)
