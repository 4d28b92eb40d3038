"""Findings as rows of JSON."""

from __future__ import annotations

import json
from pathlib import Path

from results import result

from imgtool.edits import Edit, Span
from imgtool.findings import Applicability, Finding, Fix, Severity
from imgtool.report.lint.rows import as_json, as_jsonl

HERE = Path.cwd()


def test_json() -> None:
    data = "RUN 重 a && \\\n b\n".encode()
    start, end = data.index(b"a"), data.index(b"b") + 1
    fix = Fix("Do it", (Edit(start, end, "c\udcff"),), Applicability.UNSAFE)
    one = Finding("IMG201", "merge", Severity.STYLE, Span(start, end), "m", ("DL3059",), fix, 7)
    two = Finding("IMG001", "syntax-error", Severity.ERROR, Span(0, 3), 'a "quoted" message')
    results = [result(data, one), result(b"x", path="b\udcff"), result(data, two)]
    rows = json.loads(as_json(results, HERE))
    assert [json.loads(line) for line in as_jsonl(results, HERE).splitlines()] == rows
    assert rows == [
        {
            "file": "Dockerfile",
            "code": "IMG201",
            "name": "merge",
            "aliases": ["DL3059"],
            "severity": "style",
            "message": "m",
            "line": 1,
            "column": 7,
            "end_line": 2,
            "end_column": 3,
            "fix": {
                "applicability": "unsafe",
                "message": "Do it",
                "edits": [{"start": 8, "end": 17, "text": "c\udcff"}],
            },
            "saves_bytes": 7,
        },
        {
            "file": "Dockerfile",
            "code": "IMG001",
            "name": "syntax-error",
            "aliases": [],
            "severity": "error",
            "message": 'a "quoted" message',
            "line": 1,
            "column": 1,
            "end_line": 1,
            "end_column": 4,
        },
    ]


def test_json_of_nothing_is_an_empty_array() -> None:
    assert as_json([], HERE) == as_json([result(b"FROM a\n")], HERE) == "[]\n"


def test_lines_of_nothing_are_none() -> None:
    assert as_jsonl([result(b"FROM a\n")], HERE) == ""


def test_further_places() -> None:
    data = b"FROM a\nRUN b\n"
    finding = Finding("X1", "x", Severity.INFO, Span(0, 4), "m", related=(Span(7, 10),))
    (row,) = json.loads(as_json([result(data, finding)], HERE))
    assert row["related"] == [{"line": 2, "column": 1, "end_line": 2, "end_column": 4}]
