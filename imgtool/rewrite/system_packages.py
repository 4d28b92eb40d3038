"""System packages of the final stage: the author's list without what only building needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation, Package, PackageOperation
from imgtool.facts.stages import mounts_of
from imgtool.families import BaseImage
from imgtool.families.contents import Contents
from imgtool.families.packages import build_only, installer, libraries_of, recommends
from imgtool.rewrite.commands import operations_of
from imgtool.rewrite.plan import DropCaches, DropPackages, Place, Placement, Step
from imgtool.transforms.runs import Segment
from imgtool.values import dataclass

_LISTS = "/var/lib/apt/lists"
_CLEAN = "apt-get clean"
_RM_LISTS = "rm -rf /var/lib/apt/lists/*"

# by whose names the data goes
_MANAGERS = {"deb": "apt", "apk": "apk", "rpm": "dnf"}
# programs of packages that the final stage may not have any more
_PROGRAMS = {
    "compiler": frozenset("gcc g++ cc c++ clang clang++ gfortran cpp ld as rustc cargo go".split()),
    "build tool": frozenset(
        "make cmake ninja meson autoconf automake pkg-config bison flex ccache swig scons gperf re2c".split()
    ),
    "build starter": frozenset({"ninja"}),
    "packaging tool": frozenset("dpkg-buildpackage debuild dpkg-source dpkg-shlibdeps rpmbuild".split()),
}
# what compiling at run time takes
_OF_COMPILERS = frozenset({"compiler", "headers", "build starter"})


@dataclass(frozen=True, slots=True)
class _List:
    """An install list and what decides about its packages. ``compiler`` says why compilers stay.

    ``text`` is that of the RUN, which may name files of packages (``ln -s /usr/bin/pip3 …``).
    """

    operation: PackageOperation
    text: bytes
    manager: str
    base: BaseImage | None
    compiler: str | None

    def goes(self, package: Package) -> bool:
        tool = installer(self.manager, package.name)
        if tool:
            return f"/bin/{tool.program}".encode() not in self.text
        found = build_only(self.manager, package.name)
        if found is None or (self.compiler and found.kind in _OF_COMPILERS):
            return False
        # a -dev package may be the only one that names its library
        return not found.library or (package.spec is None and self.libraries(package) is not None)

    def libraries(self, package: Package) -> tuple[str, ...] | None:
        base = self.base
        known = base is not None and self.manager == "apt"
        return libraries_of(package.name, base.os, base.os_version) if base and known else None

    def instead(self, gone: Iterable[Package]) -> Iterator[str]:
        """What came with the packages that go and that the program may need."""
        for package in gone:
            tool = installer(self.manager, package.name)
            if tool:
                yield from tool.instead
                brought = recommends(self.manager, package.name)
                if self.compiler and brought and not self.operation.no_recommends:
                    yield from brought.brings
            else:
                found = build_only(self.manager, package.name)
                yield from found.keeps if found else ()
                yield from self.libraries(package) or () if found and found.library else ()


def steps(
    run: Run, segment: Segment, *, compiler: str | None, base: BaseImage | None = None
) -> Iterator[Step]:
    """What the final stage does with one install command: the same, or without some packages.

    ``compiler`` says why the program needs a C compiler at run time; compilers, headers and what an installer
    recommends then stay. ``base`` tells by which names its system calls the libraries of -dev packages; where they
    are not known, those stay.
    """
    (operation,) = operations_of(segment.commands[0], run)
    asked = _List(operation, run.script.text.data, _MANAGERS[operation.ecosystem], base, compiler)
    gone = [p for p in operation.packages if asked.goes(p)]
    if not operation.complete or not gone:
        why = (
            "not proven build-only, so it is replayed"
            if operation.complete
            else "a variable hides what it installs"
        )
        yield Place(segment.span, Placement.BOTH, "system-packages", why)
        return
    kept = {p.name for p in operation.packages} - {p.name for p in gone}
    instead = dict.fromkeys(name for name in asked.instead(gone) if name not in kept)
    for package in gone:
        yield _drop(segment, package, asked.manager, tuple(instead) if package is gone[0] else ())


def _drop(segment: Segment, package: Package, manager: str, instead: tuple[str, ...]) -> DropPackages:
    tool = installer(manager, package.name)
    if tool:
        why = f"{tool.program} only installs; the final stage takes wheels from a mount"
        return DropPackages(segment.span, (package.name,), instead, "only-installs", why)
    found = build_only(manager, package.name)
    kind = found.kind if found else "package"
    why = f"{kind if kind == 'headers' else f'a {kind}'}: only building needs it"
    return DropPackages(segment.span, (package.name,), instead, "build-only", why)


def dropped_programs(plan_steps: Iterable[Step]) -> frozenset[str]:
    """Names of programs that the final stage loses by the drops of a plan."""
    names: set[str] = set()
    for step in plan_steps:
        for package in step.packages if isinstance(step, DropPackages) else ():
            for manager in _MANAGERS.values():
                tool, found = installer(manager, package), build_only(manager, package)
                names |= {tool.program} if tool else _PROGRAMS.get(found.kind if found else "", frozenset())
    return frozenset(names)


def saves(plan_steps: Iterable[Step], base: Contents) -> bool:
    """Whether packages go that are large, as measured, or compilers, and that ``base`` does not hold anyway."""
    gone = (
        p for s in plan_steps if isinstance(s, DropPackages) and s.rule == "build-only" for p in s.packages
    )
    found = ((p, build_only(manager, p)) for p in gone for manager in _MANAGERS.values())
    return any(row and (row.bytes or row.kind == "compiler") and not base.holds(p) for p, row in found)


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
