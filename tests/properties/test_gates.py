"""What holds for every gate: looser budgets never fail more, and no file can break a report."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.gates.judge import judge
from imgtool.gates.model import Judged, Status, Weighed
from imgtool.gates.settings import Policy, Require, Target
from imgtool.images.baseline import NoBaselineError, read
from imgtool.images.budget import Budget
from imgtool.images.compare import Measure
from imgtool.images.measure import Measures
from imgtool.report.gates.common import Where
from imgtool.report.gates.data import as_json
from imgtool.report.gates.github import as_github
from imgtool.report.gates.gitlab import as_gitlab, as_metrics
from imgtool.report.gates.junit import as_junit
from imgtool.report.gates.markdown import as_markdown
from imgtool.report.gates.text import as_text
from imgtool.report.style import Style
from imgtool.values import replace

TODAY = date(2030, 1, 1)
SIZES = st.integers(0, (1 << 60) - 1)
TEXTS = st.text(max_size=30) | st.sampled_from(["linux/amd64", "gzip", "zstd", "none"])


def row(unpacked: int) -> dict[str, Any]:
    measures = dict.fromkeys(("transfer", "unpacked", "flattened", "waste"), unpacked)
    stated = {"reference": "a", "source": "b", "platform": "linux/amd64", "compression": "gzip"}
    return {**stated, **measures, "layers": []}


def weighed(unpacked: int) -> Weighed:
    (measures,) = read([row(unpacked)])
    return Weighed(measures)


def status(policy: Policy, before: int, after: int) -> Status:
    return judge(Target("a", policy), weighed(after), weighed(before), today=TODAY).status


LIMITS = st.lists(
    st.builds(Budget, st.sampled_from(["max-growth", "max-size"]), st.just("x"), SIZES), max_size=4
)
PAIRS = st.tuples(SIZES, SIZES)


@settings(max_examples=50, deadline=None)
@given(LIMITS, PAIRS, SIZES, SIZES)
def test_looser_is_never_worse(limits: list[Budget], pair: tuple[int, int], more: int, floor: int) -> None:
    policy = Policy(budgets=tuple(limits))
    if status(policy, *pair) is Status.PASSED:
        looser = [replace(limit, size=limit.size + more) for limit in limits]
        assert status(replace(policy, budgets=tuple(looser)), *pair) is Status.PASSED
        assert status(replace(policy, noise_floor=floor), *pair) is Status.PASSED
        assert status(replace(policy, require=Require.ANY), *pair) is Status.PASSED
        assert status(replace(policy, budgets=tuple(limits[1:])), *pair) is Status.PASSED


@settings(max_examples=50, deadline=None)
@given(LIMITS, SIZES, SIZES)
def test_what_does_not_grow_is_within_growth(limits: list[Budget], before: int, less: int) -> None:
    growth = tuple(limit for limit in limits if limit.kind == "max-growth")
    assert status(Policy(budgets=growth), before, max(0, before - less)) is Status.PASSED


LAYERS = st.fixed_dictionaries(
    {
        "digest": st.none() | TEXTS,
        "diff_id": TEXTS,
        "compression": TEXTS,
        "transfer": st.none() | SIZES,
        "unpacked": st.none() | SIZES,
        "content": st.none() | SIZES,
        "created_by": st.none() | TEXTS,
    }
)
ROWS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("reference", "source", "platform", "compression"), TEXTS),
        **dict.fromkeys(("transfer", "unpacked", "flattened", "waste"), st.none() | SIZES),
        "digest": st.none() | TEXTS,
        "layers": st.lists(LAYERS, max_size=3),
    }
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_any_value_is_a_report_or_none(value: Any) -> None:
    try:
        found = read(value)
    except NoBaselineError:
        return
    assert all(isinstance(one, Measures) for one in found)


@settings(max_examples=50, deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=2), TEXTS, st.sampled_from(list(Measure)))
def test_any_images_can_be_told(rows: list[dict[str, Any]], name: str, measure: Measure) -> None:
    base, head = (Weighed(measures) for measures in read(rows))
    policy = Policy(measure, budgets=(Budget("max-growth", "0"), Budget("max-size", "1MB", 10**6)))
    judged: list[Judged] = [judge(Target(name, policy), head, base, today=TODAY)]
    where = Where(name)
    ET.fromstring(as_junit(judged))  # noqa: S314 - our own
    for text in (as_json(judged), as_gitlab(judged, where)):
        json.loads(text)
    for text in (
        as_text(judged, Style()),
        as_markdown(judged, "k"),
        as_github(judged, where),
        as_metrics(judged),
    ):
        # it can be printed, and moves no terminal
        text.encode()
        assert all(char.isprintable() or char == "\n" for char in text)
