"""What holds for any bytes. Each function takes an input and raises :class:`BrokenPromiseError` where a promise does not hold."""

from __future__ import annotations

import json
import random
import resource
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

from imgtool import config
from imgtool.edits import Span, apply
from imgtool.facts.facts import Facts
from imgtool.findings import Finding, Severity
from imgtool.lint import baseline, hadolint_config, registry
from imgtool.lint.dialects import buildkit
from imgtool.lint.fingerprint import marks
from imgtool.lint.fixer import FixResult, fix
from imgtool.lint.registry import Rule
from imgtool.lint.runner import LintResult, lint
from imgtool.lint.settings import settings
from imgtool.lint.shellcheck.findings import findings as shell_findings
from imgtool.lint.shellcheck.run import Place, Remark, Replacement
from imgtool.lint.shellcheck.script import PRELUDE_LINES, snippets
from imgtool.lint.suppress import suppressions
from imgtool.report import findings as text_report
from imgtool.report.lint.checkstyle import as_checkstyle
from imgtool.report.lint.github import as_github
from imgtool.report.lint.gitlab import as_gitlab
from imgtool.report.lint.junit import as_junit
from imgtool.report.lint.markdown import as_markdown
from imgtool.report.lint.rdjson import as_rdjson
from imgtool.report.lint.rows import as_json, as_jsonl
from imgtool.report.lint.sarif import as_sarif
from imgtool.report.lint.statistics import text as statistics
from imgtool.report.style import Style
from imgtool.syntax import parse

ROOT = Path("/project")
MAX_INPUT = 1 << 14
"""Bytes; longer inputs are cut. Those that grow are the business of tests of their own."""

MEMORY = 2 << 30
"""Bytes of address space that linting must do with."""


class BrokenPromiseError(AssertionError):
    """A promise that does not hold."""


class TooSlow(BaseException):
    """An input that took more processor time than it may; no handler of errors hides it."""


def hold(condition: object, promise: str, *details: object) -> None:
    """Raise where a promise does not hold."""
    if not condition:
        raise BrokenPromiseError(promise, *details)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise :class:`TooSlow` where the block takes more processor time."""

    def late(*_: object) -> None:
        raise TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def limit_memory(limit: int = MEMORY) -> None:
    """Let the process fail where it asks for more."""
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@cache
def rules() -> tuple[Rule, ...]:
    """All of them, previews too."""
    return tuple(registry.load(entry) for entry in registry.index())


# --- Dockerfiles -----------------------------------------------------------------------------------------


def dockerfile(data: bytes) -> None:
    """Everything that linting does with a Dockerfile, but ShellCheck's own process."""
    data = data[:MAX_INPUT]
    result = linted(data)
    places(result)
    reports(result)
    shell(data)
    for unsafe in (False, True):
        fixes(data, fix(data, linted, unsafe=unsafe), unsafe=unsafe)


def linted(data: bytes) -> LintResult:
    """The findings of all rules; none may have raised."""
    result = lint(data, "/project/Dockerfile", rules())
    hold(not result.failures, "no rule raises", *result.failures)
    return result


def places(result: LintResult) -> None:
    """Every place is one of the file, and every edit can be made."""
    data = result.source.data
    lines = len(result.source.line_starts)
    for finding in result.findings:
        hold(finding.message, "a finding says something", finding)
        for span in finding.places:
            hold(0 <= span.start <= span.end <= len(data), "a span lies in the file", finding)
            start, end = result.source.place(span.start), result.source.place(span.end)
            hold(1 <= start.line <= end.line <= lines and start.column >= 1, "places are in order", finding)
            line = result.source.line_span(start.line)
            width = len(data[line.start : line.end].decode("utf-8", "surrogateescape"))
            hold(start.column <= width + 2, "a column is one of its line", finding, start)
        if finding.fix and finding.fix.edits:
            apply(data, finding.fix.edits)


def fixes(data: bytes, done: FixResult, *, unsafe: bool) -> None:
    """Fixing ends, brings no error, and has nothing left to do."""
    hold(done.converged, "fixes converge")
    hold(done.data != data or not any(done.fixed.values()) or done.creates, "what is fixed has changed")
    before, after = problems(data), problems(done.data)
    hold(after <= before, "a fixed file has no new problem", done.data, after - before)
    errors = worse(linted(data).findings, done.left.findings)
    hold(not errors, "a fixed file has no new error", done.data, errors)
    again = fix(done.data, linted, unsafe=unsafe)
    hold(again.data == done.data, "fixing twice changes nothing more", done.data, again.data)


