"""The package managers: their verbs, and how each one's command line is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from imgtool.facts import options, specs
from imgtool.facts.argv import Option, Parsed, Table, basename, parse, table
from imgtool.facts.commands import Arg, Command
from imgtool.facts.packages import (
    Operation,
    Package,
    PackageOperation,
    PackageSource,
    hidden,
    hides,
    made,
)
from imgtool.facts.specs import Reader
from imgtool.facts.wrappers import SHELLS, shell_options
from imgtool.regex import regex
from imgtool.values import NamedTuple

INSTALL, REMOVE, REFRESH, UPGRADE = Operation.INSTALL, Operation.REMOVE, Operation.REFRESH, Operation.UPGRADE
CLEAN, DOWNLOAD, BUILD, ENVIRONMENT = (
    Operation.CLEAN,
    Operation.DOWNLOAD,
    Operation.BUILD,
    Operation.ENVIRONMENT,
)
CLONE, FETCH, RUNFILE, QUERY, OTHER = (
    Operation.CLONE,
    Operation.FETCH,
    Operation.RUNFILE,
    Operation.QUERY,
    Operation.OTHER,
)


class Verb(NamedTuple):
    """A sub-command. ``operands``: its operands are packages; ``project``: it works on a project's file.

    ``implied``: it does so where no package is named. ``options`` replaces the manager's table.
    """

    operation: Operation
    operands: bool = True
    project: bool = False
    implied: bool = False
    options: str | None = None
    group: bool = False


class Manager(NamedTuple):
    """A package manager. ``globals_`` are options before the verb, where they differ from ``options``.

    ``bare`` is what it does without a verb; ``adjust`` has the last word on an operation.
    """

    ecosystem: str
    options: str
    read: Reader
    verbs: dict[str, Verb]
    globals_: str | None = None
    abbreviate: bool = False
    go: bool = False
    bare: Verb | None = None
    adjust: Callable[[PackageOperation, Parsed], PackageOperation] | None = None


def _verbs(entries: dict[Operation, str], **special: Verb) -> dict[str, Verb]:
    """Verbs by operation; a verb of two words is written with ``-`` for the blank in ``special``."""
    found = {name: Verb(operation) for operation, names in entries.items() for name in names.split()}
    return found | special


@cache
def _table(text: str, *, permute: bool = True, abbreviate: bool = False, go: bool = False) -> Table:
    return table(text, permute=permute, abbreviate=abbreviate, go=go)


def reader(name: str, *, uv_run: bool) -> Callable[[Command], PackageOperation | None] | None:
    """What reads the command lines of a program, or of one that ``uv run`` starts; None where it is no package manager."""
    if uv_run:
        return _uv_run
    if name in _SPECIAL:
        return _SPECIAL[name]
    manager = "pip" if _PIP.fullmatch(name) else name
    if manager in MANAGERS:
        return lambda command: _manager(manager, MANAGERS[manager], command, command.argv)
    if _PYTHON.fullmatch(name):
        return _python
    if name.endswith(".run") or name in SHELLS:
        return _run_file
    return _setup_file if name == "setup.py" else None


_PIP = regex(r"pip[\d.]*")
_PYTHON = regex(r"(?:python|pypy)[\d.]*")


def _manager(name: str, manager: Manager, command: Command, argv: Sequence[Arg]) -> PackageOperation | None:
    """A command line of the common form: options, verb, options and operands."""
    head = _NONE
    index = 1
    if len(argv) < 2 or argv[1].text[:1] in ("-", "+", ""):
        head = parse(argv, _head(name), 1)
        index = head.next
        # cargo +nightly build
        index += index < len(argv) and argv[index].text.startswith("+")
        if index >= len(argv):
            if manager.bare is None or head.has("--version", "--help"):
                return None
            bare = head._replace(options=(), operands=())
            return _finish(name, manager, manager.bare, "", command, head, bare)
    word = argv[index].text
    verbs = manager.verbs
    if word in _PAIRED and index + 1 < len(argv) and (pair := f"{word} {argv[index + 1].text}") in verbs:
        word = pair
        index += 1
    verb = verbs.get(word)
    if verb is None:
        if hides(argv[index]):
            return None
        verb = _UNKNOWN
    parsed = parse(argv, _behind(name, word if word in verbs else ""), index + 1)
    return _finish(name, manager, verb, word, command, head, parsed)


_UNKNOWN = Verb(OTHER, operands=False)
_NONE = Parsed((), (), 1, ())


@cache
def _head(name: str) -> Table:
    """The options before a manager's verb."""
    manager = MANAGERS[name]
    text = manager.options if manager.globals_ is None else manager.globals_
    return table(text, permute=False, abbreviate=manager.abbreviate, go=manager.go)


