"""Environments in folders of their own that the final stage takes from the builder whole, at the same path."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from imgtool.facts.commands import Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import PackageOperation
from imgtool.rewrite import context_files
from imgtool.rewrite.commands import folder_of, home, joined, operations_of, value_of
from imgtool.rewrite.environments import SYSTEM, conda_root, made_by, prefix_of
from imgtool.rewrite.kinds import Kind
from imgtool.rewrite.placement import BUILDS, CAPTURED, PYTHON, Work, is_system
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.runs import Segment
from imgtool.values import dataclass

MISSING = "/.missing"

_SHARED = ("/", "/usr", "/usr/local", "/opt", "/home", "/root", "/var", "/srv", "/etc")
_SCRATCH = ("/tmp/", "/var/tmp/")  # noqa: S108 - inside of a build
# write what they are told to, whatever other files hold
_ALONE = frozenset("mkdir touch ln echo printf chmod chown rm".split())
_NO_PROJECT = frozenset({"--no-install-project", "--no-root", "--no-self", "--no-editable"})
# options of downloads that name no further file
_PLAIN = frozenset(
    "output output-dir remote-name depth branch submodules --quiet --silent --show-error --fail --location "
    "--no-check-certificate --insecure --no-verbose".split()
)
# keep a project's packages in a folder that its options name
_PROJECT_TOOLS = frozenset({"uv", "poetry", "pdm"})


@dataclass(frozen=True, slots=True)
class Prefixes:
    """``folders`` are copied from the builder; of the RUNs ``filling`` these, the final stage runs ``replayed`` alone."""

    folders: tuple[str, ...]
    filling: frozenset[Instruction]
    replayed: frozenset[Segment]


def prefixes(facts: Facts, works: Sequence[Work], *, scratch: bool) -> Prefixes:
    """Where all that is built goes, if that is folders which are made here. ``scratch``: temporary folders ship.

    Raises:
        RefusedError: something is built elsewhere, or it is not known where.
    """
    made, replayed, fetched = dict[str, None](), set[Segment](), set[str]()
    filling = set[Instruction]()
    for work in works:
        run = work.run
        places = [(Place(facts, run, segment), kind) for segment, kind in work.items]
        if any(kind in CAPTURED or is_inside(place, (*made, *fetched)) for place, kind in places):
            filling.add(run.instruction)
        apart = run.instruction not in filling
        for place, kind in places:
            if kind is Kind.FETCH:
                fetched.add(_fetched(place, works, scratch=scratch))
            elif kind is Kind.PREFIX:
                made |= dict.fromkeys(_made(place))
                _refuse_elsewhere(place, made)
            elif kind in BUILDS and not (apart and kind in PYTHON):
                raise place.refused("something is built outside of an environment")
            elif writes(place, kind, apart=apart) and not is_inside(place, (*made, *fetched)):
                refuse_dependent(place, made)
                replayed.add(place.segment)
    if not made:
        raise RefusedError("strategy", "no environment is made here", works[-1].run.instruction.span)
    return Prefixes(tuple(sorted(made)), frozenset(filling), frozenset(replayed))


@dataclass(frozen=True, slots=True)
class Place:
    """A command of a RUN's list."""

    facts: Facts
    run: Run
    segment: Segment

    @property
    def command(self) -> Command:
        return self.segment.commands[0]

    @property
    def operation(self) -> PackageOperation | None:
        """The only thing that it does to packages, where it is a single command."""
        found = operations_of(self.command, self.run) if len(self.segment.commands) == 1 else ()
        return found[0] if len(found) == 1 else None

    def refused(self, message: str) -> RefusedError:
        return RefusedError("strategy", message, self.segment.span)

    def paths(self) -> tuple[str | None, ...]:
        """The files that it names, redirections among them; None for one that is not known."""
        command = self.command
        words = [] if command.name in ("echo", "printf") else [*command.args]
        files = [r.target for r in command.redirects if r.operator in (">", ">>") and r.target]
        given = [word for word in (*words, *files) if not word.text.startswith("-")]
        if command.name in ("chmod", "chown"):
            given = given[1:]
        folder = folder_of(command, self.run, self.facts)
        return tuple(joined(folder, value_of(word, self.run, self.facts)) for word in given)


