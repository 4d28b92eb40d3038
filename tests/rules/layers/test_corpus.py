"""The rules about layers on real files: the record of what was read, and what their fixes make of shell scripts."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.lint import registry
from imgtool.lint.fixer import fix
from imgtool.lint.runner import LintResult, lint
from imgtool.syntax import parse

RECORD = Path(__file__).resolve().parents[2] / "precision"
CODES = [f"IMG2{n:02}" for n in range(1, 15)]
# read by one pair of eyes so far
ONCE = {"IMG214"}
VERDICTS = {"right", "wrong", "debatable"}
pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def rules() -> list[registry.Rule]:
    return [registry.load(entry) for entry in registry.index() if entry.code in CODES]


@pytest.fixture(scope="module")
def results(rules: list[registry.Rule], corpus: Path) -> dict[str, LintResult]:
    found = {
        p.name: lint(p.read_bytes(), p.name, rules, FactOptions())
        for p in sorted((corpus / "open").iterdir())
    }
    assert not [result.path for result in found.values() if result.failures]
    return found


@pytest.mark.parametrize("code", CODES)
def test_nine_of_ten_findings_are_right(code: str, results: dict[str, LintResult]) -> None:
    with (RECORD / f"{code}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    places = {
        (name, result.source.line_of(finding.span.start))
        for name, result in results.items()
        for finding in result.findings
        if finding.code == code
    }
    assert {(row["file"], int(row["line"])) for row in rows} <= places
    assert len(rows) == min(30, len(places))
    assert all(row["reason"] and row["verdict"] in VERDICTS for row in rows)
    # rows of a new rule, and those that a change of the rule has drawn anew, wait for their second reader
    assert all(row["second"] in VERDICTS | {""} for row in rows)
    assert code in ONCE or sum(bool(row["second"]) for row in rows) >= 0.7 * len(rows)
    assert sum(row["verdict"] == "right" for row in rows) >= 0.9 * len(rows)
    # a second reader, who left more open
    right, refused = (sum(row["second"] == verdict for row in rows) for verdict in ("right", "wrong"))
    assert right >= 9 * refused


def scripts(data: bytes) -> Iterator[bytes]:
    for instruction in parse(data).instructions:
        if instruction.keyword == "RUN" and not instruction.json and not instruction.heredocs:
            yield instruction.rest.data


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_a_shell_reads_every_changed_script(
    rules: list[registry.Rule], results: dict[str, LintResult]
) -> None:
    """Every seventh file with a fix: the script of each RUN that changed is one that bash takes."""
    fixable = [result for result in results.values() if any(f.fix for f in result.findings)][::7]
    changed: list[bytes] = []
    for result in fixable:
        done = fix(result.source.data, lambda data: lint(data, "Dockerfile", rules), unsafe=True)
        assert done.converged
        before = set(scripts(result.source.data))
        changed += (script for script in scripts(done.data) if script not in before)
    assert len(changed) > 100
    # functions are read whole and not run
    text = b"\n".join(b"f%d() {\n%s\n}" % pair for pair in enumerate(changed))
    assert subprocess.run(["bash", "-n"], input=text, capture_output=True, check=False).stderr == b""
