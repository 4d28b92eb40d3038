"""What COPY and ADD take from the build context."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import NamedTuple

from imgtool.rule import BuildContext, Facts, Flag, Ignore, Instruction, Span, Stage, local_sources, mounts_of

from .._patterns import compiled

# a name of wildcards alone matches whatever there is
_ANY = r"[*?.]*\*[*?.]*"


class Source(NamedTuple):
    """One operand: its place and its value, variables replaced."""

    stage: Stage
    instruction: Instruction
    span: Span
    text: str

    @property
    def excluded(self) -> tuple[str, ...]:
        return tuple(f.value for f in self.instruction.flags if f.name == "exclude" and f.value)

    @property
    def path(self) -> str:
        """What it names, relative to the context."""
        return "/".join(self._names())

    def takes_all(self) -> bool:
        """Whether it is the context itself, or all that is at its top: ``.``, ``/``, ``./*``."""
        names = self._names()
        return not names or (len(names) == 1 and compiled(_ANY).fullmatch(names[0]) is not None)

    def takes_folder(self, context: BuildContext) -> bool:
        """Whether it is a folder there, or all that is in one."""
        names = self._names()
        if names and compiled(_ANY).fullmatch(names[-1]):
            names.pop()
        return bool(names) and context.is_folder("/".join(names))

    def _names(self) -> list[str]:
        return [name for name in posixpath.normpath(f"/{self.text}").split("/") if name]

    def takes(self, context: BuildContext) -> Callable[[str], bool]:
        """Whether it takes a file that the builder can get, by its path."""
        return context.takes([self.text], Ignore.of(self.excluded))


def sources(facts: Facts) -> Iterator[Source]:
    """The operands of all stages that are built; those whose variables are not known are left out.

    Those of ONBUILD are read from another context.
    """
    for stage in facts.stages:
        for instruction in stage.instructions if stage in facts.built else ():
            local = set(local_sources(instruction))
            for word, written in zip(instruction.words[:-1], instruction.args[:-1], strict=False):
                text = facts.expand(instruction, written) if written in local else None
                if text:
                    yield Source(stage, instruction, word.span, text)


def mounted(facts: Facts) -> Iterator[Source]:
    """What RUN mounts of the context, in stages that are built: ``--mount=type=bind,source=…`` without ``from``."""
    for stage in facts.stages:
        for node in stage.instructions if stage in facts.built else ():
            flags = [flag for flag in node.flags if flag.name == "mount" and flag.value]
            for flag, mount in zip(flags, mounts_of(node), strict=False):
                bound = mount.type == "bind" and not mount.from_ and mount.source
                text = facts.expand(node, mount.source) if bound else None
                if text:
                    yield Source(stage, node, _within(flag, mount.source, facts), text)


def _within(flag: Flag, text: str, facts: Facts) -> Span:
    """The source's place in the flag; the flag where it is written in another way."""
    data = facts.document.data
    names = (f"{key}={text}".encode() for key in ("source", "src"))
    places = ((data.find(name, flag.span.start, flag.span.end), name) for name in names)
    ends = (at + len(name) for at, name in places if at >= 0)
    end = next(ends, None)
    return Span(end - len(text.encode()), end) if end else flag.span
