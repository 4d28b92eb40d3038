"""ShellCheck's findings in the shell scripts of a Dockerfile.

``program`` finds the tool, ``dialect`` tells which shell runs a script, ``script`` takes the scripts out of a file and
knows the way back, ``run`` asks the tool about many scripts at once, ``session`` asks about each one once, ``findings``
makes findings of the answers. Scripts are read by ShellCheck, never executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from imgtool.facts.facts import Facts
from imgtool.findings import Finding
from imgtool.lint.shellcheck import findings, session
from imgtool.lint.shellcheck.run import Remarks
from imgtool.lint.shellcheck.script import Snippet, snippets

__all__ = ["Pending", "ask", "problem"]

Pending = Callable[[], list[Finding]]
"""Waits for the findings in one file."""


def ask(files: Iterable[Facts]) -> list[Pending]:
    """Begin to have the scripts of several files checked; for each file, what waits for its findings."""
    current = session.current()
    scripts = [[] if current.problem else list(snippets(facts)) for facts in files]
    answers = current.begin(script.data for each in scripts for script in each)
    return [partial(_found, each, answers) for each in scripts]


def _found(scripts: list[Snippet], answers: Callable[[], Remarks]) -> list[Finding]:
    return list(findings.findings(scripts, answers()))


def problem(*, wanted: bool) -> str:
    """Why ShellCheck says nothing, where that is so; that it is not installed is one only where it is ``wanted``."""
    said = session.current().problem
    return said if wanted or said != session.ABSENT else ""
