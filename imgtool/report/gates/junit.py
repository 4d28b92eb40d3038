"""A gate's judgements as JUnit's XML: a suite an image, a case a budget."""

from __future__ import annotations

from collections.abc import Sequence

from imgtool.gates.model import Held, Judged, Outcome
from imgtool.leaks import hide
from imgtool.report.gates.common import verdict
from imgtool.report.lint.xml import HEADER, element

_SKIPPED = {Outcome.WAIVED, Outcome.NOT_JUDGED}


def as_junit(judged: Sequence[Judged]) -> str:
    """All images; a budget that is waived or not judged is skipped, what is not known is an error."""
    suites = [_suite(one) for one in judged]
    total = {key: sum(suite[0][key] for suite in suites) for key in ("tests", "failures", "errors")}
    parts = [text for _, text in suites]
    return hide(f"{HEADER}{element('testsuites', {'name': 'imgtool gate', **total}, *parts)}\n")


def _suite(judged: Judged) -> tuple[dict[str, int], str]:
    cases = [_case(judged, held) for held in judged.held]
    if judged.error:
        error = element("error", {"message": judged.error, "type": "unknown"})
        cases.append(element("testcase", {"name": "measured", "classname": judged.name}, error))
    counts = {
        "tests": len(cases),
        "failures": sum(held.outcome.fails for held in judged.held),
        "errors": int(bool(judged.error)),
        "skipped": sum(held.outcome in _SKIPPED for held in judged.held),
    }
    return counts, element("testsuite", {"name": judged.name, **counts}, *cases)


def _case(judged: Judged, held: Held) -> str:
    inside = []
    if held.outcome.fails:
        inside.append(element("failure", {"message": verdict(held), "type": str(held.outcome)}))
    elif held.outcome in _SKIPPED:
        inside.append(element("skipped", {"message": verdict(held)}))
    return element("testcase", {"name": f"{held.kind} {held.limit}", "classname": judged.name}, *inside)
