"""Fixes converge, or the file stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.edits import Edit, Span, apply, conflicting
from imgtool.findings import Finding
from imgtool.lint import registry
from imgtool.lint.fixer import MAX_PASSES, FixResult, fix
from imgtool.lint.registry import Rule
from imgtool.lint.runner import lint
from imgtool.rule import Applicability, Document, Facts, Fix, RuleMeta, Severity
from imgtool.syntax import parse

MakeRule = Callable[..., Rule]
Check = Callable[[Document, Facts], Iterator[Finding]]


def replacing(code: str, old: str, new: str, applicability: Applicability = Applicability.SAFE) -> Check:
    """A rule that finds ``old`` and offers ``new``."""
    meta = RuleMeta(code, code.lower(), Severity.WARNING, "0")

    def check(document: Document, _facts: Facts) -> Iterator[Finding]:
        at = document.data.find(old.encode())
        while at >= 0:
            edit = Edit(at, at + len(old.encode()), new)
            yield meta.finding(
                Span(edit.start, edit.end), "", fix=Fix(f"Write {new}", (edit,), applicability)
            )
            at = document.data.find(old.encode(), at + 1)

    return check


def run(make_rule: MakeRule, data: bytes, *checks: Check, **options: Any) -> FixResult:
    rules = [make_rule(f"T{number}", check) for number, check in enumerate(checks)]
    return fix(data, lambda current: lint(current, "Dockerfile", rules), **options)


def test_one_pass(make_rule: MakeRule) -> None:
    done = run(make_rule, b"FROM a\nRUN old && old\n", replacing("A", "old", "new"))
    assert (done.data, dict(done.fixed), done.left.findings) == (b"FROM a\nRUN new && new\n", {"A": 2}, ())


def test_a_fix_may_make_work_for_another(make_rule: MakeRule) -> None:
    done = run(make_rule, b"FROM a\nRUN one\n", replacing("A", "one", "two"), replacing("B", "two", "three"))
    assert (done.data, dict(done.fixed), done.converged) == (b"FROM a\nRUN three\n", {"A": 1, "B": 1}, True)


def test_nothing_to_fix_gives_the_very_bytes(make_rule: MakeRule) -> None:
    data = b"\xef\xbb\xbfFROM a\r\nRUN \xff"
    done = run(make_rule, data, replacing("A", "old", "new"))
    assert (done.data, done.fixed.total(), done.converged) == (data, 0, True)


@pytest.mark.parametrize(
    "applicability, unsafe, changed",
    [
        (Applicability.SAFE, False, True),
        (Applicability.SAFE, True, True),
        (Applicability.UNSAFE, False, False),
        (Applicability.UNSAFE, True, True),
        (Applicability.DISPLAY, False, False),
        (Applicability.DISPLAY, True, False),
    ],
)
def test_applicability(
    make_rule: MakeRule, applicability: Applicability, unsafe: bool, changed: bool
) -> None:
    done = run(make_rule, b"FROM a\nRUN old\n", replacing("A", "old", "new", applicability), unsafe=unsafe)
    assert (b"new" in done.data, len(done.left.findings)) == (changed, 0 if changed else 1)


def test_oscillation_gives_back_the_original(make_rule: MakeRule) -> None:
    data = b"FROM a\nRUN ping\n"
    done = run(make_rule, data, replacing("A", "ping", "pong"), replacing("B", "pong", "ping"))
    assert (done.data, done.fixed.total(), done.converged) == (data, 0, False)
    assert [f.code for f in done.left.findings] == ["A"]


def test_growth_without_end_gives_back_the_original(make_rule: MakeRule) -> None:
    data = b"FROM a\nRUN x\n"
    done = run(make_rule, data, replacing("A", "RUN x", "RUN xx"))
    assert (done.data, done.converged) == (data, False)


def test_as_many_passes_as_promised(make_rule: MakeRule) -> None:
    steps = [replacing(f"S{n}", f"<{n}>", f"<{n + 1}>") for n in range(MAX_PASSES + 1)]
    data = b"FROM a\nRUN <0>\n"
    assert run(make_rule, data, *steps[: MAX_PASSES - 1]).data == f"FROM a\nRUN <{MAX_PASSES - 1}>\n".encode()
    done = run(make_rule, data, *steps)
    assert (done.data, done.converged) == (data, False)


def test_of_two_that_conflict_the_first_is_applied(make_rule: MakeRule) -> None:
    done = run(make_rule, b"FROM a\nRUN abc\n", replacing("A", "abc", "x"), replacing("B", "bc", "y"))
    assert (done.data, dict(done.fixed)) == (b"FROM a\nRUN x\n", {"A": 1})


def test_two_insertions_at_one_place_take_two_passes(make_rule: MakeRule) -> None:
    def insert(code: str, text: str) -> Check:
        meta = RuleMeta(code, code.lower(), Severity.WARNING, "0")

        def check(document: Document, _facts: Facts) -> Iterator[Finding]:
            if text.encode() not in document.data:
                at = document.data.index(b"RUN")
                yield meta.finding(Span(at, at), "", fix=Fix("", (Edit(at, at, text),), Applicability.SAFE))

        return check

    done = run(make_rule, b"FROM a\nRUN x\n", insert("A", "ENV A=1\n"), insert("B", "ENV B=1\n"))
    assert done.data == b"FROM a\nENV A=1\nENV B=1\nRUN x\n"


def test_equal_edits_of_two_findings_are_one(make_rule: MakeRule) -> None:
    done = run(make_rule, b"FROM a\nRUN old\n", replacing("A", "old", "new"), replacing("B", "old", "new"))
    assert (done.data, dict(done.fixed)) == (b"FROM a\nRUN new\n", {"A": 1, "B": 1})


def test_a_fix_that_breaks_the_file_is_left_out_and_the_others_are_not(make_rule: MakeRule) -> None:
    done = run(
        make_rule, b"FROM a\nRUN x\nRUN y\n", replacing("A", "RUN x", "NONSENSE"), replacing("B", "y", "z")
    )
    assert (done.data, dict(done.fixed), done.converged) == (b"FROM a\nRUN x\nRUN z\n", {"B": 1}, True)
    assert [f.code for f in done.left.findings] == ["A"]


def test_two_that_break_the_file_in_one_order_are_applied_in_the_other(make_rule: MakeRule) -> None:
    data = b"FROM a\nCOPY x y z/\n"
    done = run(make_rule, data, replacing("A", "z/", "z"), replacing("B", " x y", " x"))
    assert (done.data, done.converged) == (b"FROM a\nCOPY x z\n", True)


def test_a_file_that_was_broken_may_be_fixed_elsewhere(make_rule: MakeRule) -> None:
    done = run(make_rule, b"FROM a\nNONSENSE\nRUN old\n", replacing("A", "old", "new"))
    assert done.data == b"FROM a\nNONSENSE\nRUN new\n"


def test_one_error_is_not_traded_for_another(make_rule: MakeRule) -> None:
    data = b"FROM a\nNONSENSE\n"
    assert run(make_rule, data, replacing("A", "NONSENSE", "COPY x")).data == data


# --- conflicting, against its definition ---
EDITS = st.builds(
    lambda a, b, t: Edit(min(a, b), max(a, b), t), st.integers(0, 9), st.integers(0, 9), st.sampled_from("xy")
)


@given(st.lists(EDITS, max_size=3), st.lists(EDITS, max_size=6))
def test_conflicting_is_any_overlap_of_unequal_edits(edits: list[Edit], others: list[Edit]) -> None:
    taken: list[Edit] = []
    for other in others:
        if not any(other != t and other.span.overlaps(t.span) for t in taken):
            taken = sorted([*taken, other])
    expected = any(e != t and e.span.overlaps(t.span) for e in edits for t in taken)
    assert conflicting(edits, taken) is expected
    if not conflicting(edits[:1], taken):
        apply(b"0123456789", [*edits[:1], *taken])


CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "open"


@pytest.mark.corpus
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_fixes_of_real_files_converge_and_bring_no_error(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(sorted(CORPUS.iterdir()))).read_bytes()
    rules = [registry.load(entry) for entry in registry.select()]
    done = fix(original, lambda current: lint(current, "Dockerfile", rules), unsafe=True)
    assert done.converged
    assert not done.left.failures
    assert len(parse(done.data).problems) <= len(parse(original).problems)
    again = fix(done.data, lambda current: lint(current, "Dockerfile", rules), unsafe=True)
    assert again.data == done.data