@cache
def _behind(name: str, verb: str) -> Table:
    """The options behind a manager's verb, ``""`` where it is none of its own."""
    manager = MANAGERS[name]
    found = manager.verbs.get(verb)
    text = manager.options if found is None or found.options is None else found.options
    return _table(text, abbreviate=manager.abbreviate, go=manager.go)


def _finish(
    name: str, manager: Manager, verb: Verb, verb_text: str, command: Command, head: Parsed, parsed: Parsed
) -> PackageOperation:
    """The operation of a parsed command line."""
    operands = parsed.operands if verb.operands else ()
    shown = [operand for operand in operands if operand.literal or not hides(operand)]
    packages = specs.packages(manager.read, shown)
    both = parsed._replace(options=(*head.options, *parsed.options)) if head.options else parsed
    grouped: tuple[str, ...] = ()
    if verb.group or manager.ecosystem == "rpm":
        grouped = tuple(o.text.lstrip("@") for o in shown if verb.group or o.text[:1] == "@")
    operation = made(
        name,
        manager.ecosystem,
        verb.operation,
        verb_text,
        () if verb.group else packages,
        command,
        # the word behind an option that no table knows may be its value
        complete=len(shown) == len(operands)
        and "xargs" not in command.wrappers
        and not (packages and parsed.unknown),
        project=verb.project or (verb.implied and not packages and not both.has("requirement", "editable")),
        groups=grouped,
        arguments=parsed.operands,
        options=both.options,
    )
    return manager.adjust(operation, both) if manager.adjust else operation


# --- what managers do on top -------------------------------------------------------------------------

_ON = frozenset(["1", "true", "yes", "on", "with", "enable"])
_OFF = frozenset(["0", "false", "no", "off", "without", "disable"])


_APT_OPTIONS = ("--option", "quiet", "--force-yes", "--trivial-only", "--install-recommends")


