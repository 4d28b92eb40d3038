"""``# check=``: what it silences, and what else it asks for."""

from __future__ import annotations

import pytest

from imgtool.edits import apply
from imgtool.facts.facts import FactOptions
from imgtool.findings import Severity
from imgtool.lint import registry
from imgtool.lint.dialects import buildkit
from imgtool.lint.runner import Judgement, LintResult, lint
from imgtool.syntax import parse

BODY = "FROM debian:bookworm AS Build\nWORKDIR x\nWORKDIR y\n"


def run(text: str, *codes: str) -> LintResult:
    chosen = codes or ("BK", "IMG002", "IMG003")
    rules = [registry.load(e) for e in registry.index() if e.code.startswith(chosen) and not e.preview]
    result = lint(text.encode(), "Dockerfile", rules, FactOptions())
    assert not result.failures
    return result


def codes(text: str) -> list[str]:
    return [finding.code for finding in run(text).findings]


# --- (file, codes of what is left) ---
TABLE = [
    pytest.param(BODY, ["BK001", "BK010"], id="no comment"),
    pytest.param(f"# check=skip=StageNameCasing\n{BODY}", ["BK010"], id="for the file"),
    pytest.param(f"# check=skip=StageNameCasing,WorkdirRelativePath\n{BODY}", [], id="two"),
    pytest.param(f"# check=skip=StageNameCasing // so\n{BODY}", ["BK010"], id="with a reason"),
    pytest.param(f"#check = skip=StageNameCasing\n{BODY}", ["BK010"], id="blanks around the equals sign"),
    pytest.param(f"# CHECK=skip=StageNameCasing\n{BODY}", ["BK010"], id="the key in any case"),
    pytest.param(
        f"# check=skip=StageNameCasing, WorkdirRelativePath\n{BODY}", ["BK010"], id="it ends at a blank"
    ),
    pytest.param(f"# check=skip=stagenamecasing\n{BODY}", ["IMG003", "BK001", "BK010"], id="names have case"),
    pytest.param(f"# check=skip=BK001\n{BODY}", ["IMG003", "BK001", "BK010"], id="not our codes"),
    pytest.param(f"# check=skip=all\n{BODY}", [], id="all"),
    pytest.param(f"# check=error=false;skip=all\n{BODY}", [], id="the second option"),
    pytest.param(f"# syntax=docker/dockerfile:1\n# check=skip=all\n{BODY}", [], id="below another directive"),
    pytest.param(f"#!/usr/bin/env x\n# check=skip=all\n{BODY}", [], id="below a shebang"),
    pytest.param(
        f"\n# check=skip=DuplicateStageName\n{BODY}", ["IMG002", "BK001", "BK010"], id="no directive"
    ),
    pytest.param(f"# check=skip=StageNameCasing\n\n{BODY}", ["BK010"], id="a directive, whatever follows"),
    pytest.param(f"ARG A\n# check=skip=StageNameCasing // so\n{BODY}", ["BK010"], id="above FROM"),
    pytest.param(f"ARG A\n# check=skip=StageNameCasing\n\n# x\n{BODY}", ["BK010"], id="blank lines between"),
    pytest.param(
        f"ARG A\n# check=skip=StageNameCasing\n#\n{BODY}", ["BK001", "BK010"], id="a bare # ends the block"
    ),
    pytest.param(
        f"ARG A\n# check=skip=FromAsCasing\n# check=skip=StageNameCasing\n{BODY}",
        ["IMG002", "BK001", "BK010"],
        id="the first counts",
    ),
    pytest.param(
        "FROM debian:bookworm AS b\n# check=skip=DuplicateStageName\nFROM debian:bookworm AS b\n",
        ["IMG002", "BK005"],
        id="not for one instruction",
    ),
    pytest.param(
        "# check=skip=DuplicateStageName\nFROM debian:bookworm AS b\nFROM debian:bookworm AS b\n",
        [],
        id="but for the file",
    ),
    pytest.param(
        'FROM debian:bookworm\nCMD ["a"]\n# check=skip=MultipleInstructionsDisallowed\nCMD ["b"]\n',
        [],
        id="above the later of two",
    ),
    pytest.param(
        "# check=skip=UndefinedVar,CopyIgnoredFile,all\nFROM debian:bookworm\n",
        [],
        id="of use to an engine, perhaps",
    ),
    pytest.param(
        "# check=skip=all;experimental=all\n# x\nARG A\nFROM debian:bookworm\n",
        ["BK020"],
        id="what is experimental cannot be skipped",
    ),
    pytest.param(
        "# check=experimental=InvalidDefinitionDescription\n# x\nARG A\nFROM debian:bookworm\n",
        ["BK020"],
        id="an experimental check",
    ),
]


