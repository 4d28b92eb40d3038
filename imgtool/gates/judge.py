"""Holding one image against its budgets. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from imgtool.facts.globs import compile_match
from imgtool.gates.model import Grown, Held, Judged, Outcome, Place, Weighed
from imgtool.gates.settings import Missing, Policy, Require, Target, Waiver
from imgtool.gitignore import Patterns
from imgtool.images.compare import Change, Comparison, Measure, changed_layers, changes, compare
from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures
from imgtool.values import replace

#: Of each table of what grew, and of what is forbidden.
MOST = 1000
_ROOT = Path("/")


def judge(
    target: Target,
    head: Weighed,
    base: Weighed | None,
    *,
    missing: str = "",
    waivers: Sequence[Waiver] = (),
    today: date,
) -> Judged:
    """Hold an image against the budgets of a target.

    Args:
        target: the image's name and its policy.
        head: the image.
        base: what it is compared with; None where there is nothing, and ``missing`` says why.
        missing: why there is no baseline.
        waivers: those of all images.
        today: the day on which waivers hold or have ended.
    """
    policy = target.policy
    comparison, error = _compared(base, head, policy.measure) if base else (None, "")
    held, unknown = _own(policy, head)
    if policy.of("max-growth") and not error:
        held += _growth(policy, comparison, missing)
    errors = [error, unknown] if error != unknown else [error]
    mine = [waiver for waiver in waivers if waiver.image == target.name]
    return Judged(
        target.name,
        policy.measure,
        tuple(_waived(one, mine, today) for one in held),
        head.measures,
        comparison,
        _grown(base, head, comparison) if base and comparison else None,
        tuple(_notes(policy, held, comparison, missing, mine, today)),
        "; ".join(filter(None, errors)),
    )


def _compared(base: Weighed, head: Weighed, measure: Measure) -> tuple[Comparison | None, str]:
    try:
        return compare(base.measures, head.measures, measure), ""
    except ImageError as error:
        return None, error.reason


# -- budgets ----------------------------------------------------------------------------------------------


def _own(policy: Policy, head: Weighed) -> tuple[list[Held], str]:
    """The budgets of the image alone, and what of them is not known."""
    found: list[Held] = []
    unknown = ""
    measures = head.measures
    for budget in policy.budgets:
        match budget.kind:
            case "max-size":
                actual = getattr(measures, policy.measure)
                allowed, measure = budget.size, str(policy.measure)
            case "max-waste":
                content = None if measures.waste is None else (measures.flattened or 0) + measures.waste
                actual, allowed, measure = measures.waste, budget.allowed(content or 0), "waste"
            case "max-layers":
                actual, allowed, measure = len(measures.image.layers), budget.size, ""
            case _:
                continue
        if actual is None:
            unknown = (
                f"{measure} is not known of {measures.image.reference}, so --{budget.kind} is not judged"
            )
        else:
            outcome = Outcome.WITHIN if actual <= allowed else Outcome.OVER
            found.append(Held(budget.kind, budget.text, outcome, actual, allowed, measure))
    return [*found, *_forbidden(policy, head)], unknown


def _forbidden(policy: Policy, head: Weighed) -> Iterator[Held]:
    if policy.paths and head.contents:
        covers = Patterns.of(_ROOT, policy.paths).finder()
        files = (Place(file.path, file.size, file.layer) for file in head.contents.files())
        yield _places("forbid-paths", policy.paths, (file for file in files if covers(file.name[1:])))
    if policy.packages and head.packages is not None:
        patterns = [(":" in pattern, compile_match(pattern)) for pattern in policy.packages]
        found = (
            Place(package.key, package.size, package.layer)
            for package in head.packages
            if any(matches(package.key if whole else package.name) for whole, matches in patterns)
        )
        yield _places("forbid-packages", policy.packages, found)


def _places(kind: str, patterns: Sequence[str], found: Iterable[Place]) -> Held:
    places = sorted(found, key=lambda place: (-place.size, place.name))
    outcome = Outcome.OVER if places else Outcome.WITHIN
    return Held(kind, ", ".join(patterns), outcome, len(places), 0, places=tuple(places[:MOST]))


def _growth(policy: Policy, comparison: Comparison | None, missing: str) -> list[Held]:
    limits = policy.of("max-growth")
    if comparison is None:
        outcome = Outcome.MISSING if policy.missing is Missing.FAIL else Outcome.NOT_JUDGED
        return [
            Held(one.kind, one.text, outcome, measure=str(policy.measure), note=missing) for one in limits
        ]
    held = []
    for limit in limits:
        growth, allowed = comparison.growth, limit.allowed(comparison.before)
        outcome = Outcome.WITHIN
        if growth > allowed:
            outcome = Outcome.NOISE if growth <= policy.noise_floor else Outcome.OVER
        held.append(Held(limit.kind, limit.text, outcome, growth, allowed, str(comparison.measure)))
    if policy.require is Require.ANY and any(not one.outcome.fails for one in held):
        return [replace(one, outcome=Outcome.ENOUGH) if one.outcome.fails else one for one in held]
    return held


# -- waivers ----------------------------------------------------------------------------------------------


def _waived(held: Held, waivers: Iterable[Waiver], today: date) -> Held:
    if not held.outcome.fails:
        return held
    mine = sorted((one for one in waivers if one.budget == held.kind), key=lambda one: one.until)
    if not mine:
        return held
    last = mine[-1]
    if last.until < today:
        return replace(held, note=_joined(held.note, f"its waiver ended on {last.until}: {last.reason}"))
    note = _joined(held.note, f"waived until {last.until}: {last.reason}")
    return replace(held, outcome=Outcome.WAIVED, note=note)


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _notes(
    policy: Policy,
    held: Iterable[Held],
    comparison: Comparison | None,
    missing: str,
    waivers: Iterable[Waiver],
    today: date,
) -> Iterator[str]:
    if comparison and comparison.why:
        yield f"compared on {comparison.measure}, not {policy.measure}: {comparison.why}"
    if comparison is None and missing:
        yield f"no baseline: {missing}"
    failing = {one.kind for one in held if one.outcome.fails}
    for waiver in waivers:
        if waiver.until < today and waiver.budget not in failing:
            yield f"the waiver of {waiver.budget} ended on {waiver.until} and is not needed: remove it"


# -- what grew --------------------------------------------------------------------------------------------


def _grown(base: Weighed, head: Weighed, comparison: Comparison) -> Grown:
    return Grown(
        _layers(base.measures, head.measures, comparison.measure),
        _changed(_packages(base), _packages(head)),
        _changed(_files(base), _files(head)),
    )


def _changed(before: dict[str, int] | None, after: dict[str, int] | None) -> tuple[Change, ...]:
    return () if before is None or after is None else tuple(changes(before, after)[:MOST])


def _layers(base: Measures, head: Measures, measure: Measure) -> tuple[Change, ...]:
    # a ratchet remembers no layers
    if not base.image.layers:
        return ()
    return tuple(changed_layers(base.image.layers, head.image.layers, measure)[:MOST])


def _packages(one: Weighed) -> dict[str, int] | None:
    if one.packages is None:
        return None
    sizes: dict[str, int] = {}
    for package in one.packages:
        # the same distribution can be installed at several places
        sizes[package.key] = sizes.get(package.key, 0) + package.size
    return sizes


def _files(one: Weighed) -> dict[str, int] | None:
    return None if one.contents is None else {file.path: file.size for file in one.contents.files()}
