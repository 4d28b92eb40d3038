"""Every report keeps to its schema, whatever the file, its name and the message."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, ValidationError
from results import result

from imgtool.cli.lint_call import LintFormat
from imgtool.cli.lint_report import renderer
from imgtool.edits import Edit, Span
from imgtool.findings import Applicability, Finding, Fix, Severity
from imgtool.lint.runner import LintResult

SCHEMAS = Path(__file__).with_name("schemas")
ROOT = Path.cwd()


@cache
def validator(name: str) -> Draft7Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


def check_sarif(text: str) -> None:
    log = json.loads(text)
    validator("sarif-2.1.0").validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    for row in run["results"]:
        assert rules[row["ruleIndex"]] == row["ruleId"]
        for location in (*row["locations"], *row.get("relatedLocations", ())):
            check_region(location["physicalLocation"]["region"], one_line=True)
            check_region(location["physicalLocation"].get("contextRegion"))
        for fix in row.get("fixes", ()):
            for change in fix["artifactChanges"]:
                for replacement in change["replacements"]:
                    check_region(replacement["deletedRegion"])
    # two alerts of one fingerprint would be one
    seen = [row["partialFingerprints"]["primaryLocationLineHash"] for row in run["results"]]
    assert len(seen) == len(set(seen))


def check_region(region: dict[str, int] | None, *, one_line: bool = False) -> None:
    if region:
        start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
        assert start <= end
        assert not one_line or start[0] == end[0]


def check_gitlab(text: str) -> None:
    rows = json.loads(text)
    validator("gitlab").validate(rows)
    assert len({row["fingerprint"] for row in rows}) == len(rows)


def check_rdjson(text: str) -> None:
    validator("rdjson").validate(json.loads(text))


def check_checkstyle(text: str) -> None:
    root = ET.fromstring(text.encode())  # noqa: S314 - our own output
    assert (root.tag, root.attrib) == ("checkstyle", {"version": "4.3"})
    for file in root:
        assert (file.tag, list(file.attrib)) == ("file", ["name"])
        for error in file:
            assert (error.tag, list(error.attrib)) == (
                "error",
                ["line", "column", "severity", "message", "source"],
            )
            assert error.attrib["severity"] in ("error", "warning", "info", "ignore")
            assert int(error.attrib["line"]) > 0 < int(error.attrib["column"])


def check_junit(text: str) -> None:
    root = ET.fromstring(text.encode())  # noqa: S314 - our own output
    assert root.tag == "testsuites"
    assert sum(int(suite.attrib["tests"]) for suite in root) == int(root.attrib["tests"])
    assert sum(int(suite.attrib["failures"]) for suite in root) == int(root.attrib["failures"])
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped"} == set(suite.attrib)
        assert len(suite) == int(suite.attrib["tests"]) > 0
        assert len(suite.findall("testcase/failure")) == int(suite.attrib["failures"])
        assert all({"name", "classname"} <= set(case.attrib) for case in suite)


COMMAND = re.compile(
    r"::(error|warning|notice) title=imgtool \((\w+)\),file=([^,:]*),line=(\d+)"
    r"(?:,col=(\d+),endLine=\4,endColumn=(\d+)|,endLine=(\d+))::(\S.*)"
)


def check_github(text: str) -> None:
    kinds = []
    for line in text.splitlines():
        found = COMMAND.fullmatch(line)
        assert found, line
        kinds.append(["error", "warning", "notice"].index(found[1]))
        assert not re.search("%(?!25|0A|0D|3A|2C)", line)
    assert kinds == sorted(kinds)


def check_markdown(text: str) -> None:
    first, *rest = text.splitlines()
    assert first.startswith("**imgtool**: ")
    for row in rest[1:]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 7, row


def check_json(text: str) -> None:
    assert all({"file", "code", "line", "column"} <= set(row) for row in json.loads(text))


def check_jsonl(text: str) -> None:
    assert all({"file", "code", "line", "column"} <= set(json.loads(line)) for line in text.splitlines())


CHECKS = {
    LintFormat.JSON: check_json,
    LintFormat.JSONL: check_jsonl,
    LintFormat.SARIF: check_sarif,
    LintFormat.GITHUB: check_github,
    LintFormat.GITLAB: check_gitlab,
    LintFormat.CHECKSTYLE: check_checkstyle,
    LintFormat.JUNIT: check_junit,
    LintFormat.RDJSON: check_rdjson,
    LintFormat.MARKDOWN: check_markdown,
}

CODES = ["IMG101", "IMG204", "IMG501", "SC2086"]


def test_every_format_is_checked() -> None:
    assert set(CHECKS) == set(LintFormat) - {LintFormat.TEXT}


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["a, b: c%0A\r\n::error::", "]]> <&\"'", "| x | @you #1 `y`", "\x00\x1b[31m\udcff", "\ufffe"]
)
NAMES = st.sampled_from(["Dockerfile", "a b/Döckerfile", "a:b,c%20", "x\udcff", "-", '"<&>|', "..", "/"])


@st.composite
def findings(draw: st.DrawFn, data: bytes) -> Finding:
    def span() -> Span:
        start = draw(st.integers(0, len(data)))
        return Span(start, draw(st.integers(start, len(data))))

    place = span()
    edit = Edit(*span(), draw(TEXTS))
    fix = draw(st.none() | st.sampled_from(list(Applicability)))
    return Finding(
        draw(st.sampled_from(CODES)),
        "name",
        draw(st.sampled_from(list(Severity))),
        place,
        draw(TEXTS.filter(bool)),
        fix=Fix("Do it", (edit,), fix) if fix else None,
        saves_bytes=draw(st.none() | st.integers(0, 10**12)),
        related=tuple(span() for _ in range(draw(st.integers(0, 2)))),
    )


@st.composite
def files(draw: st.DrawFn) -> LintResult:
    pieces = st.sampled_from(
        [b"FROM a AS b\n", b"RUN x\n", b"# c\n", b"RUN a \\\n b\r\n", b"\xff", "重".encode()]
    )
    data = b"".join(draw(st.lists(pieces | st.binary(max_size=4), max_size=6)))
    found = draw(st.lists(findings(data), max_size=3))
    return result(data, *found, path=draw(NAMES))


@pytest.mark.parametrize("output", CHECKS)
@settings(deadline=None, max_examples=25)
@given(results=st.lists(files(), max_size=3, unique_by=lambda r: r.path))
def test_any_finding_in_any_file(output: LintFormat, results: list[LintResult]) -> None:
    CHECKS[output](renderer(output)(results, ROOT))


@pytest.mark.parametrize("output", CHECKS)
def test_nothing_linted_and_nothing_found(output: LintFormat) -> None:
    CHECKS[output](renderer(output)([], ROOT))
    CHECKS[output](renderer(output)([result(b"FROM a\n")], ROOT))


# --- the checks find what they are there to find: (format, what is put for what) ---
BROKEN: list[tuple[LintFormat, str, str]] = [
    (LintFormat.SARIF, '"ruleIndex"', '"ruleIndx"'),
    (LintFormat.SARIF, '"startLine": 1', '"startLine": 0'),
    (LintFormat.SARIF, '"level": "warning"', '"level": "bad"'),
    (LintFormat.SARIF, '"uri": "Dockerfile"', '"uri": "a file"'),
    (LintFormat.GITLAB, '"minor"', '"warning"'),
    (LintFormat.RDJSON, '"column": 6', '"column": 0'),
    (LintFormat.CHECKSTYLE, 'line="1"', 'line="0"'),
    (LintFormat.JUNIT, 'tests="1"', 'tests="2"'),
    (LintFormat.GITHUB, ",line=1", ",line=a"),
]


@pytest.mark.parametrize("output, old, new", BROKEN)
def test_the_checks(output: LintFormat, old: str, new: str) -> None:
    finding = Finding("IMG101", "devel-final-stage", Severity.WARNING, Span(5, 6), "m")
    text = renderer(output)([result(b"FROM a\n", finding)], ROOT)
    CHECKS[output](text)
    assert old in text
    with pytest.raises((AssertionError, ValidationError)):
        CHECKS[output](text.replace(old, new, 1))
