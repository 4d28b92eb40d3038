"""What COPY and ADD take from the build context."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from imgtool.rule import (
    BuildContext,
    Facts,
    Flag,
    Ignore,
    Instruction,
    NamedTuple,
    Span,
    Stage,
    local_sources,
    mounts_of,
    per_file,
    workdir,
)

from .._patterns import compiled
from ._kinds import folder_of_weights

# a name of wildcards alone matches whatever there is
_ANY = r"[*?.]*\*[*?.]*"
_TAKES = frozenset(("COPY", "ADD"))


class Source(NamedTuple):
    """One operand: its place and its value, variables replaced; ``names`` are those of its path in the context."""

    stage: Stage
    instruction: Instruction
    span: Span
    text: str
    names: tuple[str, ...]

    @property
    def excluded(self) -> tuple[str, ...]:
        return tuple(f.value for f in self.instruction.flags if f.name == "exclude" and f.value)

    @property
    def path(self) -> str:
        """What it names, relative to the context."""
        return "/".join(self.names)

    @property
    def folder(self) -> str:
        """Its path, without a last name that matches all: the folder, where it is one."""
        return "/".join(self.names[:-1] if self.names and _is_any(self.names[-1]) else self.names)

    def takes_all(self) -> bool:
        """Whether it is the context itself, or all that is at its top: ``.``, ``/``, ``./*``."""
        return not self.names or (len(self.names) == 1 and _is_any(self.names[0]))

    def takes_folder(self, context: BuildContext) -> bool:
        """Whether it is a folder there, or all that is in one."""
        return bool(self.folder) and context.is_folder(self.folder)

    def means_weights(self, facts: Facts) -> bool:
        """Whether it, or the folder that it goes to, is called after weights or data: taking them is meant."""
        copies = self.instruction.keyword in _TAKES and not self.takes_all()
        above, _, last = self.path.rpartition("/")
        named = above if "*" in last else self.path
        return folder_of_weights(named) or (copies and folder_of_weights(_goal(self.instruction, facts)))

    def takes(self, context: BuildContext) -> Callable[[str], bool]:
        """Whether it takes a file that the builder can get, by its path."""
        return context.takes([self.text], Ignore.of(self.excluded))


def _goal(instruction: Instruction, facts: Facts) -> str:
    """The last name of what a COPY fills; none where a variable in it is not known."""
    written = instruction.args[-1]
    target = facts.expand(instruction, written) or written
    name = posixpath.basename(posixpath.normpath(posixpath.join(workdir(facts, instruction), target)))
    return "" if "$" in name else name


def _is_any(name: str) -> bool:
    return "*" in name and compiled(_ANY).fullmatch(name) is not None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in posixpath.normpath(f"/{text}").split("/") if name)


# several rules ask for those of one file, one after the other
@per_file
def sources(facts: Facts) -> tuple[Source, ...]:
    """The operands of all stages that are built; those whose variables are not known are left out.

    Those of ONBUILD are read from another context.
    """
    return tuple(_operands(facts))


def _operands(facts: Facts) -> Iterator[Source]:
    for stage in facts.stages:
        for instruction in stage.instructions if stage in facts.built else ():
            # of the others none has any
            local = set(local_sources(instruction)) if instruction.keyword in _TAKES else ()
            pairs = zip(instruction.words[:-1], instruction.args[:-1], strict=False) if local else ()
            for word, written in pairs:
                text = facts.expand(instruction, written) if written in local else None
                if text:
                    yield Source(stage, instruction, word.span, text, _names(text))


def mounted(facts: Facts) -> Iterator[Source]:
    """What RUN mounts of the context, in stages that are built: ``--mount=type=bind,source=…`` without ``from``."""
    for stage in facts.stages:
        for node in stage.instructions if stage in facts.built else ():
            flags = [flag for flag in node.flags if flag.name == "mount" and flag.value] if node.flags else ()
            for flag, mount in zip(flags, mounts_of(node), strict=False) if flags else ():
                bound = mount.type == "bind" and not mount.from_ and mount.source
                text = facts.expand(node, mount.source) if bound else None
                if text:
                    yield Source(stage, node, _within(flag, mount.source, facts), text, _names(text))


def _within(flag: Flag, text: str, facts: Facts) -> Span:
    """The source's place in the flag; the flag where it is written in another way."""
    data = facts.document.data
    names = (f"{key}={text}".encode() for key in ("source", "src"))
    places = ((data.find(name, flag.span.start, flag.span.end), name) for name in names)
    ends = (at + len(name) for at, name in places if at >= 0)
    end = next(ends, None)
    return Span(end - len(text.encode()), end) if end else flag.span
