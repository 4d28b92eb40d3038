"""A fix that is taken from a report gives the file that ``--fix`` gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imgtool.edits import apply
from imgtool.findings import Applicability, Finding
from imgtool.lint.registry import load, select
from imgtool.lint.runner import LintResult, lint
from imgtool.report.lint.rdjson import as_rdjson
from imgtool.report.lint.sarif import as_sarif

TEXT = """\
FROM nvidia/cuda:12.1.1-devel-ubuntu22.04
# imgtool ignore=IMG001
ADD 重い.txt /data/
RUN echo 重い && apt-get update && \\
    # 重い
    apt-get install -y curl && pip install flask
RUN chown -R 1000 /data/
"""

# --- the same text in other bytes ---
FILES = {
    "plain": TEXT.encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "byte-order mark": b"\xef\xbb\xbf# imgtool ignore=IMG001\n" + TEXT.encode(),
    "no newline at the end": TEXT.rstrip().encode(),
}


def linted(data: bytes) -> tuple[LintResult, list[tuple[int, Finding]]]:
    result = lint(data, "Dockerfile", [load(entry) for entry in select(preview=True)])
    applied = (Applicability.SAFE, Applicability.UNSAFE)
    found = [(n, f) for n, f in enumerate(result.findings) if f.fix and f.fix.applicability in applied]
    assert len(found) > 2
    return result, found


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_sarif(data: bytes) -> None:
    result, found = linted(data)
    rows = json.loads(as_sarif([result], Path.cwd()))["runs"][0]["results"]
    for number, finding in found:
        assert finding.fix
        (change,) = rows[number]["fixes"][0]["artifactChanges"]
        marked = data.startswith(b"\xef\xbb\xbf")
        text = data.decode("utf-8-sig")
        fixed = replaced(text, change["replacements"]).encode()
        assert (b"\xef\xbb\xbf" if marked else b"") + fixed == apply(data, finding.fix.edits)


def replaced(text: str, replacements: list[dict[str, Any]]) -> str:
    """What an editor does with them: lines end at newlines, columns count characters."""
    starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
    for one in sorted(replacements, key=lambda r: -place(starts, r["deletedRegion"], "start")):
        region = one["deletedRegion"]
        start, end = place(starts, region, "start"), place(starts, region, "end")
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return text


def place(starts: list[int], region: dict[str, int], which: str) -> int:
    return starts[region[f"{which}Line"] - 1] + region[f"{which}Column"] - 1


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_rdjson(data: bytes) -> None:
    result, found = linted(data)
    rows = json.loads(as_rdjson([result], Path.cwd()))["diagnostics"]
    lines = data.split(b"\n")
    for number, finding in found:
        assert finding.fix
        (suggestion,) = rows[number]["suggestions"]
        start, end = (
            sum(len(line) + 1 for line in lines[: at["line"] - 1]) + at["column"] - 1
            for at in (suggestion["range"]["start"], suggestion["range"]["end"])
        )
        assert data[:start] + suggestion["text"].encode() + data[end:] == apply(data, finding.fix.edits)
