"""Python's installed distributions: the same ones, whole, and with what they require.

What installers wrote is read as :mod:`imgtool.images.packages.dist_info` has it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from packaging.markers import InvalidMarker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from imgtool.images.packages.dist_info import MAX_METADATA, SUFFIXES, Distribution, distribution, recorded
from imgtool.values import dataclass, field
from imgtool.verify.config import program
from imgtool.verify.model import CheckResult, Difference, Dropped, Image, Kind, Tree, Weight, result

NAME = "python"
#: The folder of a site's packages: its prefix, and Python's version where the path says it.
_SITE = re.compile(r"(.*)/lib(?:64)?/python(3\.[0-9]{1,3}|3)?/(?:site|dist)-packages")
#: What only building imports, whatever its version: https://wheel.readthedocs.io.
_BUILDS = frozenset({"wheel"})
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Environment:
    """What one interpreter imports from. ``python`` is its version, empty where no path says it.

    ``folders`` are those that path files add to the ``sites``.
    """

    prefix: str
    python: str
    sites: tuple[str, ...]
    folders: tuple[str, ...] = ()
    distributions: Mapping[str, Distribution] = field(default_factory=dict)


def check(before: Image, after: Image, dropped: Dropped) -> CheckResult:
    """Compare the environments of both images, each by its prefix."""
    was, now = environments(before.tree), environments(after.tree)
    found: list[Difference] = []
    for prefix, one in was.items():
        other = now.get(prefix, Environment(prefix, one.python, ()))
        found += _freeze(one, other, dropped)
        found += _records(before.tree, after.tree, one, other, dropped)
        found += _requirements(one, other, after)
    return result(
        NAME, tuple(found), f"{sum(len(one.distributions) for one in was.values()):,} distributions"
    )


def environments(tree: Tree) -> dict[str, Environment]:
    """Every environment of an image by its prefix."""
    sites: dict[str, dict[str, str]] = {}
    for path, node in tree.nodes.items():
        match = _SITE.fullmatch(path) if node.kind is Kind.FOLDER and path.endswith("-packages") else None
        if match:
            sites.setdefault(_prefix(tree, match[1], path), {})[path] = match[2] or ""
    metadata = _metadata_folders(tree, {site for found in sites.values() for site in found})
    return {prefix: _environment(tree, prefix, found, metadata) for prefix, found in sites.items()}


def _prefix(tree: Tree, prefix: str, site: str) -> str:
    """The prefix of the interpreter that imports from a site: /usr/local may be the system's, or have its own."""
    own = site.endswith("/site-packages") and tree.get(f"{prefix}/bin/python3")
    return "/usr" if prefix == "/usr/local" and not own else prefix


def interpreter(image: Image, prefix: str) -> str | None:
    """The program that imports from an environment."""
    places = (f"{prefix}/bin/{name}" for name in ("python3", "python"))
    return next((place for place in places if program(image, [place])), None)


