"""What each command of a stage is, and which instructions must run in the builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import Operation
from imgtool.facts.stages import Stage
from imgtool.regex import regex
from imgtool.rewrite import needs
from imgtool.rewrite.kinds import Kind, kind
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.runs import Segment, is_list, segments, units
from imgtool.values import dataclass

# carried into both stages: later commands of either depend on them
STATE = frozenset({"ARG", "ENV", "WORKDIR", "SHELL", "USER"})
# say how the image runs; a builder has no use for them
METADATA = frozenset("CMD ENTRYPOINT EXPOSE LABEL HEALTHCHECK VOLUME STOPSIGNAL MAINTAINER".split())
_FILES = frozenset({"COPY", "ADD", "RUN"})

PYTHON = frozenset({Kind.PYTHON_PACKAGES, Kind.PYTHON_PROJECT})
CAPTURED = frozenset({Kind.FETCH, Kind.PREFIX, Kind.BUILD, Kind.INSTALL, Kind.UNKNOWN})
BUILDS = PYTHON | CAPTURED
_PACKAGES = frozenset({Kind.SYSTEM_PACKAGES, Kind.PACKAGE_LISTS})
_SYSTEM = ("deb", "rpm", "apk")

# of what is joined by || the first of these that is among it counts
_STRONGEST = (
    *(
        Kind.UNKNOWN,
        Kind.BUILD,
        Kind.INSTALL,
        Kind.PREFIX,
        Kind.PYTHON_PROJECT,
        Kind.PYTHON_PACKAGES,
        Kind.FETCH,
    ),
    *(Kind.SYSTEM_PACKAGES, Kind.REPLAY, Kind.PACKAGE_LISTS, Kind.FILES, Kind.CLEAN, Kind.STATE, Kind.QUERY),
)

# change databases that are not copied from one image into another
_DATABASES = frozenset(
    "useradd adduser userdel deluser usermod groupadd addgroup groupdel delgroup groupmod chpasswd passwd chsh "
    "gpasswd update-alternatives alternatives dpkg dpkg-reconfigure dpkg-divert debconf-set-selections apt-mark "
    "apt-key add-apt-repository rpm yum-config-manager".split()
)
# do nothing but write files
_WRITES = frozenset(
    "echo printf cat tee sed ln mkdir touch chmod chown chgrp cp mv rm true : ldconfig locale-gen localedef "
    "update-locale update-ca-certificates update-ca-trust ssh-keygen systemctl fc-cache update-mime-database mandb "
    "texhash mktexlsr a2enmod crudini setcap visudo update-rc.d chkconfig grep cut sort head tail tr awk".split()
)
_BUILDERS = frozenset("gcc g++ cc c++ clang clang++ gfortran make cmake ninja".split())
_PIP = regex(r"pip[0-9.]*")
_MANAGERS = frozenset("apt apt-get dnf microdnf yum zypper apk ldconfig".split())
_LISTS = "/var/lib/apt/lists"
_USE_LISTS = frozenset({Operation.INSTALL, Operation.REMOVE})
# where packages come from: what brings these must be there before packages are installed
_SOURCES = regex(rb"/etc/(?:apt|yum|dnf|pki|zypp)\b|/usr/share/keyrings|/etc/apk|\.(?:deb|rpm)\b")


@dataclass(frozen=True, slots=True)
class Work:
    """A RUN with the kind of each of its units. Only one that is ``divisible`` can be taken apart."""

    run: Run
    items: tuple[tuple[Segment, Kind], ...]
    divisible: bool

    @property
    def builds(self) -> bool:
        """Whether something in it must run in the builder."""
        return any(one in BUILDS or _asks_toolkit(segment, one) for segment, one in self.items)


@dataclass(frozen=True, slots=True)
class Region:
    """Positions in a stage: the instructions from the first that builds to the last."""

    first: int
    last: int


def sort(facts: Facts, stage: Stage) -> Mapping[Instruction, Work]:
    """Every RUN of a stage with its units by kind.

    Raises:
        RefusedError: what an ONBUILD runs is not known.
    """
    found = {}
    for run in facts.runs(stage):
        if run.onbuild:
            raise RefusedError("onbuild", "what an ONBUILD will run is not known here", run.instruction.span)
        found[run.instruction] = Work(run, tuple(_sorted(facts, run)), is_list(facts.document.data, run))
    return found


def _sorted(facts: Facts, run: Run) -> Iterator[tuple[Segment, Kind]]:
    items = segments(run.script)
    for unit in units(facts.document.data, run):
        kinds = {kind(item, run, facts) for item in items if unit.span.holds(item.span)}
        one = next(one for one in _STRONGEST if one in kinds)
        yield unit, Kind.REPLAY if one is Kind.FETCH and _prepares(facts, unit) else one
    if not run.script.understood and run.script.commands:
        # the part that was not understood may do anything
        yield Segment(run.script.opaque[0].span, ()), Kind.UNKNOWN
    elif not run.script.commands and run.script.text.data.strip():
        yield Segment(run.instruction.span, ()), Kind.UNKNOWN


def stage_instructions(stage: Stage) -> tuple[Instruction, ...]:
    """The instructions of a stage behind those of the stages that it is FROM."""
    return tuple(i for link in reversed(tuple(stage.lineage())) for i in link.instructions)


def region(instructions: Sequence[Instruction], works: Mapping[Instruction, Work]) -> Region | None:
    """Where instructions build; None where they do not.

    Raises:
        RefusedError: it has an instruction of another kind.
    """
    places = []
    for position, instruction in enumerate(instructions):
        if instruction in works:
            places += [position] if works[instruction].builds else []
        elif instruction.keyword not in STATE | METADATA | _FILES:
            raise RefusedError("instruction", f"{instruction.keyword} is not covered", instruction.span)
    return Region(places[0], places[-1]) if places else None


def _asks_toolkit(segment: Segment, one: Kind) -> bool:
    """Whether a command that leaves nothing needs what only the builder has (``nvcc --version``)."""
    return one is Kind.QUERY and uses_builder(segment)


def uses_builder(segment: Segment) -> bool:
    """Whether a command runs what the final stage may not have: the toolkit, a compiler, pip."""
    return any(c.name in needs.TOOLKIT_TOOLS | _BUILDERS or _PIP.fullmatch(c.name) for c in segment.commands)


def _prepares(facts: Facts, segment: Segment) -> bool:
    """Whether a command is about where packages come from."""
    return bool(_SOURCES.search(facts.document.data, segment.span.start, segment.span.end))


def is_system(facts: Facts, run: Run, segment: Segment, one: Kind) -> bool:
    """Whether a command changes packages, users or where packages come from: the final stage must run it, too.

    Everything else that a captured RUN does is in its files; the linker's cache is made anew behind them.
    """
    if one is Kind.REPLAY and not _prepares(facts, segment):
        return any(c.name not in _WRITES for c in segment.commands)
    if one in _PACKAGES or (one in (Kind.FILES, Kind.REPLAY) and _prepares(facts, segment)):
        return True
    if one is Kind.FILES and _empties_lists(run, segment):
        return True
    operations = any(o.command in segment.commands and o.ecosystem in _SYSTEM for o in run.operations)
    return operations or any(c.name in _DATABASES for c in segment.commands)


def _empties_lists(run: Run, segment: Segment) -> bool:
    """Whether a command removes, beside other files, package lists that its RUN has refreshed."""
    removes = all(c.name == "rm" for c in segment.commands)
    words = (arg.text for c in segment.commands for arg in c.args)
    return (
        removes
        and any(w.startswith(_LISTS) for w in words)
        and any(o.ecosystem == "deb" for o in run.operations)
    )


def is_placeless(segment: Segment) -> bool:
    """Whether a command does the same in any working folder: it names packages or users, and no files.

    What the final stage runs, too, from behind a variable installs packages.
    """
    names = all(c.name in _DATABASES | _MANAGERS or (c.argv and not c.name) for c in segment.commands)
    words = [arg.text for c in segment.commands for arg in c.args]
    if all(c.name == "rm" for c in segment.commands):
        return all(word.startswith(("/", "~/", "-")) for word in words)
    return names and not any(word.endswith((".deb", ".rpm")) or word.startswith(".") for word in words)


def lists_are_used(
    instructions: Sequence[Instruction], works: Mapping[Instruction, Work], instruction: Instruction
) -> bool:
    """Whether a RUN behind one needs the package lists that are there already.

    That is one that installs, and one that removes by name: apt-get fails for a name that it has never heard of.
    """
    behind = (works[i].run for i in instructions if i in works and i.span.start > instruction.span.start)
    operations = (o for run in behind for o in run.operations if o.ecosystem == "deb")
    # autoremove names nothing
    asked = (o.operation for o in operations if o.operation is not Operation.REMOVE or o.packages)
    first = next((o for o in asked if o in _USE_LISTS or o is Operation.REFRESH), None)
    return first in _USE_LISTS
