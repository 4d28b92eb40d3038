"""What a smaller image may lack: every path that is gone needs a rule with a name, or the check of files fails."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from imgtool.families.caches import package_caches
from imgtool.families.packages import build_only, installer, installers, toolkit
from imgtool.images.packages import dpkg
from imgtool.images.packages.dist_info import distribution, recorded
from imgtool.images.packages.dpkg import Ledger
from imgtool.regex import regex
from imgtool.values import dataclass, field
from imgtool.verify.config import mentioned
from imgtool.verify.model import Image, Kind, Node, Tree

DEVEL, ALONG, NAMED = "devel-delta", "brought-along", "named"
_CACHES, _SCRATCH = "package-caches", "scratch"
_BYTECODE, _BY_PRODUCT, _RECORD = "byte-code", "build-by-product", "install-record"
_EGG = "egg-as-wheel"
#: What the rules mean, for people.
MEANINGS = {
    DEVEL: "the development base image has it, the runtime base image does not",
    NAMED: "you named it",
    "build-only": "a package that only building needs",
    "only-installs": "a package that only installs others",
    ALONG: "a package that came with dropped ones, and that nothing else needs",
    _CACHES: "a cache, a list or a log of package managers",
    _SCRATCH: "a temporary folder",
    _BYTECODE: "byte-code, which Python makes anew",
    _BY_PRODUCT: "an intermediate file of a build",
    _EGG: "an egg that is now installed as a wheel, each of its modules included",
    _RECORD: "how and from where a Python package was installed",
}

_APT = "apt"
#: Data whose absence no library and no import shows: it never goes for having come along.
_NEEDED_DATA = frozenset("ca-certificates tzdata locales locales-all".split())
#: Such as few programs read: it goes, and is told.
DATA = frozenset("netbase media-types mime-support shared-mime-info dbus iso-codes".split())
_FONTS, _READS_FONTS = "fonts-", "libfontconfig1"
_SCRATCH_FOLDERS = ("/tmp/", "/var/tmp/", "/run/", "/var/run/")  # noqa: S108 - folders of images
#: Empty folders that programs leave behind there; another one may be somebody's to write to.
_LEFT_OVER = regex(r"(?:/var)?/tmp/(?:tmp\w{6,}|pip-.*|npm-.*|yarn--.*|node-.*|hsperfdata_.*)")
#: Slashes in a path right below a temporary folder, at most.
_DEPTH = 2
# of systemd it is the record of the units that packages brought
_OF_MANAGERS = tuple(
    f"/var/{name}/" for name in "lib/apt lib/dpkg lib/systemd cache/apt cache/debconf log/apt".split()
)
#: Others write there too.
_CACHE_FOLDERS = ("/var/cache/", "/var/log/")
_BYTECODE_FILE = regex(r".*/__pycache__/[^/]+\.pyc")
# what compilers and build systems write beside a product and what nothing loads; no library, no program
_BY_PRODUCTS = regex(
    r".*(?:\.(?:o|obj|lo|gch)|/CMakeCache\.txt|/cmake_install\.cmake|/CTestTestfile\.cmake"
    r"|/install_manifest\.txt|/\.ninja_(?:log|deps)|/build\.ninja|/config\.(?:log|status)"
    r"|/CMakeFiles/.*|/build/(?:temp|lib|bdist)\.[^/]+(?:/.*)?)"
)
_RECORDS = regex(r".*\.dist-info/(?:direct_url\.json|REQUESTED|INSTALLER)")
_OF_PROJECT = regex(r"(.*)/(?:[^/]+\.egg-info(?:/.*)?|dist/[^/]+\.(?:egg|whl|tar\.gz))")
# setuptools copies modules there on their way into a wheel
_COPIED = regex(r"(.*)/build(?:/lib(?:/(.+))?)?")
_EGG_FILE = regex(r"(.*)/([^/-]+)-([^/-]+)-py3\.[^/]*\.egg/(.+)")


@dataclass(frozen=True, slots=True)
class Named:
    """A drop that is named from outside: ``pattern`` is a glob of paths, or ``package:NAME``."""

    rule: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Bases:
    """The trees of the base images that two images stand on; empty ones where that is not known."""

    before: Tree
    after: Tree


@dataclass(frozen=True, slots=True)
class Gone:
    """What the second image lacks. ``rules`` explains paths, ``packages`` the Debian packages that are gone.

    ``paths`` are all that are gone, explained or not.
    """

    paths: Mapping[str, Node] = field(repr=False)
    rules: Mapping[str, str] = field(repr=False)
    packages: Mapping[str, str | None]
    ledgers: tuple[Ledger, Ledger] = field(repr=False)

    def why(self, path: str) -> str | None:
        """The rule by which a path is gone; None where none is, or the path is there."""
        return self.rules.get(path)


def gone(before: Image, after: Image, bases: Bases, named: Sequence[Named] = ()) -> Gone:
    """What the second image lacks, and by which rules."""
    paths = {
        path: node
        for path, node in before.tree.nodes.items()
        if path not in after.tree.nodes and after.tree.resolve(path) is None
    }
    ledgers = dpkg.ledger(before.tree), dpkg.ledger(after.tree, owners=False)
    packages = _packages(ledgers, bases, named)
    globs = [one for one in named if not one.pattern.startswith(_PACKAGE)]
    habits = _Habits(_places(before.tree), _guarded(before), before.tree)
    extensions = _extensions(after.tree)
    upgrades = _upgrades(before.tree, paths, packages)
    rules: dict[str, str] = {}
    for path, node in paths.items():
        rule = (
            _named(path, globs)
            or _delta(path, node, bases)
            or _package(path, ledgers[0], packages)
            or upgrades.get(path)
            or _habit(path, habits)
            or _egg(path, after.tree, extensions)
        )
        if rule and (
            node.kind is not Kind.FOLDER or rule in _WITH_FOLDERS or _is_nobodys(path, habits.caches)
        ):
            rules[path] = rule
    _links(before.tree, paths, rules)
    _made_by_scripts(before.tree, paths, rules, packages)
    _path_files(before.tree, paths, rules)
    _folders(paths, rules, ledgers[0], packages)
    return Gone(paths, rules, packages, ledgers)


_PACKAGE = "package:"
#: Rules that say themselves which folders they are about.
_WITH_FOLDERS = (NAMED, _BY_PRODUCT)


def _named(path: str, named: Sequence[Named]) -> str | None:
    return next((one.rule for one in named if fnmatchcase(path, one.pattern)), None)


def _delta(path: str, node: Node, bases: Bases) -> str | None:
    return DEVEL if bases.before.nodes.get(path) == node and path not in bases.after.nodes else None


def _package(path: str, ledger: Ledger, packages: Mapping[str, str | None]) -> str | None:
    about = dpkg.info_of(path)
    owners = (about,) if about else ledger.owners.get(path, ())
    rules = [packages.get(owner) for owner in owners]
    return rules[0] if rules and None not in rules else None


def _packages(ledgers: tuple[Ledger, Ledger], bases: Bases, named: Sequence[Named]) -> dict[str, str | None]:
    """The packages of the first image that the second one lacks, with the rule for each; None without one."""
    before, after = (one.packages for one in ledgers)
    base, runtime = (dpkg.ledger(tree, owners=False).packages for tree in (bases.before, bases.after))
    chosen = {
        one.pattern.removeprefix(_PACKAGE): one.rule for one in named if one.pattern.startswith(_PACKAGE)
    }
    absent = [name for name in before if name not in after]
    rules: dict[str, str | None] = {}
    for name in absent:
        delta = DEVEL if name in base and name not in runtime else None
        rules[name] = chosen.get(name) or delta or _tool(name)
    stays = {name for name in before if name in after or not (rules[name] or before[name].automatic)}
    needed = dpkg.closure(before, stays, modest=frozenset(base) & frozenset(runtime))
    for name in absent:
        if rules[name] is None and name not in needed and not _is_needed_data(name, after):
            rules[name] = ALONG
    return rules


def _tool(name: str) -> str | None:
    if installer(_APT, name):
        return "only-installs"
    return "build-only" if build_only(_APT, name) or toolkit(_APT, name) else None


def _upgrades(tree: Tree, paths: Mapping[str, Node], packages: Mapping[str, str | None]) -> dict[str, str]:
    """What pip put in the place of a packaged installer that goes: the same one, newer."""
    rules: dict[str, str] = {}
    for row in installers(_APT):
        rule = packages.get(row.package)
        for folder in paths if rule else ():
            site, _, name = folder.rpartition("/")
            if (
                site.endswith("-packages")
                and name.startswith(f"{row.program}-")
                and name.endswith(".dist-info")
            ):
                one = distribution(tree, folder)
                rules |= dict.fromkeys(recorded(tree, one) if one else (), rule or "")
    return rules


def _is_needed_data(name: str, there: Collection[str]) -> bool:
    # a compiler brings fonts along, for a library that nobody uses and that goes with it
    return name in _NEEDED_DATA or (name.startswith(_FONTS) and _READS_FONTS in there)


def _homes(tree: Tree) -> Iterator[str]:
    """Where users live, by the image's own list."""
    text = (tree.read("/etc/passwd", 1 << 20) or b"").decode("utf-8", "surrogateescape")
    yield "/root"
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[5].startswith("/") and fields[5] != "/":
            yield fields[5].rstrip("/")


