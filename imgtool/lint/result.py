"""What linting a file gives, and what a project makes of it. Loads no rule, as a run may need none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from imgtool.facts.masks import Mask
from imgtool.findings import Finding, Severity
from imgtool.syntax.source import Source
from imgtool.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the project makes of findings: ``silenced`` aliases (:func:`registry.silenced`), other ``severities``; whether
    ``comments`` in the file silence findings.

    ``severities`` maps codes and prefixes of codes; the longest counts. Where none fits a finding, that of a code
    which it has as an alias does.
    """

    silenced: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    comments: bool = True

    def of(self, findings: Iterable[Finding]) -> Iterable[Finding]:
        """The findings that stay, as severe as they are here."""
        return self._of(findings) if self.silenced or self.severities else findings

    def _of(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        for finding in findings:
            if self.silenced and not self.silenced.isdisjoint(map(str.lower, finding.aliases)):
                continue
            fits = [key for key in self.severities if finding.code.startswith(key)]
            key = max(fits, key=len, default=None) or next(filter(self.severities.get, finding.aliases), None)
            yield replace(finding, severity=self.severities[key]) if key else finding


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that raised: a defect of imgtool, never of the file."""

    code: str
    error: str


@dataclass(frozen=True, slots=True)
class LintResult:
    """What linting one file gave. ``path`` is the name that reports show, ``mask`` hides its secrets in them."""

    path: str
    source: Source = field(repr=False)
    findings: tuple[Finding, ...]
    failures: tuple[RuleFailure, ...] = ()
    mask: Mask = field(default=Mask(), repr=False)