@pytest.mark.parametrize("text, left", TABLE)
def test_silenced(text: str, left: list[str]) -> None:
    assert codes(text) == left


def test_other_rules_of_that_name() -> None:
    secret = "FROM debian:bookworm\nENV DB_PASSWORD=tr0ub4dor&3x\n"
    assert [f.code for f in run(secret, "IMG501", "BK").findings] == ["IMG501"]
    assert not run(f"# check=skip=SecretsUsedInArgOrEnv\n{secret}", "IMG501", "BK").findings


def test_error_makes_checks_errors() -> None:
    found = run(f"# check=skip=LegacyKeyValueFormat;error=true\n{BODY}").findings
    assert {f.code: f.severity for f in found} == {
        "BK001": Severity.ERROR,
        "BK010": Severity.ERROR,
        "IMG002": Severity.WARNING,
    }


def test_without_comments_nothing_is_asked() -> None:
    text = "# check=skip=all;error=true;experimental=all\n# x\nARG A\nFROM debian:bookworm\nWORKDIR x\n"
    rules = [registry.load(e) for e in registry.index() if e.code.startswith("BK") and not e.preview]
    result = lint(text.encode(), "Dockerfile", rules, judgement=Judgement(comments=False))
    assert [(f.code, f.severity) for f in result.findings] == [("BK010", Severity.WARNING)]


def test_experimental_runs_with_checks_alone() -> None:
    text = "# check=experimental=all\n# x\nARG A\nFROM debian:bookworm\n"
    assert not run(text, "IMG101").findings


# --- (file, the file without what silences nothing) ---
REMOVED = [
    ("# check=skip=LegacyKeyValueFormat\nFROM a\n", "FROM a\n"),
    ("# check=skip=LegacyKeyValueFormat;error=true\nFROM a\n", "# check=error=true\nFROM a\n"),
    ("# check=error=true;skip=LegacyKeyValueFormat // x\nFROM a\n", "# check=error=true // x\nFROM a\n"),
    (
        "# check=skip=StageNameCasing,LegacyKeyValueFormat\nFROM a AS B\n",
        "# check=skip=StageNameCasing\nFROM a AS B\n",
    ),
]


@pytest.mark.parametrize("text, left", REMOVED)
def test_the_fix_keeps_other_options(text: str, left: str) -> None:
    (finding,) = run(text).findings
    assert finding.code == "IMG002"
    assert finding.fix
    assert apply(text.encode(), finding.fix.edits).decode() == left


@pytest.mark.parametrize(
    "text, options",
    [
        ("FROM a\n", buildkit.Options()),
        ("# check=error=1\nFROM a\n", buildkit.Options(error=True)),
        ("# check=error=maybe\nFROM a\n", buildkit.Options()),
        ("# check=experimental=Nothing\nFROM a\n", buildkit.Options()),
        ("# check=experimental=all;error=true\nFROM a\n", buildkit.Options(True, buildkit.EXPERIMENTAL)),
        ("FROM a\n# check=error=true\nRUN b\n", buildkit.Options()),
    ],
)
def test_options(text: str, options: buildkit.Options) -> None:
    assert buildkit.options(parse(text.encode())) == options


def test_every_check_is_known_to_the_dialect() -> None:
    names = {entry.aliases[0] for entry in registry.index() if entry.code.startswith("BK")}
    text = f"# check=skip={','.join(sorted(names))}\nFROM a\n"
    (comment,) = buildkit.read(parse(text.encode()))
    assert all(code.known for code in comment.codes)
    assert {code.text for code in comment.codes if not code.silences} == buildkit.EXPERIMENTAL