def problems(data: bytes) -> Counter[str]:
    """What BuildKit would refuse, by message."""
    return Counter(problem.message for problem in parse(data).problems)


def worse(before: Sequence[Finding], after: Sequence[Finding]) -> Counter[str]:
    """Codes of errors that there are more of than before."""

    def errors(findings: Sequence[Finding]) -> Counter[str]:
        return Counter(f.code for f in findings if f.severity is Severity.ERROR)

    return errors(after) - errors(before)


def reports(result: LintResult) -> None:
    """Every report can be made and read."""
    results = (result,)
    for text in (text_report.text(results, Style()), as_markdown(results, ROOT), as_github(results, ROOT)):
        hold(all(c.isprintable() or c == "\n" for c in text), "a report is printable", text)
        text.encode()
    statistics(results, Style())
    count = len(result.findings)
    sarif = json.loads(as_sarif(results, ROOT))["runs"][0]["results"]
    rows = json.loads(as_json(results, ROOT))
    for found in (
        sarif, rows, json.loads(as_gitlab(results, ROOT)), json.loads(as_rdjson(results, ROOT))["diagnostics"],
        [json.loads(line) for line in as_jsonl(results, ROOT).splitlines()],
    ):  # fmt: skip
        hold(len(found) == count, "a report holds every finding", len(found), count)
    for row in sarif:
        region = row["locations"][0]["physicalLocation"]["region"]
        start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
        hold((1, 1) <= start <= end, "a region has an order", region)
    for xml in (as_checkstyle(results, ROOT), as_junit(results, ROOT)):
        ET.fromstring(xml)  # noqa: S314 - our own
    prints = [mark.fingerprint for mark in marks(result, "Dockerfile")]
    hold(len(set(prints)) == count, "a fingerprint is of one finding")
    known = baseline.Baseline(ROOT / "baseline.json")
    _, entries = baseline.sift(result, known)
    there = baseline.Baseline(known.path, {entry.fingerprint: entry for entry in entries})
    left, _ = baseline.sift(result, there)
    hold(not left.findings, "a baseline knows what it was made of")
    json.loads(baseline.dump(entries))


def shell(data: bytes) -> None:
    """Whatever ShellCheck might say about a script has a place in the file."""
    facts = Facts(parse(data))
    scripts = list(snippets(facts))
    chance = random.Random(data)
    said = {script.data: tuple(_remark(chance) for _ in range(3)) for script in scripts}
    for script in scripts:
        script.data.decode()
        hold(script.data.startswith(b"#!/bin/"), "a script has its shell", script)
        hold(
            script.data.count(b"\n", 0, len(script.data)) >= PRELUDE_LINES, "a script has its prelude", script
        )
    for found in shell_findings(scripts, said):
        span = found.span
        hold(0 <= span.start <= span.end <= len(data), "ShellCheck's spans lie in the file", found)
        if found.fix:
            apply(data, found.fix.edits)
    buildkit.options(facts.document)
    for comment in suppressions(facts.document):
        for code in comment.codes:
            hold(Span(0, len(data)).holds(code.span), "a suppressed code lies in the file", code)


def _remark(chance: random.Random) -> Remark:
    def place() -> Place:
        line, column = chance.randrange(1, 30), chance.randrange(1, 80)
        return Place(line, column, line + chance.randrange(3), chance.randrange(1, 80))

    changes = tuple(
        Replacement(place(), chance.choice(['"', "", "x y"]), chance.random() < 0.5) for _ in "12"
    )
    return Remark("SC2086", "info", "a message", place(), changes)


# --- configuration ---------------------------------------------------------------------------------------


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def configuration(data: bytes) -> None:
    """A configuration file or baseline is read, or refused with a message of one line."""
    data = data[:MAX_INPUT]
    for name, read in _READERS.items():
        path = _folder() / name
        path.write_bytes(data)
        try:
            read(path)
        except (config.ConfigError, baseline.BaselineError) as error:
            hold(str(error).strip(), "an error says something")


def _read_ours(path: Path) -> None:
    found = config.load(path)
    here = settings(found)
    here.ignored_in(path.with_name("Dockerfile"))
    for code, table in here.rules.items():
        options = registry.load(registry.find(code)).options
        if options:
            table.build(options)


_READERS: dict[str, Callable[[Path], object]] = {
    ".imgtool.toml": _read_ours,
    "pyproject.toml": _read_ours,
    ".hadolint.yaml": lambda path: settings(hadolint_config.load(path)),
    "baseline.json": baseline.load,
}