def _metadata_folders(tree: Tree, sites: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in tree.nodes:
        if path.endswith(SUFFIXES) and posixpath.dirname(path) in sites:
            metadata = f"{path}/EGG-INFO" if path.endswith(".egg") else path
            found.setdefault(posixpath.dirname(path), []).append(metadata)
    return found


def _environment(
    tree: Tree, prefix: str, sites: Mapping[str, str], metadata: Mapping[str, list[str]]
) -> Environment:
    python = max(sites.values(), key=lambda text: (len(text) > 1, text))
    if len(python) < 2:
        python = posixpath.basename(tree.resolve(f"{prefix}/bin/python3") or "").removeprefix("python")
    # the first on sys.path is the one that is imported: what pip installs goes before the system's
    order = tuple(sorted(sites, key=lambda site: (not site.startswith("/usr/local/"), site)))
    distributions: dict[str, Distribution] = {}
    for site in order:
        for folder in metadata.get(site, ()):
            one = distribution(tree, folder)
            if one:
                distributions.setdefault(one.name, one)
    return Environment(prefix, python, order, tuple(_added(tree, order)), distributions)


def _added(tree: Tree, sites: tuple[str, ...]) -> Iterator[str]:
    """Folders that path files add to the search."""
    for path in tree.nodes:
        site = posixpath.dirname(path)
        if path.endswith(".pth") and site in sites:
            text = (tree.read(path, MAX_METADATA) or b"").decode("utf-8", "surrogateescape")
            yield from (
                found for line in added_folders(text) if (found := tree.resolve(posixpath.join(site, line)))
            )


def added_folders(text: str) -> Iterator[str]:
    """The lines of a path file that are folders, as :mod:`site` reads it; others are imports."""
    for line in map(str.strip, text.splitlines()):
        if line and "\0" not in line and not line.startswith(("#", "import ", "import\t")):
            yield line


# --- the same ones --------------------------------------------------------------------------------------


def _freeze(was: Environment, now: Environment, dropped: Dropped) -> Iterator[Difference]:
    for name, one in was.distributions.items():
        other = now.distributions.get(name)
        if other is None:
            message = f"{name} {one.version} is not installed"
            yield Difference(NAME, Weight.FAIL, one.folder, message, dropped(one.folder), one.folder)
        elif other.version != one.version:
            message = f"{name} is {other.version} instead of {one.version}"
            # an index had a newer one in the place of what the distribution brought along
            rule = dropped(one.folder) if name in _BUILDS else None
            yield Difference(NAME, Weight.FAIL, other.folder, message, rule)
    for name in now.distributions.keys() - was.distributions.keys():
        one = now.distributions[name]
        yield Difference(NAME, Weight.NOTE, one.folder, f"{name} {one.version} is new")


# --- whole ----------------------------------------------------------------------------------------------


def _records(
    before: Tree, after: Tree, was: Environment, now: Environment, dropped: Dropped
) -> Iterator[Difference]:
    """Files of a RECORD that were there; what is compiled when it is imported is nobody's to miss."""
    for name, one in now.distributions.items():
        if name not in was.distributions:
            continue
        gone: dict[str | None, list[str]] = {}
        for path in recorded(after, one):
            if not path.endswith(".pyc") and before.get(path) and not after.get(path):
                gone.setdefault(dropped(path), []).append(path)
        for rule, paths in gone.items():
            many = f"{len(paths):,} files of {name} {one.version} are missing"
            message = many if len(paths) > 1 else f"a file of {name} {one.version} is missing"
            yield Difference(NAME, Weight.FAIL, paths[0], message, rule, paths[0])


# --- and with what they require -------------------------------------------------------------------------


def _requirements(was: Environment, now: Environment, image: Image) -> Iterator[Difference]:
    marker = _marker_environment(now.python or was.python, image)
    for one in now.distributions.values():
        for text in one.requires:
            requirement = _wanted(text, marker)
            if requirement and _has(was, requirement) and not _has(now, requirement):
                message = f"{one.name} requires {requirement.name}{requirement.specifier}, which is not there"
                lost = was.distributions[canonicalize_name(requirement.name)].folder
                yield Difference(NAME, Weight.FAIL, one.folder, message, lost=lost)


def _wanted(text: str, marker: dict[str, str]) -> Requirement | None:
    """A requirement that holds in an environment; None where it does not, or is none."""
    try:
        requirement = Requirement(text)
        return requirement if requirement.marker is None or requirement.marker.evaluate(marker) else None
    except (InvalidRequirement, InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return None


def _has(environment: Environment, requirement: Requirement) -> bool:
    one = environment.distributions.get(canonicalize_name(requirement.name))
    try:
        return one is not None and requirement.specifier.contains(one.version, prereleases=True)
    except InvalidVersion:
        return False


def _marker_environment(python: str, image: Image) -> dict[str, str]:
    architecture = image.measures.image.platform.split("/")[1]
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": _MACHINES.get(architecture, architecture),
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
        "python_full_version": f"{python or 3}.0",
        "python_version": python or "3",
        "sys_platform": "linux",
        "extra": "",
    }