@dataclass(frozen=True, slots=True)
class _Habits:
    caches: tuple[str, ...]
    guarded: frozenset[str]
    tree: Tree


def _habit(path: str, habits: _Habits) -> str | None:
    """Rules that go by where a path lies, or what it is called."""
    if path.startswith(_SCRATCH_FOLDERS) and not any(_in(path, folder) for folder in habits.guarded):
        return _SCRATCH
    if path.startswith(_CACHE_FOLDERS) or path.startswith(habits.caches):
        return _CACHES
    if _BYTECODE_FILE.fullmatch(path):
        return _BYTECODE
    if _BY_PRODUCTS.fullmatch(path) or _is_of_project(path, habits.tree) or _is_copied(path, habits.tree):
        return _BY_PRODUCT
    return _RECORD if _RECORDS.fullmatch(path) else None


def _guarded(image: Image) -> frozenset[str]:
    """Paths that the configuration names, and the folders of files that it names."""
    named = frozenset(mentioned(image))
    return (named | {posixpath.dirname(one) for one in named if one.count("/") > _DEPTH}) - {"/"}


def _in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _is_nobodys(path: str, caches: tuple[str, ...]) -> bool:
    """Whether nobody wants to write to a folder that is empty, or has nothing left."""
    return _LEFT_OVER.fullmatch(path) is not None or path.startswith(caches)


