"""GitHub's workflow commands, which become annotations of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions; ten of each kind are shown a step,
so the worst come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from imgtool.findings import Finding
from imgtool.lint.fingerprint import relative
from imgtool.lint.result import LintResult
from imgtool.report.lint.common import pairs, region
from imgtool.report.style import printable

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice", "style": "notice"}

# actions/toolkit, packages/core/src/command.ts
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def as_github(results: Sequence[LintResult], root: Path) -> str:
    """A command a finding, worst first; paths are relative to ``root``."""
    ordered = sorted(pairs(results), key=lambda pair: pair[1].severity.rank)
    return "".join(f"{_command(result, finding, root)}\n" for result, finding in ordered)


def _command(result: LintResult, finding: Finding, root: Path) -> str:
    start, end = region(result.source, finding.span)
    path = printable(relative(result.path, root))
    places: Mapping[str, int] = {"line": start.line, "endLine": end.line}
    if start.line == end.line:
        # columns of several lines make GitHub drop the annotation
        places = {"line": start.line, "col": start.column, "endLine": end.line, "endColumn": end.column}
    properties: Mapping[str, str | int] = {"title": f"imgtool ({finding.code})", "file": path, **places}
    message = printable(result.mask.message(finding.message))
    text = f"{path}:{start.line}:{start.column}: {finding.code} {message}"
    return command(_COMMANDS[finding.severity], properties, text)


def command(kind: str, properties: Mapping[str, str | int], text: str) -> str:
    """One workflow command; what would end it is escaped."""
    listed = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{kind} {listed}::{text.translate(_DATA)}"
