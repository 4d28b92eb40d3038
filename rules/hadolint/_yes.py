"""Package managers that would ask, in a build that cannot answer."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Applicability, Facts, Finding, Fix, PackageOperation, RuleMeta, Run

from ..layers._relief import call, with_option
from ._found import at

_PIPES = frozenset({"|", "|&"})


def asks(
    meta: RuleMeta,
    run: Run,
    facts: Facts,
    managers: frozenset[str],
    verbs: frozenset[str],
    setting: bytes | None = None,
) -> Iterator[Finding]:
    """One finding for each command of these managers that waits for an answer, with ``-y`` as its fix.

    ``setting`` is the one that answers in the manager's configuration, in lower case; None where there is none.
    """
    for operation in run.operations:
        if operation.manager in managers and operation.verb in verbs and _waits(operation):
            if setting and configures(run, facts, setting):
                return
            edits = with_option(run, (operation,), "-y")
            fix = Fix("Add -y", edits, Applicability.SAFE) if edits else None
            words = call(operation)
            message = f"{operation.manager} {operation.verb} asks before it goes on, and a build cannot answer; add -y"
            yield from at(meta, (words[-1].span,), message, fix)


def _waits(operation: PackageOperation) -> bool:
    """Whether nothing answers for the user: no option, and no input. One may hide in a variable."""
    return not operation.assume_yes and operation.complete and operation.command.connector not in _PIPES


def configures(run: Run, facts: Facts, setting: bytes) -> bool:
    """Whether a RUN up to this one speaks of a setting and of files in ``/etc``: it may write the configuration."""
    return any(
        setting in other.script.text.data.lower() and b"/etc/" in other.script.text.data
        for stage in run.stage.lineage()
        for other in facts.runs(stage)
        if other.instruction.span.start <= run.instruction.span.start
    )
