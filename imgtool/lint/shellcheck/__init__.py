"""ShellCheck's findings in the shell scripts of a Dockerfile.

``program`` finds the tool, ``dialect`` tells which shell runs a script, ``script`` takes the scripts out of a file and
knows the way back, ``run`` asks the tool about many scripts at once, ``session`` asks about each one once, ``findings``
makes findings of the answers. Scripts are read by ShellCheck, never executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from imgtool.facts.facts import Facts
from imgtool.findings import Finding
from imgtool.lint.shellcheck import findings, session
from imgtool.lint.shellcheck.script import snippets

__all__ = ["ask", "begin", "problem"]


def ask(files: Iterable[Facts]) -> None:
    """Begin to have the scripts of several files checked, so that :func:`begin` finds the answers on the way."""
    current = session.current()
    if not current.problem:
        current.begin(script.data for facts in files for script in snippets(facts))


def begin(facts: Facts, shown: Callable[[str], bool]) -> Callable[[], Iterator[Finding]]:
    """Have a file's scripts checked; what is returned waits for the findings of the codes that are to be shown."""
    current = session.current()
    if current.problem:
        return lambda: iter(())
    scripts = list(snippets(facts))
    answers = current.begin(script.data for script in scripts)
    return lambda: (finding for finding in findings.findings(scripts, answers()) if shown(finding.code))


def problem(*, wanted: bool) -> str:
    """Why ShellCheck says nothing, where that is so; that it is not installed is one only where it is ``wanted``."""
    said = session.current().problem
    return said if wanted or said != session.ABSENT else ""