def _apt(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    """Configuration given with ``-o``; two ``-q`` answer yes. Source: apt-get(8)."""
    if operation.verb != "build-dep" and not parsed.has(*_APT_OPTIONS):
        return operation
    settings: dict[str, str] = {}
    for value in parsed.values("--option"):
        key, _, setting = value.text.partition("=")
        settings[key.strip().lower()] = setting.strip().strip("\"'").lower()
    quiet, bundled = 0, False
    for option in parsed.options:
        if option.name == "quiet":
            level = option.value.text.lstrip("=") if option.value else ""
            quiet = int(level) if level.isdigit() and len(level) < 3 else quiet + 1
            # -qy: letters in one word, where no = makes them a level
            bundled = bundled or "y" in level
    yes = (
        quiet >= 2
        or bundled
        or settings.get("apt::get::assume-yes") in _ON
        or parsed.has("--force-yes", "--trivial-only")
    )
    recommends = settings.get("apt::install-recommends", "")
    return operation._replace(
        assume_yes=operation.assume_yes or yes,
        no_recommends=(operation.no_recommends or recommends in _OFF)
        and not parsed.has("--install-recommends"),
        download_only=operation.download_only or settings.get("apt::get::download-only") in _ON,
        complete=operation.complete and operation.verb != "build-dep",
        packages=() if operation.verb == "build-dep" else operation.packages,
    )


def _dnf(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    """Settings given with ``--setopt``. Source: dnf.conf(5)."""
    hiding = operation.verb in ("builddep", "build-dep")
    if not hiding and not parsed.has("--setopt"):
        return operation
    weak = False
    for value in parsed.values("--setopt"):
        key, _, setting = value.text.partition("=")
        if key.strip() == "install_weak_deps":
            weak = setting.strip().lower() in _OFF
        if key.strip() == "assumeyes" and setting.strip().lower() in _ON:
            operation = operation._replace(assume_yes=True)
    return operation._replace(
        no_recommends=operation.no_recommends or weak,
        complete=operation.complete and not hiding,
        packages=() if hiding else operation.packages,
    )


def _zypper(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    if any(value.text in ("pattern", "patch", "product") for value in parsed.values("type")):
        return operation._replace(packages=(), groups=tuple(package.name for package in operation.packages))
    return operation


def _pip(operation: PackageOperation, _: Parsed) -> PackageOperation:
    """``PIP_…`` variables before the command. pip turns its cache off for any value of PIP_NO_CACHE_DIR.

    Source: ``_handle_no_cache_dir`` in pip's ``cli/cmdoptions.py``.
    """
    if not operation.command.assignments:
        return operation
    given = {a.name: a.value for a in operation.command.assignments}
    return operation._replace(
        no_cache=operation.no_cache or given.get("PIP_NO_CACHE_DIR") is not None,
        index_url=operation.index_url or given.get("PIP_INDEX_URL"),
    )


def _uv(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    if operation.command.assignments:
        given = {a.name: a.value for a in operation.command.assignments}
        operation = operation._replace(
            no_cache=operation.no_cache or given.get("UV_NO_CACHE") is not None,
            system=operation.system or given.get("UV_SYSTEM_PYTHON") is not None,
        )
    if operation.verb in ("pip sync", "pip compile"):
        # its operands are requirement files
        files = (*operation.requirement_files, *operation.arguments)
        return operation._replace(requirement_files=files, packages=())
    if operation.verb in ("tool run", "tool install"):
        return _uv_tool(operation, parsed)
    return operation


def _uv_tool(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    """``uv tool run TOOL ARGUMENT…`` installs the tool, or what ``--from`` says, and ``--with``."""
    named = parsed.values("from") or operation.arguments[:1]
    packages = _requirements((*named, *parsed.values("with")))
    return operation._replace(packages=packages)


def _requirements(words: Iterable[Arg]) -> tuple[Package, ...]:
    return specs.packages(specs.python, [word for word in words if not hides(word)])


def _uv_run(command: Command) -> PackageOperation:
    """``uv run`` brings the project's environment up to date, and adds what ``--with`` names."""
    words = command.prefix
    at = next(n for n, word in enumerate(words) if basename(word) == "uv")
    parsed = parse(words, _table(options.UV_RUN, permute=False), at + 2)
    scriptless = not parsed.has("--no-project", "--no-sync")
    operation = made(
        "uv",
        "python",
        INSTALL,
        "run",
        _requirements(parsed.values("with")),
        command,
        project=scriptless,
        options=parsed.options,
    )
    return _uv(operation, parsed)


def _conda(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    if operation.verb == "clean":
        return operation
    channels = parsed.values("channel")
    if (
        operation.verb.startswith("env ")
        and operation.operation is INSTALL
        and not operation.requirement_files
    ):
        # conda env create reads environment.yml where no file is named
        operation = operation._replace(project=True)
    return operation._replace(
        extra_index_urls=channels, upgrade=operation.upgrade or operation.operation is UPGRADE
    )


def _gem(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    version = parsed.value("version")
    if version is None:
        return operation
    packages = tuple(p._replace(spec=p.spec or version.text) for p in operation.packages)
    return operation._replace(packages=packages)


def _cargo(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    if operation.verb != "install":
        return operation
    version = parsed.value("version")
    source = PackageSource.INDEX
    source = PackageSource.VCS if parsed.has("git") else source
    source = PackageSource.PATH if parsed.has("path") else source
    packages = tuple(
        p._replace(spec=p.spec or (version.text if version else None), source=source)
        for p in operation.packages
    )
    return operation._replace(packages=packages, urls=parsed.values("git"))


def _node_global(operation: PackageOperation, parsed: Parsed) -> PackageOperation:
    """A global installation has no project."""
    everywhere = operation.verb.startswith("global") or parsed.has("global")
    return operation._replace(system=everywhere, project=operation.project and not everywhere)


# --- the table ---------------------------------------------------------------------------------------

_APT_VERBS = _verbs(
    {
        INSTALL: "install reinstall satisfy build-dep",
        REMOVE: "remove purge autoremove autopurge auto-remove",
        REFRESH: "update",
        UPGRADE: "upgrade dist-upgrade full-upgrade safe-upgrade",
        CLEAN: "clean autoclean auto-clean distclean dist-clean",
        DOWNLOAD: "download source",
    }
) | {
    name: Verb(QUERY, operands=False)
    for name in "list show search policy depends check showsrc changelog why".split()
}
_DNF_VERBS = _verbs(
    {
        INSTALL: "install in reinstall rei localinstall builddep build-dep swap",
        REMOVE: "remove rm erase autoremove",
        REFRESH: "makecache mc check-update",
        UPGRADE: "update up upgrade upgrade-minimal up-min update-minimal distro-sync dsync downgrade",
        CLEAN: "clean",
        DOWNLOAD: "download",
    },
    groupinstall=Verb(INSTALL, group=True),
    groupupdate=Verb(UPGRADE, group=True),
    groupremove=Verb(REMOVE, group=True),
) | {
    "clean": Verb(CLEAN, operands=False),
    "group install": Verb(INSTALL, group=True),
    "group update": Verb(UPGRADE, group=True),
    "group remove": Verb(REMOVE, group=True),
    "module install": Verb(INSTALL, group=True),
    "module enable": Verb(OTHER, group=True),
    "repoquery": Verb(QUERY, operands=False),
    "list": Verb(QUERY, operands=False),
    "info": Verb(QUERY, operands=False),
    "search": Verb(QUERY, operands=False),
    "provides": Verb(QUERY, operands=False),
}
_CONDA_VERBS = _verbs(
    {
        INSTALL: "install create",
        REMOVE: "remove uninstall",
        UPGRADE: "update upgrade",
        QUERY: "list search",
    }
) | {
    "clean": Verb(CLEAN, operands=False, options=options.CONDA_CLEAN),
    "env create": Verb(INSTALL),
    "env update": Verb(INSTALL, operands=False),
    "env remove": Verb(REMOVE, operands=False),
    "self-update": Verb(UPGRADE, operands=False),
}
_PIP_VERBS = (
    _verbs({INSTALL: "install", REMOVE: "uninstall", DOWNLOAD: "download wheel"})
    | {
        "cache purge": Verb(CLEAN, operands=False),
        "cache remove": Verb(CLEAN, operands=False),
    }
    | {
        name: Verb(QUERY, operands=False)
        for name in "list show freeze check index search inspect hash debug help".split()
    }
)
_UV_VERBS = {
    "pip install": Verb(INSTALL, options=options.UV_PIP),
    "pip sync": Verb(INSTALL, options=options.UV_PIP),
    "pip uninstall": Verb(REMOVE, options=options.UV_PIP),
    "pip compile": Verb(OTHER, options=options.UV_PIP),
    "pip list": Verb(QUERY, operands=False, options=options.UV_PIP),
    "pip freeze": Verb(QUERY, operands=False, options=options.UV_PIP),
    "pip show": Verb(QUERY, operands=False, options=options.UV_PIP),
    "pip check": Verb(QUERY, operands=False, options=options.UV_PIP),
    "sync": Verb(INSTALL, operands=False, project=True, options=options.UV_PROJECT),
    "add": Verb(INSTALL, project=True, options=options.UV_PROJECT),
    "remove": Verb(REMOVE, project=True, options=options.UV_PROJECT),
    "lock": Verb(OTHER, operands=False, project=True, options=options.UV_PROJECT),
    "export": Verb(OTHER, operands=False, project=True, options=options.UV_PROJECT),
    "run": Verb(INSTALL, operands=False, project=True, options=options.UV_RUN),
    "build": Verb(BUILD, operands=False, project=True, options=options.UV_BUILD),
    "tool install": Verb(INSTALL, options=options.UV_TOOL),
    "tool run": Verb(INSTALL, options=options.UV_TOOL),
    "tool upgrade": Verb(UPGRADE, options=options.UV_TOOL),
    "tool uninstall": Verb(REMOVE, options=options.UV_TOOL),
    "python install": Verb(ENVIRONMENT, operands=False, options=options.UV_PYTHON),
    "venv": Verb(ENVIRONMENT, operands=False, options=options.UV_VENV),
    "cache clean": Verb(CLEAN, operands=False),
    "cache prune": Verb(CLEAN, operands=False),
    "clean": Verb(CLEAN, operands=False),
}
_POETRY_VERBS = {
    "install": Verb(INSTALL, operands=False, project=True),
    "sync": Verb(INSTALL, operands=False, project=True),
    "add": Verb(INSTALL, project=True),
    "update": Verb(UPGRADE, project=True),
    "remove": Verb(REMOVE, project=True),
    "self add": Verb(INSTALL),
    "self update": Verb(UPGRADE, operands=False),
    "cache clear": Verb(CLEAN, operands=False),
    "build": Verb(BUILD, operands=False, project=True),
    "show": Verb(QUERY, operands=False),
}
_PIPENV_VERBS = {
    "install": Verb(INSTALL, implied=True),
    "sync": Verb(INSTALL, operands=False, project=True),
    "update": Verb(UPGRADE, project=True),
    "uninstall": Verb(REMOVE, project=True),
    "clean": Verb(REMOVE, operands=False, project=True),
    "requirements": Verb(QUERY, operands=False),
}
_PDM_VERBS = {
    "install": Verb(INSTALL, operands=False, project=True),
    "sync": Verb(INSTALL, operands=False, project=True),
    "add": Verb(INSTALL, project=True),
    "update": Verb(UPGRADE, project=True),
    "remove": Verb(REMOVE, project=True),
    "build": Verb(BUILD, operands=False, project=True),
    "cache clear": Verb(CLEAN, operands=False),
}
_NODE_BASE = _verbs(
    {
        REMOVE: "uninstall remove rm un r unlink",
        UPGRADE: "update up upgrade udpate",
        QUERY: "ls list view info",
    }
)
_NPM_VERBS = (
    _NODE_BASE
    | dict.fromkeys("install i in ins inst add isntall".split(), Verb(INSTALL, implied=True))
    | dict.fromkeys(
        "ci clean-install ic install-clean cit".split(), Verb(INSTALL, operands=False, project=True)
    )
    | {"cache clean": Verb(CLEAN, operands=False), "prune": Verb(REMOVE, operands=False, project=True)}
)
_YARN_VERBS = _NODE_BASE | {
    "install": Verb(INSTALL, operands=False, project=True),
    "add": Verb(INSTALL, project=True),
    "global add": Verb(INSTALL),
    "global remove": Verb(REMOVE),
    "workspaces focus": Verb(INSTALL, operands=False, project=True),
    "cache clean": Verb(CLEAN, operands=False),
    "dlx": Verb(OTHER, operands=False),
}
_PNPM_VERBS = (
    _NODE_BASE
    | dict.fromkeys(("install", "i"), Verb(INSTALL, implied=True))
    | {
        "add": Verb(INSTALL, implied=True),
        "ci": Verb(INSTALL, operands=False, project=True),
        "fetch": Verb(DOWNLOAD, operands=False, project=True),
        "deploy": Verb(INSTALL, operands=False, project=True),
        "store prune": Verb(CLEAN, operands=False),
        "prune": Verb(REMOVE, operands=False, project=True),
    }
)
_GEM_VERBS = _verbs({INSTALL: "install i", REMOVE: "uninstall", UPGRADE: "update", DOWNLOAD: "fetch"}) | {
    "cleanup": Verb(CLEAN),
    "list": Verb(QUERY, operands=False),
}
_GO_VERBS = {
    "install": Verb(INSTALL, implied=True),
    "get": Verb(INSTALL, implied=True),
    "build": Verb(BUILD, project=True),
    "run": Verb(BUILD, project=True, operands=False),
    "mod download": Verb(DOWNLOAD, project=True),
    "mod tidy": Verb(DOWNLOAD, operands=False, project=True),
    "mod vendor": Verb(DOWNLOAD, operands=False, project=True),
    "clean": Verb(CLEAN, operands=False),
    "list": Verb(QUERY, operands=False),
    "version": Verb(QUERY, operands=False),
    "env": Verb(QUERY, operands=False),
}
_CARGO_VERBS = {
    "install": Verb(INSTALL, implied=True),
    "binstall": Verb(INSTALL),
    "uninstall": Verb(REMOVE),
    "build": Verb(BUILD, operands=False, project=True),
    "b": Verb(BUILD, operands=False, project=True),
    "run": Verb(BUILD, operands=False, project=True),
    "test": Verb(BUILD, operands=False, project=True),
    "check": Verb(BUILD, operands=False, project=True),
    "chef cook": Verb(BUILD, operands=False, project=True),
    "fetch": Verb(DOWNLOAD, operands=False, project=True),
    "vendor": Verb(DOWNLOAD, operands=False, project=True),
    "update": Verb(OTHER, operands=False, project=True),
    "clean": Verb(CLEAN, operands=False),
}
_APK_VERBS = _verbs({INSTALL: "add fix", REMOVE: "del", UPGRADE: "upgrade", DOWNLOAD: "fetch"}) | {
    "update": Verb(REFRESH, operands=False),
    "cache clean": Verb(CLEAN, operands=False),
    "cache purge": Verb(CLEAN, operands=False),
    "info": Verb(QUERY, operands=False),
    "search": Verb(QUERY, operands=False),
    "list": Verb(QUERY, operands=False),
}
_ZYPPER_VERBS = _verbs(
    {
        INSTALL: "install in install-new-recommends inr source-install si",
        REMOVE: "remove rm",
        UPGRADE: "update up dist-upgrade dup patch",
        QUERY: "search se info if list-updates lu repos lr",
    }
) | {
    "refresh": Verb(REFRESH, operands=False),
    "ref": Verb(REFRESH, operands=False),
    "clean": Verb(CLEAN, operands=False),
    "cc": Verb(CLEAN, operands=False),
}
_ZYPPER_VERBS = {name: verb._replace(options=options.ZYPPER_VERB) for name, verb in _ZYPPER_VERBS.items()}
_PIPX_VERBS = {
    "install": Verb(INSTALL),
    "inject": Verb(INSTALL),
    "uninstall": Verb(REMOVE),
    "upgrade": Verb(UPGRADE),
}
_PIPX = "index --index-url -i =, editable --editable -e, --python =, --pip-args =, --suffix =, --spec =, --preinstall =, --force -f, --include-deps, --global, --verbose -v, --quiet -q, --system-site-packages, --fetch-missing-python, --include-apps"

_APT_MANAGER = Manager("deb", options.APT, specs.deb, _APT_VERBS, adjust=_apt)
_DNF_MANAGER = Manager("rpm", options.DNF, specs.rpm, _DNF_VERBS, abbreviate=True, adjust=_dnf)
_CONDA_MANAGER = Manager("conda", options.CONDA, specs.conda, _CONDA_VERBS, abbreviate=True, adjust=_conda)

MANAGERS: dict[str, Manager] = {
    "apt-get": _APT_MANAGER,
    "apt": _APT_MANAGER,
    "aptitude": Manager("deb", options.APTITUDE, specs.deb, _APT_VERBS, adjust=_apt),
    "apk": Manager("apk", options.APK, specs.apk, _APK_VERBS, abbreviate=True),
    "dnf": _DNF_MANAGER,
    "dnf5": _DNF_MANAGER,
    "dnf-3": _DNF_MANAGER,
    "yum": _DNF_MANAGER,
    "tdnf": _DNF_MANAGER,
    "microdnf": _DNF_MANAGER,
    "zypper": Manager(
        "rpm",
        options.ZYPPER_VERB,
        specs.zypper,
        _ZYPPER_VERBS,
        options.ZYPPER,
        abbreviate=True,
        adjust=_zypper,
    ),
    "pip": Manager("python", options.PIP, specs.python, _PIP_VERBS, abbreviate=True, adjust=_pip),
    "pipx": Manager("python", _PIPX, specs.python, _PIPX_VERBS),
    "uv": Manager("python", options.UV, specs.python, _UV_VERBS, adjust=_uv),
    "conda": _CONDA_MANAGER,
    "mamba": _CONDA_MANAGER,
    "micromamba": _CONDA_MANAGER,
    "poetry": Manager("python", options.POETRY, specs.python, _POETRY_VERBS),
    "pipenv": Manager("python", options.PIPENV, specs.python, _PIPENV_VERBS),
    "pdm": Manager("python", options.PDM, specs.python, _PDM_VERBS, abbreviate=True),
    "npm": Manager("node", options.NPM, specs.node, _NPM_VERBS, abbreviate=True, adjust=_node_global),
    "yarn": Manager(
        "node",
        options.YARN,
        specs.node,
        _YARN_VERBS,
        bare=Verb(INSTALL, operands=False, project=True),
        adjust=_node_global,
    ),
    "pnpm": Manager("node", options.PNPM, specs.node, _PNPM_VERBS, adjust=_node_global),
    "gem": Manager("ruby", options.GEM, specs.gem, _GEM_VERBS, abbreviate=True, adjust=_gem),
    "go": Manager("go", options.GO, specs.go, _GO_VERBS, go=True),
    "cargo": Manager("rust", options.CARGO, specs.cargo, _CARGO_VERBS, adjust=_cargo),
}
# the first words of verbs of two
_PAIRED = frozenset(
    [verb.partition(" ")[0] for manager in MANAGERS.values() for verb in manager.verbs if " " in verb]
)


# --- programs of another form ------------------------------------------------------------------------


def _python(command: Command) -> PackageOperation | None:
    """``python -m pip``, ``-m venv``, ``-m build``, ``setup.py install``."""
    argv = command.argv
    index = 1
    while index < len(argv) and argv[index].text.startswith("-") and argv[index].literal:
        text = argv[index].text
        if text in ("-W", "-X", "--check-hash-based-pycs"):
            index += 2
        elif not text.startswith("--") and "m" in text[1:] and "c" not in text.partition("m")[0]:
            return _module(command, index, text.partition("m")[2])
        elif text.startswith("-c"):
            return None
        else:
            index += 1
    if index < len(argv) and basename(argv[index]) == "setup.py":
        return _setup(command, argv[index + 1 :])
    return None


def _module(command: Command, index: int, attached: str) -> PackageOperation | None:
    argv = command.argv
    if not attached:
        index += 1
    if index >= len(argv):
        return None
    module = attached or argv[index].text
    rest = argv[index:]
    if module in ("pip", "uv", "poetry", "pipenv", "pdm", "pipx"):
        return _manager(module, MANAGERS[module], command, rest)
    operation = {"venv": ENVIRONMENT, "virtualenv": ENVIRONMENT, "build": BUILD, "ensurepip": INSTALL}.get(
        module
    )
    if operation is None:
        return None
    operands = tuple(word for word in rest[1:] if not word.text.startswith("-"))
    return PackageOperation(
        "python",
        "python",
        operation,
        module,
        (),
        command,
        complete=not hidden(command, operands),
        arguments=operands,
    )


_SETUP_VERBS = {
    "install": INSTALL,
    "develop": INSTALL,
    "easy_install": INSTALL,
    "install_lib": INSTALL,
    "build": BUILD,
    "build_ext": BUILD,
    "build_py": BUILD,
    "bdist_wheel": BUILD,
    "bdist": BUILD,
    "bdist_egg": BUILD,
    "sdist": BUILD,
}


def _setup(command: Command, rest: Sequence[Arg]) -> PackageOperation | None:
    """``setup.py VERB…``; with several verbs the one that installs counts."""
    parsed = parse(rest, _table(options.SETUP, abbreviate=True))
    verbs = [word.text for word in parsed.operands if word.text in _SETUP_VERBS]
    if not verbs:
        return None
    verb = next((verb for verb in verbs if _SETUP_VERBS[verb] is INSTALL), verbs[0])
    return made(
        "python",
        "python",
        _SETUP_VERBS[verb],
        verb,
        (),
        command,
        project=True,
        complete=not hidden(command, rest),
        arguments=parsed.operands,
        options=parsed.options,
    )


def _setup_file(command: Command) -> PackageOperation | None:
    return _setup(command, command.argv[1:])


def _dpkg(command: Command) -> PackageOperation | None:
    """``dpkg -i FILE…``, ``-r``, ``-P``; everything else leaves packages alone."""
    parsed = parse(command.argv, _table(options.DPKG), 1)
    actions = {"--install": INSTALL, "--unpack": INSTALL, "--remove": REMOVE, "--purge": REMOVE}
    found = next((o for o in parsed.options if o.name in actions), None)
    if found is None:
        return PackageOperation("dpkg", "deb", QUERY, "", (), command, options=parsed.options)
    shown = [operand for operand in parsed.operands if not hides(operand)]
    packages = tuple(
        _deb_file(operand) if found.name in ("--install", "--unpack") else specs.deb(operand)
        for operand in shown
    )
    return made(
        "dpkg",
        "deb",
        actions[found.name],
        found.name,
        tuple(package for package in packages if package),
        command,
        complete=not hidden(command, parsed.operands),
        assume_yes=True,
        arguments=parsed.operands,
        options=parsed.options,
    )


def _deb_file(arg: Arg) -> Package:
    file = arg.text.rpartition("/")[2]
    name = file.partition("_")[0].removesuffix(".deb")
    return Package("" if "*" in name else name, None, arg.raw, arg.start, arg.end, source=PackageSource.FILE)


def _rpm(command: Command) -> PackageOperation | None:
    """``rpm -i``, ``-U``, ``-F`` and ``-e``; the letters of one word belong together."""
    letters = "".join(a.text[1:] for a in command.args if re.fullmatch(r"-[A-Za-z]+", a.text))
    longs = {a.text.partition("=")[0] for a in command.args if a.text.startswith("--")}
    operands = tuple(a for a in command.args if not a.text.startswith("-"))
    if letters[:1] in ("i", "U", "F") or longs & {"--install", "--upgrade", "--freshen", "--reinstall"}:
        operation = INSTALL
    elif letters[:1] == "e" or "--erase" in longs:
        operation = REMOVE
    elif "--import" in longs:
        operation = OTHER
    else:
        operation = QUERY
    packages = tuple(
        p for o in operands if operation in (INSTALL, REMOVE) and not hides(o) and (p := specs.rpm(o))
    )
    return PackageOperation(
        "rpm",
        "rpm",
        operation,
        "",
        packages,
        command,
        complete=not hidden(command, operands),
        assume_yes=True,
        arguments=operands,
    )


def _git(command: Command) -> PackageOperation | None:
    head = parse(command.argv, _table(options.GIT, permute=False, abbreviate=True), 1)
    if head.next >= len(command.argv):
        return None
    verb = command.argv[head.next].text
    if verb == "clone":
        parsed = parse(command.argv, _table(options.GIT_CLONE, abbreviate=True), head.next + 1)
        urls, output = parsed.operands[:1], parsed.operands[1:2]
        return _git_operation(command, CLONE, verb, parsed, urls, output[0] if output else None)
    rest = parse(command.argv, _table(options.GIT_FETCH, abbreviate=True), head.next + 1)
    sub = rest.operands[0].text if rest.operands else ""
    if verb == "submodule" and sub in ("update", "add"):
        return _git_operation(command, CLONE, f"{verb} {sub}", rest, (), None)
    if verb in ("fetch", "pull", "remote-update"):
        return _git_operation(command, FETCH, verb, rest, (), None)
    if verb == "lfs" and sub in ("pull", "fetch", "clone"):
        return _git_operation(command, FETCH, f"{verb} {sub}", rest, (), None)
    return None


def _git_operation(
    command: Command,
    operation: Operation,
    verb: str,
    parsed: Parsed,
    urls: tuple[Arg, ...],
    output: Arg | None,
) -> PackageOperation:
    unseen = hidden(command, (*urls, *(o.arg for o in parsed.options))) and not (urls and urls[0].expands)
    return made(
        "git",
        "git",
        operation,
        verb,
        (),
        command,
        complete=not unseen,
        urls=urls,
        output=output,
        arguments=parsed.operands,
        options=parsed.options,
    )


def _curl(command: Command) -> PackageOperation | None:
    parsed = parse(command.argv, _table(options.CURL, abbreviate=True), 1)
    return _download(command, "curl", parsed, (*parsed.values("url"), *parsed.operands))


def _wget(command: Command) -> PackageOperation | None:
    parsed = parse(command.argv, _table(options.WGET, abbreviate=True), 1)
    return _download(command, "wget", parsed, parsed.operands)


def _download(command: Command, name: str, parsed: Parsed, urls: tuple[Arg, ...]) -> PackageOperation | None:
    if not urls and not parsed.has("requirement", "--config"):
        return None
    # a URL in a variable is still one URL: it hides nothing else
    complete = "xargs" not in command.wrappers
    return made(
        name,
        "http",
        FETCH,
        "",
        (),
        command,
        complete=complete,
        urls=urls,
        arguments=parsed.operands,
        options=parsed.options,
    )


_RUN_TARGETS = frozenset(
    [
        "--toolkitpath",
        "--installpath",
        "--install-path",
        "--samplespath",
        "--prefix",
        "--target",
        "--defaultroot",
    ]
)


def _run_file(command: Command) -> PackageOperation | None:
    """``./X.run …``, ``sh X.run …``: an installer that unpacks itself, as NVIDIA and Ascend ship theirs."""
    argv = command.argv
    at = 0
    if command.name in SHELLS:
        program = shell_options(argv, 1).program
        if program is None or not basename(argv[program]).endswith(".run"):
            return None
        at = program
    name = basename(argv[at])
    rest = argv[at + 1 :]
    given: list[Option] = []
    for word in rest:
        option, equals, _ = word.text.partition("=")
        if option.startswith("-"):
            given.append(
                Option(option, word._replace(text=word.text[len(option) + 1 :]) if equals else None, word)
            )
    file = argv[at]
    package = Package(name, None, file.raw, file.start, file.end, source=PackageSource.FILE)
    return PackageOperation(
        "runfile",
        "runfile",
        RUNFILE,
        "",
        (package,),
        command,
        complete=not hidden(command, rest),
        arguments=rest,
        targets=tuple(o.value for o in given if o.name in _RUN_TARGETS and o.value),
        options=tuple(given),
    )


def _virtualenv(command: Command) -> PackageOperation:
    operands = tuple(word for word in command.args if not word.text.startswith("-"))
    return PackageOperation("virtualenv", "python", ENVIRONMENT, "", (), command, arguments=operands)


def _uvx(command: Command) -> PackageOperation:
    parsed = parse(command.argv, _table(options.UV_TOOL, permute=False), 1)
    words = (*parsed.values("from"), *parsed.values("with"))
    if not parsed.has("from"):
        words = (*command.argv[parsed.next : parsed.next + 1], *words)
    return made(
        "uv",
        "python",
        INSTALL,
        "tool run",
        _requirements(words),
        command,
        complete=not hidden(command, words),
        options=parsed.options,
    )


_SPECIAL: dict[str, Callable[[Command], PackageOperation | None]] = {
    "dpkg": _dpkg,
    "rpm": _rpm,
    "git": _git,
    "curl": _curl,
    "wget": _wget,
    "virtualenv": _virtualenv,
    "uvx": _uvx,
}
