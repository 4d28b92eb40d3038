"""A gate's judgements for GitLab: a Code Quality report, and a metrics report in the form of OpenMetrics.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format,
https://docs.gitlab.com/ci/testing/metrics_reports/, https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from imgtool.gates.model import Held, Judged, Outcome
from imgtool.leaks import hide
from imgtool.report.gates.common import MEASURES, Where, pointed, verdict
from imgtool.report.style import printable

_SEVERITIES = {
    Outcome.OVER: "major",
    Outcome.MISSING: "major",
    Outcome.WAIVED: "info",
    Outcome.NOT_JUDGED: "info",
}


def as_gitlab(judged: Sequence[Judged], where: Where) -> str:
    """An issue for each budget that does not hold, and for what is not known."""
    issues = [_issue(*said) for one in judged for said in _said(one, where)]
    return json.dumps(issues, indent=2) + "\n"


def _said(judged: Judged, where: Where) -> Iterator[tuple[Where, str, str, str, str]]:
    for held in judged.held:
        if held.outcome in _SEVERITIES:
            budget = f"{held.kind} {held.limit}"
            at = pointed(judged, held, where)
            yield at, judged.name, budget, _SEVERITIES[held.outcome], verdict(held)
    if judged.error:
        yield where, judged.name, "measured", "major", judged.error


def _issue(where: Where, name: str, budget: str, severity: str, text: str) -> dict[str, Any]:
    return {
        "description": hide(printable(f"imgtool gate ({name}): {text}")),
        "check_name": f"imgtool-gate-{budget.split(' ', maxsplit=1)[0]}",
        # of what is judged, not of how it is worded or how large it is
        "fingerprint": sha256(f"{name}\0{budget}".encode("utf-8", "replace")).hexdigest(),
        "severity": severity,
        "location": {"path": printable(where.path), "lines": {"begin": where.line}},
    }


_FAMILIES = (
    ("imgtool_image_size_bytes", "What the image weighs, by measure."),
    ("imgtool_image_baseline_bytes", "What it is compared with, by measure."),
    ("imgtool_image_layers", "Layers of the image."),
    ("imgtool_budget_allowed", "The most that a budget allows: bytes, layers or places."),
    ("imgtool_budget_actual", "What there is of it."),
    ("imgtool_budget_exceeded", "1 where a budget fails the gate."),
)


def as_metrics(judged: Sequence[Judged]) -> str:
    """Gauges: sizes of both images by measure, and each budget with what there is."""
    samples = [sample for one in judged for sample in _samples(one)]
    lines = []
    for name, text in _FAMILIES:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        lines += [f"{name}{_labels(labels)} {value}" for family, labels, value in samples if family == name]
    return "".join(f"{line}\n" for line in (*lines, "# EOF"))


def _samples(judged: Judged) -> Iterator[tuple[str, dict[str, str], int]]:
    if judged.head:
        named = {"image": judged.name, "platform": judged.head.image.platform}
        yield "imgtool_image_layers", named, len(judged.head.image.layers)
        images = [("imgtool_image_size_bytes", judged.head)]
        images += [("imgtool_image_baseline_bytes", judged.comparison.base)] if judged.comparison else []
        for family, measures in images:
            for name in MEASURES:
                if (value := getattr(measures, name)) is not None:
                    yield family, {**named, "measure": name}, value
    for held in judged.held:
        yield from _budget(judged.name, held)


def _budget(name: str, held: Held) -> Iterator[tuple[str, dict[str, str], int]]:
    labels = {"image": name, "budget": held.kind, "limit": held.limit}
    if held.actual is not None and held.allowed is not None:
        yield "imgtool_budget_allowed", labels, held.allowed
        yield "imgtool_budget_actual", labels, held.actual
    yield "imgtool_budget_exceeded", labels, int(held.outcome.fails)


_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def _labels(labels: dict[str, str]) -> str:
    listed = ",".join(f'{name}="{printable(value).translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{listed}}}"
