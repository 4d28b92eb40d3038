"""Applying fixes until none is left, or giving back the original."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence

from imgtool.edits import Edit, apply, conflicting
from imgtool.facts.context import as_written
from imgtool.findings import Applicability, Finding, Fix
from imgtool.lint.result import LintResult
from imgtool.syntax import parse
from imgtool.values import dataclass, replace

MAX_PASSES = 10


@dataclass(frozen=True, slots=True)
class FixResult:
    """What fixing one file gave: its new bytes, findings fixed by code, and what is left.

    ``converged`` is False where fixes undid each other or did not end; ``data`` is then the original. ``creates`` are
    files that are to be written beside, paths with their texts; what they end is counted as fixed.
    """

    data: bytes
    fixed: Counter[str]
    left: LintResult
    converged: bool = True
    creates: tuple[tuple[str, str], ...] = ()


def fix(data: bytes, lint: Callable[[bytes], LintResult], *, unsafe: bool = False) -> FixResult:
    """Apply safe fixes, with ``unsafe`` those too, in at most :data:`MAX_PASSES` passes.

    ``lint`` looks at the build context again each time. A fix that would make BuildKit refuse the file is not applied. Idempotent where it converges.
    """
    first = lint(data)
    result, current = first, data
    fixed: Counter[str] = Counter()
    seen = {data}
    for _ in range(MAX_PASSES):
        changed, codes = _one_pass(current, result.findings, unsafe=unsafe)
        if changed == current:
            return _with_files(FixResult(current, fixed, result), lint, unsafe=unsafe)
        if changed in seen:
            break
        seen.add(changed)
        fixed.update(codes)
        current, result = changed, lint(changed)
    return FixResult(data, Counter(), first, converged=False)


def _with_files(done: FixResult, lint: Callable[[bytes], LintResult], *, unsafe: bool) -> FixResult:
    """The same, where files that fixes create are taken as there."""
    allowed = _allowed(unsafe=unsafe)
    fixes = [f.fix for f in done.left.findings if f.fix and f.fix.applicability in allowed]
    creates = tuple(dict.fromkeys(new for fix in fixes for new in fix.creates))
    if not creates:
        return done
    with as_written(dict(creates)):
        left = lint(done.data)
    done.fixed.update(_codes(done.left) - _codes(left))
    return replace(done, left=left, creates=creates)


def _codes(result: LintResult) -> Counter[str]:
    return Counter(finding.code for finding in result.findings)


def _allowed(*, unsafe: bool) -> frozenset[Applicability]:
    return frozenset((Applicability.SAFE, Applicability.UNSAFE) if unsafe else (Applicability.SAFE,))


def _one_pass(data: bytes, findings: Sequence[Finding], *, unsafe: bool) -> tuple[bytes, list[str]]:
    allowed = _allowed(unsafe=unsafe)
    chosen: list[tuple[Finding, Fix]] = []
    taken: list[Edit] = []
    for finding in findings:
        offer = finding.fix
        if offer and offer.edits and offer.applicability in allowed and not conflicting(offer.edits, taken):
            chosen.append((finding, offer))
            for edit in offer.edits:
                insort(taken, edit)
    applied = accepted(data, chosen)
    changed = apply(data, [edit for _, offer in applied for edit in offer.edits])
    return changed, [finding.code for finding, _ in applied]


def accepted(data: bytes, fixes: list[tuple[Finding, Fix]]) -> list[tuple[Finding, Fix]]:
    """Those of the fixes that together bring no new syntax error."""
    if not fixes:
        return fixes
    before = _problems(data)
    if _problems(apply(data, [edit for _, offer in fixes for edit in offer.edits])) <= before:
        return fixes
    kept: list[tuple[Finding, Fix]] = []
    edits: list[Edit] = []
    for finding, offer in fixes:
        if _problems(apply(data, [*edits, *offer.edits])) <= before:
            kept.append((finding, offer))
            edits += offer.edits
    return kept


def _problems(data: bytes) -> Counter[str]:
    return Counter(problem.message for problem in parse(data).problems)
