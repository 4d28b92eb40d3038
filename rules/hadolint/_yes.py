"""Package managers that would ask, in a build that cannot answer."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Facts,
    Finding,
    Fix,
    PackageOperation,
    RuleMeta,
    Run,
    Stage,
    call,
    per_part,
    with_option,
)

from ._found import at, earliest

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
    start = _settings(facts, setting).get(run.stage)
    return start is not None and start <= run.instruction.span.start


@per_part
def _settings(facts: Facts, setting: bytes) -> dict[Stage, int]:
    return earliest(facts, lambda stage: next(_speaking(stage, setting), None))


def _speaking(stage: Stage, setting: bytes) -> Iterator[int]:
    for instruction in stage.instructions:
        text = b"\n".join([instruction.rest.data, *(heredoc.content for heredoc in instruction.heredocs)])
        if setting in text.lower() and b"/etc/" in text:
            yield instruction.span.start
