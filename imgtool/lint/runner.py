"""Running rules over one file: the only orchestrator of lint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from imgtool.facts.facts import FactOptions, Facts
from imgtool.findings import Finding
from imgtool.lint import img002_unused_suppression as img002
from imgtool.lint import img003_unknown_code as img003
from imgtool.lint.registry import IndexEntry, Rule, index, load
from imgtool.lint.suppress import Code, Suppression, sift, suppressions
from imgtool.syntax import parse
from imgtool.syntax.nodes import Document
from imgtool.syntax.source import Source


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that raised: a defect of imgtool, never of the file."""

    code: str
    error: str


@dataclass(frozen=True, slots=True)
class LintResult:
    """What linting one file gave. ``path`` is the name that reports show."""

    path: str
    source: Source = field(repr=False)
    findings: tuple[Finding, ...]
    failures: tuple[RuleFailure, ...] = ()


def lint(
    data: bytes,
    path: str,
    rules: Sequence[IndexEntry],
    facts: FactOptions | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> LintResult:
    """Lint a Dockerfile's bytes with the rules of an index selection.

    ``options`` maps rule codes to instances of their ``Options``. Never raises on any input.
    """
    document = parse(data)
    knowledge = Facts(document, facts)
    failures: list[RuleFailure] = []
    found: list[Finding] = []
    for rule in map(load, rules):
        try:
            found += _check(rule, knowledge, options)
        except Exception as error:  # noqa: BLE001 - one rule's defect must not hide the others' findings
            failures.append(RuleFailure(rule.meta.code, f"{type(error).__name__}: {error}"))
    found = one_each(found)
    comments = suppressions(document)
    kept, used = sift(found, comments)
    late, _ = sift(_about_comments(document, comments, used, rules), comments)
    ordered = sorted({*kept, *late}, key=lambda f: (f.span, f.code, f.message))
    return LintResult(path, document.source, tuple(ordered), tuple(failures))


def _check(rule: Rule, facts: Facts, options: Mapping[str, Any]) -> Iterator[Finding]:
    extra = ()
    if rule.options is not None:
        extra = (options.get(rule.meta.code) or rule.options(),)
    for subject in _subjects(rule.subject, facts):
        yield from rule.check(subject, facts, *extra)


def _subjects(kind: str, facts: Facts) -> Iterable[Any]:
    match kind:
        case "Document":
            return (facts.document,)
        case "Stage":
            return facts.stages
        case "Run":
            return (run for stage in facts.stages for run in facts.runs(stage))
        case _:
            return facts.document.instructions


def one_each(findings: Iterable[Finding]) -> list[Finding]:
    """One finding an alias group and place: where two rules name each other, the first in order stays."""
    kept: list[Finding] = []
    seen: dict[tuple[str, int], str] = {}
    for finding in findings:
        names = (finding.code, *finding.aliases)
        others = {seen.get((name, finding.span.start), finding.code) for name in names}
        if others <= {finding.code}:
            kept.append(finding)
            seen.update(dict.fromkeys(((n, finding.span.start) for n in names), finding.code))
    return kept


def _about_comments(
    document: Document, comments: Sequence[Suppression], used: set[Code], rules: Sequence[IndexEntry]
) -> Iterator[Finding]:
    active = {rule.code for rule in rules}
    if img003.META.code in active:
        yield from img003.unknown(comments, _names(index()))
    if img002.META.code in active:
        ran = _names(rules)
        idle = [c for s in comments for c in s.codes if c not in used and c.text.lower() in ran]
        yield from img002.unused(document, comments, idle)


def _names(rules: Iterable[IndexEntry]) -> frozenset[str]:
    return frozenset(name.lower() for rule in rules for name in (rule.code, rule.name, *rule.aliases))
