"""ShellCheck's findings in the shell scripts of a Dockerfile.

``program`` finds the tool, ``dialect`` tells which shell runs a script, ``script`` takes the scripts out of a file and
knows the way back, ``run`` asks the tool about many scripts at once, ``session`` asks about each one once, ``findings``
makes findings of the answers. Scripts are read by ShellCheck, never executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from imgtool.findings import Finding

if TYPE_CHECKING:
    from imgtool.facts.facts import Facts
    from imgtool.lint.shellcheck.run import Remarks
    from imgtool.lint.shellcheck.script import Snippet

__all__ = ["Pending", "ask", "complete", "problem"]

Pending = Callable[[], list[Finding]]
"""Waits for the findings in one file."""


def ask(files: Iterable[Facts]) -> list[Pending]:
    """Begin to have the scripts of several files checked; for each file, what waits for its findings."""
    # what is known of files needs no more than the program
    from imgtool.lint.shellcheck import session  # noqa: PLC0415

    current = session.current()
    if current.problem:
        return [list for _ in files]
    from imgtool.lint.shellcheck.script import snippets  # noqa: PLC0415

    scripts = [list(snippets(facts)) for facts in files]
    answers = current.begin(script.data for each in scripts for script in each)
    return [partial(_found, each, answers) for each in scripts]


def _found(scripts: list[Snippet], answers: Callable[[], Remarks]) -> list[Finding]:
    from imgtool.lint.shellcheck import findings  # noqa: PLC0415 - likewise

    return list(findings.findings(scripts, answers()))


def problem(*, wanted: bool) -> str:
    """Why ShellCheck says nothing, where that is so; that it is not installed is one only where it is ``wanted``."""
    from imgtool.lint.shellcheck import session  # noqa: PLC0415 - likewise

    said = session.current().problem
    return said if wanted or said != session.ABSENT else ""


def complete() -> bool:
    """Whether every script that was asked about has an answer: none ran out of time."""
    from imgtool.lint.shellcheck import session  # noqa: PLC0415 - likewise

    return not session.current().lost
