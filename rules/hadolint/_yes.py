"""Package managers that would ask, in a build that cannot answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from imgtool.rule import Applicability, Finding, Fix, PackageOperation, RuleMeta, Run, Stage

from ..layers._relief import call, with_option
from ._found import at

_PIPES = frozenset({"|", "|&"})


def asks(
    meta: RuleMeta,
    run: Run,
    managers: frozenset[str],
    verbs: frozenset[str],
    setting: bytes | None = None,
) -> Iterator[Finding]:
    """One finding for each command of these managers that waits for an answer, with ``-y`` as its fix.

    ``setting`` is the one that answers in the manager's configuration, in lower case; None where there is none.
    """
    for operation in run.operations:
        if operation.manager in managers and operation.verb in verbs and _waits(operation):
            if setting and configures(run, setting):
                return
            edits = with_option(run, (operation,), "-y")
            fix = Fix("Add -y", edits, Applicability.SAFE) if edits else None
            words = call(operation)
            message = f"{operation.manager} {operation.verb} asks before it goes on, and a build cannot answer; add -y"
            yield from at(meta, (words[-1].span,), message, fix)


def _waits(operation: PackageOperation) -> bool:
    """Whether nothing answers for the user: no option, and no input. One may hide in a variable."""
    return not operation.assume_yes and operation.complete and operation.command.connector not in _PIPES


def configures(run: Run, setting: bytes) -> bool:
    """Whether a RUN up to this one speaks of a setting and of files in ``/etc``: it may write the configuration."""
    return any(_first(stage, setting) <= run.instruction.span.start for stage in run.stage.lineage())


@lru_cache(maxsize=64)
def _first(stage: Stage, setting: bytes) -> float:
    """Where a stage first does so; infinite where it never does."""
    for instruction in stage.instructions:
        text = b"\n".join([instruction.rest.data, *(heredoc.content for heredoc in instruction.heredocs)])
        if setting in text.lower() and b"/etc/" in text:
            return instruction.span.start
    return math.inf
