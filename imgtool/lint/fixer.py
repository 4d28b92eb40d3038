"""Applying fixes until none is left, or giving back the original."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imgtool.edits import Edit, apply, conflicting
from imgtool.findings import Applicability, Finding
from imgtool.lint.runner import LintResult
from imgtool.syntax import parse

MAX_PASSES = 10


@dataclass(frozen=True, slots=True)
class FixResult:
    """What fixing one file gave: its new bytes, findings fixed by code, and what is left.

    ``converged`` is False where fixes undid each other or did not end; ``data`` is then the original.
    """

    data: bytes
    fixed: Counter[str]
    left: LintResult
    converged: bool = True


def fix(data: bytes, lint: Callable[[bytes], LintResult], *, unsafe: bool = False) -> FixResult:
    """Apply safe fixes, with ``unsafe`` those too, in at most :data:`MAX_PASSES` passes.

    A fix that would make BuildKit refuse the file is not applied. Idempotent where it converges.
    """
    first = lint(data)
    result, current = first, data
    fixed: Counter[str] = Counter()
    seen = {data}
    for _ in range(MAX_PASSES):
        changed, codes = _one_pass(current, result.findings, unsafe=unsafe)
        if changed == current:
            return FixResult(current, fixed, result)
        if changed in seen:
            break
        seen.add(changed)
        fixed.update(codes)
        current, result = changed, lint(changed)
    return FixResult(data, Counter(), first, converged=False)


def _one_pass(data: bytes, findings: Sequence[Finding], *, unsafe: bool) -> tuple[bytes, list[str]]:
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    errors = len(parse(data).problems)
    taken: list[Edit] = []
    codes: list[str] = []
    for finding in findings:
        chosen = finding.fix
        if chosen is None or chosen.applicability not in allowed or conflicting(chosen.edits, taken):
            continue
        attempt = [*taken, *chosen.edits]
        if len(parse(apply(data, attempt)).problems) <= errors:
            taken = attempt
            codes.append(finding.code)
    return apply(data, taken), codes