def _places(tree: Tree) -> tuple[str, ...]:
    """Folders, each with its slash, that package managers alone write to."""
    homes = tuple(_homes(tree))
    folders = [folder for cache in package_caches() for folder in cache.folders]
    below = [f"{home}/{folder}/" for home in homes for folder in folders if not folder.startswith("/")]
    return (*_OF_MANAGERS, *(f"{folder}/" for folder in folders if folder.startswith("/")), *below)


def _is_copied(path: str, tree: Tree) -> bool:
    """Whether it is in the build folder of a Python project, as a copy of one of its sources."""
    found = _COPIED.fullmatch(path)
    if found is None or not _is_project(found[1], tree):
        return False
    sources = (f"{found[1]}/{found[2]}", f"{found[1]}/src/{found[2]}")
    return found[2] is None or any(source in tree.nodes for source in sources)


def _is_of_project(path: str, tree: Tree) -> bool:
    """Whether a path is metadata, or a package, that building a Python project left in its sources."""
    found = _OF_PROJECT.fullmatch(path)
    return found is not None and _is_project(found[1], tree)


def _is_project(folder: str, tree: Tree) -> bool:
    return any(f"{folder}/{name}" in tree.nodes for name in ("setup.py", "pyproject.toml", "setup.cfg"))


def _extensions(tree: Tree) -> frozenset[str]:
    """Paths of compiled modules, without what stands behind the module's name."""
    return frozenset(path[: path.index(".", path.rindex("/"))] for path in tree.nodes if path.endswith(".so"))