def writes(place: Place, kind: Kind, *, apart: bool) -> bool:
    """Whether a command makes files that the final stage would not have."""
    if kind is Kind.REPLAY:
        return not (apart or is_system(place.facts, place.run, place.segment, kind))
    return kind is Kind.FILES


# --- what fills an environment -----------------------------------------------------------------------


def _made(place: Place) -> Iterator[str]:
    """The folders that it makes, that of an interpreter that uv fetches among them."""
    operation, facts, run = place.operation, place.facts, place.run
    if operation is None:
        yield from (root for root in conda_root(place.command, run, facts) if root)
        return
    yield from (folder for folder in made_by(place.command, operation, run, facts) if folder)
    if operation.manager == "poetry" and operation.project:
        folder = prefix_of(place.command, operation, run, facts)
        yield from [folder] if folder and folder.endswith("/.venv") else []
    named = [o.value.text for o in operation.options if o.name == "--python" and o.value]
    if operation.manager == "uv" and any("/" not in name for name in named):
        given = facts.state(run.instruction).values.get("UV_PYTHON_INSTALL_DIR")
        folder = joined(given or home(run, facts), "" if given else ".local/share/uv/python")
        if folder is None:
            raise place.refused("it is not known where uv puts the interpreter")
        yield folder


def _refuse_elsewhere(place: Place, made: Iterable[str]) -> None:
    """Refuse what fills another folder than those that are made here."""
    operation, facts, run = place.operation, place.facts, place.run
    if operation is None and not any(conda_root(place.command, run, facts)):
        raise place.refused("it is not known which environment this fills")
    if operation is None:
        return
    if operation.targets or operation.user:
        raise place.refused("this is installed elsewhere")
    new = tuple(made_by(place.command, operation, run, facts))
    folder = new[0] if new else prefix_of(place.command, operation, run, facts)
    if folder is None or folder == SYSTEM or folder in _SHARED or posixpath.dirname(folder) == "/usr":
        raise place.refused("it is not known which environment this fills")
    if not any(below(folder, root) for root in made):
        raise place.refused(f"{folder} is not made here")
    if operation.environment and "/" in operation.environment.text:
        named = value_of(operation.environment, run, facts)
        if named is None or not any(below(named, root) for root in made):
            raise place.refused("the environment is not below what is made here")
    if operation.editable or (operation.project and not _leaves_project(place, operation)):
        raise place.refused("the project is installed in place")
    links = facts.state(run.instruction).values.get("UV_LINK_MODE") == "symlink"
    if operation.manager == "uv" and (links or operation.has("--link-mode")):
        raise place.refused("the environment may be links to a cache")


def _leaves_project(place: Place, operation: PackageOperation) -> bool:
    """Whether a tool that installs what a project asks for does not install the project in place.

    uv takes a project without a build system for one that is not installed.
    """
    if operation.manager not in _PROJECT_TOOLS:
        return False
    if operation.has(*_NO_PROJECT):
        return True
    path = joined(folder_of(place.command, place.run, place.facts), "pyproject.toml")
    stage, instruction = place.run.stage, place.run.instruction
    content = context_files.read(place.facts, stage, instruction, path) if path else None
    plain = content is not None and b"build-system" not in content and b"[tool.uv" not in content
    return operation.manager == "uv" and plain


def below(path: str, folder: str) -> bool:
    return (path + "/").startswith(folder + "/")


# --- what stands beside it ---------------------------------------------------------------------------


def _fetched(place: Place, works: Sequence[Work], *, scratch: bool) -> str:
    """The file or folder that is fetched, where it does not ship: it is removed later, or is in a temporary folder.

    Raises:
        RefusedError: it may ship.
    """
    operation = place.operation
    path = _download(place, operation) if operation else None
    if path is None:
        raise place.refused("it is not known what is fetched")
    temporary = path.startswith(_SCRATCH) and not scratch
    if not temporary and not _is_removed(place, path, works):
        raise place.refused("what is fetched may ship")
    return path


