"""ShellCheck's findings in real files, held to ShellCheck itself and to hadolint, which shows one a RUN."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from imgtool.facts.facts import Facts, Run
from imgtool.facts.stages import Stage
from imgtool.findings import Finding
from imgtool.lint.shellcheck import findings, program, run
from imgtool.lint.shellcheck.script import PRELUDE_LINES, Snippet, snippets
from imgtool.syntax import parse

PROGRAM = program.find()
HADOLINT = Path(sys.executable).parent / "hadolint"
EVERY = 9
"""One file of so many is looked at; the whole corpus takes a minute."""

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(PROGRAM is None, reason="ShellCheck is not installed"),
]


class Checked(NamedTuple):
    """A file with its scripts and what was found in them."""

    path: Path
    facts: Facts
    scripts: list[Snippet]
    found: list[Finding]


@cache
def checked(folder: Path) -> list[Checked]:
    assert PROGRAM
    files = [path for path in sorted((folder / "open").rglob("*")) if path.is_file()][::EVERY]
    facts = [Facts(parse(path.read_bytes())) for path in files]
    scripts = [list(snippets(each)) for each in facts]
    said = run.check([script.data for each in scripts for script in each], PROGRAM)
    return [
        Checked(path, each, made, list(findings.findings(made, said)))
        for path, each, made in zip(files, facts, scripts, strict=True)
    ]


def test_a_plain_script_has_the_same_findings(corpus: Path, tmp_path: Path) -> None:
    """Scripts that name no variable of the build: nothing that the prelude says can change what is found."""
    assert PROGRAM
    plain: dict[str, bytes] = {}
    scripts: dict[str, Snippet] = {}
    for file in checked(corpus):
        for script in file.scripts:
            shebang, directive, variables, body = script.data.split(b"\n", PRELUDE_LINES)
            if variables or b"disable=" in directive or b"busybox" in directive or b"shellcheck" in body:
                continue
            name = f"{len(plain)}.sh"
            plain[name] = shebang + b"\n" + body
            scripts[name] = script
            if len(plain) == 120:
                break
    for name, text in plain.items():
        (tmp_path / name).write_bytes(text)
    done = subprocess.run(
        [PROGRAM, "--norc", "-f", "json1", "-e", "SC1090,SC1091", *plain],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    said = run.check([script.data for script in scripts.values()], PROGRAM)
    theirs: dict[str, Counter[str]] = {name: Counter() for name in plain}
    for comment in json.loads(done.stdout)["comments"]:
        theirs[comment["file"]][f"SC{comment['code']}"] += 1
    assert len(plain) > 100
    ours = {name: Counter(f.code for f in findings.findings([s], said)) for name, s in scripts.items()}
    assert {name: found for name, found in theirs.items() if found - ours[name]} == {}


def test_what_is_underlined_is_what_is_said(corpus: Path) -> None:
    """SC2086 is about a variable, SC2046 about a substitution: so it must look in the file."""
    begins = {
        "SC2086": r"\$[\w{@*#?!]",
        "SC2046": r"\$\(|`",
        "SC2006": "`",
        "SC2164": "cd|pushd|popd",
        "SC2035": r"[*?\[]",
    }
    looked = 0
    for file in checked(corpus):
        for finding in file.found:
            text = file.facts.document.source.text(finding.span)
            # a name may be parted by a continuation
            if finding.code in begins and not text.startswith("\\"):
                assert re.match(begins[finding.code], text), (file.path, finding)
                looked += 1
    assert looked > 50


# --- hadolint --------------------------------------------------------------------------------------------


def windows(_code: str, _run: Run, stage: Stage, _scripts: list[Snippet]) -> bool:
    """It reads cmd and PowerShell as sh where no SHELL is set."""
    return (
        bool(re.search("windows|nanoserver", stage.root.from_.rest.data.decode(), re.IGNORECASE))
        or not _scripts
    )


def another_shell(code: str, _run: Run, _stage: Stage, scripts: list[Snippet]) -> bool:
    """It takes /bin/sh for a shell that POSIX alone describes, and forgets SHELL after ARG and ENV; SC2028 is not of dash."""
    return not any(
        re.match(rb"[^\n]*\n# shellcheck shell=sh\b", script.data) for script in scripts
    ) and code.startswith(("SC3", "SC2028", "SC2039", "SC2239", "SC1008"))


def known_value(code: str, _run: Run, _stage: Stage, scripts: list[Snippet]) -> bool:
    """The variable has a value of one word, from the base image or the second of two names in an ARG."""
    return code in ("SC2086", "SC2046", "SC2154") and any(b"\nexport " in script.data for script in scripts)


def errexit(code: str, _run: Run, _stage: Stage, scripts: list[Snippet]) -> bool:
    """SHELL starts the shell with -e, and a failed cd ends it."""
    return code == "SC2164" and any(b" -e\n" in script.data[:20] for script in scripts)


def inner_script(_code: str, run_: Run, _stage: Stage, _scripts: list[Snippet]) -> bool:
    """It reads a here-document for another program as the RUN's own script."""
    return bool(run_.instruction.heredocs) and len(run_.instruction.rest.data.split()) > 1


DIVERGENCES = (windows, another_shell, known_value, errexit, inner_script)
"""Why a finding of hadolint's is not ours: it is wrong, each time."""


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
def test_what_hadolint_finds_is_found(corpus: Path) -> None:
    files = checked(corpus)
    done = subprocess.run(
        [HADOLINT, "--no-fail", "-f", "json", "--disable-ignore-pragma", *(file.path for file in files)],
        capture_output=True, check=True,
    )  # fmt: skip
    theirs = [f for f in json.loads(done.stdout) if f["code"].startswith("SC")]
    by_path = {str(file.path): file for file in files}
    unexplained = []
    for said in theirs:
        file = by_path[said["file"]]
        stage, run_ = next(
            (s, r)
            for s in file.facts.stages
            for r in file.facts.runs(s)
            if r.instruction.start_line == said["line"]
        )
        span = run_.instruction.span
        if any(f.code == said["code"] and span.holds(f.span) for f in file.found):
            continue
        scripts = [s for s in file.scripts if span.start <= s.source.text.offset(0) < span.end]
        if not any(holds(said["code"], run_, stage, scripts) for holds in DIVERGENCES):
            unexplained.append((said["file"], said["line"], said["code"]))
    assert unexplained == []
    assert len(theirs) > 50
    assert sum(len(file.found) for file in files) > 1.5 * len(theirs)
