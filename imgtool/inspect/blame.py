"""Which instruction a layer comes from: by the image's history and, where it is there, by its Dockerfile's lines.

A line is named only where the history fits the file from its end up to there. Where it does not, as after an edit, a
squash or with another file, it is said why, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from imgtool.facts.told import Step, Told, holds_several, read, told
from imgtool.images.model import Image
from imgtool.leaks import hide
from imgtool.values import dataclass

if TYPE_CHECKING:
    # most images are looked at without a Dockerfile
    from imgtool.facts.facts import Facts

#: Characters of what a history says that are told.
MAX_TEXT = 4096
#: Stages that are tried for one that fits, where the target does not.
_MAX_STAGES = 100

_NO_BYTES: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LayerBlame:
    """Where a layer comes from; secrets in its texts are hidden.

    ``instruction`` is what the history says, as a Dockerfile would: build arguments and shell left out. ``line`` is that
    of the instruction in ``file``; of a layer of the base image that of the FROM which names it, and ``base`` is true.
    ``why`` says why a line or an instruction is not known. ``created_by`` is what the history says, word for word; both
    are cut at :data:`MAX_TEXT`.
    ``waste`` are bytes of file content of the layer that are not to be seen in the image.
    """

    index: int
    instruction: str | None
    line: int | None = None
    file: str | None = None
    created_by: str | None = None
    base: bool = False
    why: str | None = None
    waste: int = 0


def blame(
    image: Image,
    facts: Facts | None = None,
    *,
    file: str | None = None,
    waste: Mapping[int, int] = _NO_BYTES,
) -> tuple[LayerBlame, ...]:
    """One for each layer. ``facts`` and ``file`` are of the Dockerfile that the image may be built from.

    ``waste`` are bytes by a layer's index.
    """
    steps = [number for number, step in enumerate(image.history) if not step.get("empty_layer")]
    if len(steps) != len(image.layers):
        why = _counted(len(steps), len(image.layers)) if steps else "it has no history"
        return tuple(
            LayerBlame(index, None, why=why, waste=waste.get(index, 0)) for index in range(len(image.layers))
        )
    known = held(image.history, facts) if facts else None
    return tuple(
        LayerBlame(
            index,
            file=file,
            created_by=_text(image.history[number].get("created_by")),
            waste=waste.get(index, 0),
            **_of(image.history, number, facts, known),
        )
        for index, number in enumerate(steps)
    )


def _counted(told_of: int, layers: int) -> str:
    return f"its history tells of {told_of} layers, and it has {layers}"


def _text(said: object) -> str | None:
    return hide(said[:MAX_TEXT]) if isinstance(said, str) and said else None


def spoken(step: Step) -> str:
    """A step of a history as a Dockerfile would say it, without secrets."""
    return hide(str(step)[:MAX_TEXT])


def _of(
    history: Sequence[Mapping[str, Any]], number: int, facts: Facts | None, known: Told | None
) -> dict[str, Any]:
    step = read(history[number])
    instruction = spoken(step) if step.keyword else None
    if known and facts and facts.target and known.below is not None and number < known.below:
        return {"instruction": instruction, "line": facts.target.root.from_.start_line, "base": True}
    if holds_several(history, number):
        covered = list(_lines(history, number, known)) if known else []
        return {"instruction": None, "why": _several(covered, stated=bool(step.keyword))}
    if known is None or known.instructions[number] is None:
        return {"instruction": instruction, "why": known and known.why}
    at = known.instructions[number]
    return {"instruction": instruction, "line": at and at.start_line}


def _lines(history: Sequence[Mapping[str, Any]], number: int, known: Told) -> Iterator[int]:
    """The lines of the steps that a layer of several holds."""
    for at in range(number, -1, -1):
        if at < number and not history[at].get("empty_layer"):
            return
        instruction = known.instructions[at]
        if instruction:
            yield instruction.start_line


def _several(lines: Sequence[int], *, stated: bool) -> str:
    if lines:
        return f"the layer holds what lines {min(lines)} to {max(lines)} made"
    return "the layer holds what several instructions made" if stated else "its history does not say"


def held(history: Sequence[Mapping[str, Any]], facts: Facts) -> Told:
    """The history against the target; where that does not fit, with the stage that does in ``why``."""
    if facts.target is None:
        return Told((None,) * len(history), None, "the file has no such stage")
    known = told(history, facts.target)
    if known.below is not None:
        return known
    fitting = [
        stage
        for stage in facts.stages[:_MAX_STAGES]
        if stage is not facts.target and told(history, stage).below is not None and stage.instructions
    ]
    if len(fitting) != 1:
        return known
    return Told(known.instructions, None, f"{known.why}; stage {fitting[0].title} fits (--stage)")