def _download(place: Place, operation: PackageOperation) -> str | None:
    """The one path that a download or clone writes; None where it is not known, or there are more."""
    names = [option.name for option in operation.options]
    redirected = any(r.operator.startswith((">", "&>")) for r in place.command.redirects)
    single = len(operation.urls) == 1 and len({"output", "output-dir"}.intersection(names)) < 2
    if redirected or not single or not _PLAIN.issuperset(names):
        return None
    folder = folder_of(place.command, place.run, place.facts)
    output = operation.output and value_of(operation.output, place.run, place.facts)
    if operation.output and "output-dir" not in names:
        return joined(folder, output)
    if operation.manager == "curl" and "remote-name" not in names:
        return None
    url = value_of(operation.urls[0], place.run, place.facts)
    name = posixpath.basename(url) if url else ""
    if operation.manager == "git":
        name = name.removesuffix(".git")
    target = joined(folder, output) if operation.output else folder
    return joined(target, name) if name and "?" not in name else None


def _is_removed(place: Place, path: str, works: Iterable[Work]) -> bool:
    """Whether a later command of these removes a path, come what may."""
    for work in works:
        for segment, _ in work.items:
            other = Place(place.facts, work.run, segment)
            behind = segment.span.start > place.segment.span.start
            if behind and other.command.name == "rm" and not other.command.context and path in other.paths():
                return True
    return False


def is_inside(place: Place, folders: Iterable[str]) -> bool:
    """Whether all files that a command names lie in folders that are copied, or do not ship."""
    if len(place.segment.commands) != 1 or place.command.context:
        return False
    paths = place.paths()
    if place.command.name == "ln":
        # where a link points at is not changed
        paths = paths[-1:]
    known = tuple(folders)
    return bool(paths) and all(path and any(below(path, f) for f in known) for path in paths)


def refuse_dependent(place: Place, made: Iterable[str]) -> None:
    """Refuse files that a command makes of other files, or above a folder that is copied."""
    command = place.command
    alone = len(place.segment.commands) == 1 and command.name in _ALONE and not command.context
    options = [arg.text for arg in command.args if arg.text.startswith("-")]
    if command.name == "ln":
        alone = alone and any("s" in o.lstrip("-") for o in options)
    if command.name == "rm":
        alone = alone and any("f" in o for o in options)
    paths = place.paths()
    if not alone or None in paths or any(below(f, path or "") for f in made for path in paths):
        raise place.refused("files are made beside the environment")


# --- text --------------------------------------------------------------------------------------------


def collect(folders: Iterable[str]) -> str:
    """The builder's last instruction: the libraries that its environments do not find there either."""
    fetched = " ".join(folder for folder in folders if folder.endswith("uv/python"))
    prepared = f"mkdir -p {fetched} && " if fetched else ""
    return (
        "# libraries that are not found here either\n"
        f"RUN {prepared}{{ {_unresolved(folders)} || [ $? = 1 ]; }} > {MISSING}"
    )


def copies(builder: str, folders: Iterable[str]) -> str:
    """The instructions that take the environments over."""
    return "\n".join(f"COPY --from={builder} {folder} {folder}" for folder in folders)


def check(builder: str, folders: Sequence[str]) -> str:
    """The instruction that fails where a library is missing that was found in the builder, or an interpreter."""
    programs = [f"{folder}/bin/python" for folder in folders if not folder.endswith("uv/python")]
    return f"""\
# fails where a library is missing that was found in the builder, or an interpreter
RUN --mount=type=bind,from={builder},source={MISSING},target={MISSING} \\
    missing="$({_unresolved(folders)} | grep -vxFf {MISSING} || [ $? = 1 ])" \\
 && echo "$missing" && [ -z "$missing" ] && ls {" ".join(programs)}"""


def _unresolved(folders: Iterable[str]) -> str:
    return (
        f"{{ find {' '.join(folders)} -type f \\( -name '*.so*' -o -perm /111 \\) -exec ldd {{}} + 2>&1 || true; }}"
        " | grep 'not found'"
    )
