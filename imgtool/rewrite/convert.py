"""One rewrite from bytes to bytes, checked before anybody sees it."""

from __future__ import annotations

from imgtool.edits import Span
from imgtool.facts.facts import FactOptions, Facts
from imgtool.interop import disagreement
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.plan import Plan, Reason, Status
from imgtool.rewrite.planner import plan
from imgtool.rewrite.render import render
from imgtool.syntax import parse
from imgtool.syntax.source import Source
from imgtool.values import dataclass


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The plan of a rewrite and the file it makes; ``data`` is the original unless the plan converts it."""

    source: Source
    plan: Plan
    data: bytes


def rewrite(
    data: bytes,
    target: str | None = None,
    options: FactOptions | None = None,
    choices: Choices | None = None,
) -> Rewrite:
    """Split a Dockerfile for one accelerator (``cuda``, ``cann``, …); None takes the base image's own.

    Deterministic. The result is read again, by imgtool and by dockerfile-parse, before it is returned; where it
    does not parse or the two disagree on its FROM lines, the rewrite is refused. Never raises on any input.
    """
    document = parse(data)
    facts = Facts(document, options)
    planned = plan(facts, target, choices)
    made = render(facts, planned)
    why = doubt(made) if planned.status is Status.CONVERTED else None
    if why:
        reason = Reason("rereading", why, Span(0, len(data)))
        return Rewrite(document.source, Plan(planned.target, Status.REFUSED, reasons=(reason,)), data)
    return Rewrite(document.source, planned, made)


def doubt(made: bytes) -> str | None:
    """Why a file that was made should not be written: it does not parse, or its readers disagree."""
    problems = parse(made).problems
    if problems:
        return f"the result would not parse: {problems[0].message}"
    return disagreement(made)
