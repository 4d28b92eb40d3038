"""JUnit's XML: a suite a file, a failed case a finding, and one passed case for a clean file.

A report without cases is an error to many readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imgtool.findings import Finding
from imgtool.lint.fingerprint import relative
from imgtool.lint.result import LintResult
from imgtool.report.lint.xml import HEADER, element


def as_junit(results: Sequence[LintResult], root: Path) -> str:
    """All files; paths are relative to ``root``."""
    suites = [_suite(result, relative(result.path, root)) for result in results]
    failures = sum(len(result.findings) for result in results)
    cases = sum(len(result.findings) or 1 for result in results)
    counts: dict[str, str | int] = {"name": "imgtool", "tests": cases, "failures": failures, "errors": 0}
    return f"{HEADER}{element('testsuites', counts, *suites)}\n"


def _suite(result: LintResult, path: str) -> str:
    cases = [_case(result, finding, path) for finding in result.findings]
    counts: dict[str, str | int] = {
        "name": path,
        "tests": len(cases) or 1,
        "failures": len(cases),
        "errors": 0,
        "skipped": 0,
    }
    passed = element("testcase", {"name": "imgtool", "classname": path})
    return element("testsuite", counts, *(cases or [passed]))


def _case(result: LintResult, finding: Finding, path: str) -> str:
    place = result.source.place(finding.span.start)
    message = f"{place.line}:{place.column}: {result.mask.message(finding.message)}"
    failure = element("failure", {"message": message, "type": str(finding.severity)})
    named: dict[str, str | int] = {"name": f"imgtool.{finding.code}", "classname": path}
    return element("testcase", {**named, "line": place.line, "column": place.column}, failure)
