"""How often each rule found something, and what all of it would save."""

from __future__ import annotations

import json
from pathlib import Path

from results import at, result

from imgtool.edits import Span
from imgtool.findings import Applicability, Finding, Fix, Severity
from imgtool.lint.runner import LintResult
from imgtool.report.lint.statistics import Row, as_json, rows, text, total
from imgtool.report.style import Style

DATA = b"FROM a\nRUN x y\nRUN z\n"
HERE = Path.cwd()


def file(*findings: Finding) -> LintResult:
    return result(DATA, *findings)


def test_the_most_frequent_comes_first() -> None:
    fix = {kind: Fix("Do it", (), kind) for kind in Applicability}
    found = [
        at(DATA, b"a", code="X3", fix=fix[Applicability.DISPLAY]),
        at(DATA, b"x", code="X2", fix=fix[Applicability.SAFE]),
        at(DATA, b"y", code="X2", fix=fix[Applicability.UNSAFE]),
        at(DATA, b"z", code="X1"),
    ]
    assert rows([file(*found), file(found[3])]) == (
        Row("X1", "x", 2, 0, 0, 0),
        Row("X2", "x", 2, 1, 1, 0),
        Row("X3", "x", 1, 0, 0, 0),
    )


def test_one_saving_is_counted_once_for_the_rule_that_sees_most_of_it() -> None:
    found = [
        at(DATA, b"a", code="X1", saves=3),
        at(DATA, b"FROM a", code="X2", saves=5),
        at(DATA, b"a", code="X3"),
    ]
    made = rows([file(*found)])
    assert {row.code: row.saves_bytes for row in made} == {"X1": 0, "X2": 5, "X3": 0}
    assert total(made) == Row("total", "", 3, 0, 0, 5)


def test_savings_at_different_places_add_up() -> None:
    found = [at(DATA, b"x", saves=3), at(DATA, b"y", saves=4), at(DATA, b"z", saves=5)]
    assert total(rows([file(*found), file(found[0])])).saves_bytes == 15


def test_related_places_are_the_same_defect() -> None:
    apart = Finding("X1", "x", Severity.INFO, Span(0, 4), "m", saves_bytes=7, related=(Span(11, 12),))
    assert total(rows([file(apart, at(DATA, b"x", code="X2", saves=9))])).saves_bytes == 9


def test_table() -> None:
    found = [at(DATA, b"x", code="IMG105", saves=6_260_000_000), at(DATA, b"y", code="X1")]
    assert text([file(*found)], Style()) == (
        "code    name  count  fixable  unsafe   saves\n"
        "IMG105  x         1        0       0  6.3 GB\n"
        "X1      x         1        0       0\n"
        "total             2        0       0  6.3 GB\n"
    )
    assert text([file()], Style()) == ""


def test_json() -> None:
    assert json.loads(as_json([file(at(DATA, b"x", saves=6)), file()])) == {
        "version": 1,
        "files": 2,
        "rules": [{"code": "X1", "name": "x", "count": 1, "safe": 0, "unsafe": 0, "saves_bytes": 6}],
        "total": {"count": 1, "safe": 0, "unsafe": 0, "saves_bytes": 6},
    }