def _egg(path: str, after: Tree, extensions: frozenset[str]) -> str | None:
    """A file of an egg that the second image has where a wheel puts it; metadata, and loaders of extensions."""
    found = _EGG_FILE.fullmatch(path)
    if found is None or f"{found[1]}/{found[2]}-{found[3]}.dist-info" not in after.nodes:
        return None
    site, inside = found[1], found[4]
    place = f"{site}/{inside}"
    there = place in after.nodes or place.removesuffix(".py") in extensions
    return _EGG if there or inside.startswith("EGG-INFO") else None


def _path_files(tree: Tree, paths: Mapping[str, Node], rules: dict[str, str]) -> None:
    """What only leads to eggs goes with them."""
    for path in paths:
        if posixpath.basename(path) == "easy-install.pth":
            text = (tree.read(path, 1 << 16) or b"").decode("utf-8", "surrogateescape")
            site = posixpath.dirname(path)
            eggs = [posixpath.join(site, line.removeprefix("./")) for line in text.splitlines()]
            if all(_in_rule(egg, rules) == _EGG for egg in eggs):
                rules[path] = _EGG


def _in_rule(folder: str, rules: Mapping[str, str]) -> str | None:
    """The rule of something in a folder."""
    return next((rule for path, rule in rules.items() if path.startswith(f"{folder}/")), None)


def _made_by_scripts(
    tree: Tree, paths: Mapping[str, Node], rules: dict[str, str], packages: Mapping[str, str | None]
) -> None:
    """A file or an empty folder that no package owns, and a dropped one makes: its script names it."""
    full = {posixpath.dirname(path) for path in paths}
    scripts = [(rule, dpkg.script(tree, name)) for name, rule in packages.items() if rule]
    for path in paths:
        if path not in rules and path not in full:
            rule = next((rule for rule, script in scripts if path in script and _names(script, path)), None)
            if rule:
                rules[path] = rule


def _names(script: str, path: str) -> bool:
    """Whether a script speaks of this very path."""
    return re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w/-]|\.\w)", script) is not None


def _links(tree: Tree, paths: Mapping[str, Node], rules: dict[str, str]) -> None:
    """A link goes with what it leads to, as /usr/bin/cc with the compiler; also through another link."""
    for path, node in paths.items():
        if node.kind is Kind.LINK and path not in rules:
            found = tree.resolve(path)
            if found in rules:
                rules[path] = rules[found]


def _folders(
    paths: Mapping[str, Node], rules: dict[str, str], ledger: Ledger, packages: Mapping[str, str | None]
) -> None:
    """A folder goes with all that is in it, an empty one with the package that owns it.

    Below /var it stays where it was made for a user: a program may want to write there.
    """
    inside: dict[str, str | None] = {}
    # what is inside comes first
    for path in sorted(paths, key=lambda path: path.count("/"), reverse=True):
        if paths[path].kind is Kind.FOLDER and path not in rules:
            rule = inside[path] if path in inside else _package(path, ledger, packages)
            if rule and not (path.startswith("/var/") and paths[path].uid and rule == _CACHES):
                rules[path] = rule
        folder, rule = posixpath.dirname(path), rules.get(path)
        inside[folder] = inside.get(folder, rule) and rule
