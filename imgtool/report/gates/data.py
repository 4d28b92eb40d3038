"""A gate's judgements as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from imgtool.gates.model import Grown, Held, Judged, Outcome
from imgtool.images.compare import Change
from imgtool.images.measure import Measures
from imgtool.report.gates.common import MEASURES, gated
from imgtool.report.sizes import step

#: Of each table of what grew, and of what is forbidden.
_MOST = 100


def as_json(judged: Sequence[Judged]) -> str:
    """All images, all sizes in bytes; ``growth_percent`` is null over nothing, and without a baseline.

    ``within`` of a budget is null where it was not judged; that of the whole says whether the gate lets it pass.
    """
    rows = [_image(one) for one in judged]
    within = all(one.status == "passed" for one in judged)
    return json.dumps({"version": 1, "within": within, "images": rows}, indent=2) + "\n"


def _image(judged: Judged) -> dict[str, Any]:
    comparison = judged.comparison
    before = comparison.before if comparison else None
    growth = comparison.growth if comparison else None
    return {
        "name": judged.name,
        "status": str(judged.status),
        "measure": str(gated(judged)),
        "before": before,
        "after": comparison.after if comparison else getattr(judged.head, judged.measure, None),
        "growth": growth,
        "growth_percent": round(100 * growth / before, 3) if growth is not None and before else None,
        "budgets": [_held(held) for held in judged.held],
        "notes": list(judged.notes),
        "error": judged.error or None,
        "base": _measures(comparison.base) if comparison else None,
        "head": _measures(judged.head) if judged.head else None,
        "grown": _grown(judged.grown, judged.lines) if judged.grown else None,
    }


def _held(held: Held) -> dict[str, Any]:
    return {
        "budget": held.kind,
        "limit": held.limit,
        "outcome": str(held.outcome),
        "measure": held.measure or None,
        "actual": held.actual,
        "allowed": held.allowed,
        "within": None if held.outcome is Outcome.NOT_JUDGED else not held.outcome.fails,
        "note": held.note or None,
        "places": [place._asdict() for place in held.places[:_MOST]],
    }


def _measures(measures: Measures) -> dict[str, Any]:
    image = measures.image
    return {
        "reference": image.reference,
        "source": image.source,
        "platform": image.platform,
        "digest": image.digest,
        "compression": measures.compression,
        "layers": len(image.layers),
        **{name: getattr(measures, name) for name in MEASURES},
    }


def _grown(grown: Grown, lines: Mapping[str, int]) -> dict[str, Any]:
    return {
        "layers": [
            {**_change(step(change.name), change), "line": lines.get(change.name)}
            for change in grown.layers[:_MOST]
        ],
        "packages": [_change(change.name, change) for change in grown.packages[:_MOST]],
        "paths": [_change(change.name, change) for change in grown.paths[:_MOST]],
    }


def _change(name: str, change: Change) -> dict[str, Any]:
    return {"name": name, "before": change.before, "after": change.after, "growth": change.growth}
