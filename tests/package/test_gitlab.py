"""The template for GitLab: held against GitLab's schema, and its scripts run for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from actions import BIN, ROOT
from archives import classic, files, layer

TEMPLATE = ROOT / "docs/ci/imgtool.gitlab-ci.yml"
PIPELINE = yaml.safe_load(TEMPLATE.read_text("utf-8"))
SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"no {shell}"))
    for shell in ("sh", "bash")
]

CLEAN = 'FROM debian:bookworm\nUSER 65534\nCMD ["true"]\n'
FAULTY = "FROM debian:bookworm\nMAINTAINER somebody\n"
DEVEL = 'FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\nCMD ["true"]\n'


def run(job: str, folder: Path, shell: str = "sh", **variables: str) -> subprocess.CompletedProcess[str]:
    """The script of a job, as a runner hands it to a shell: what installs is left out, imgtool is on the path."""
    lines = ["set -e", *PIPELINE[".imgtool"]["before_script"][3:], *PIPELINE[job]["script"]]
    values = {**PIPELINE["variables"], **variables}
    environment = {**os.environ, **values, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [shell, "-c", "\n".join(lines)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_schema() -> None:
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", TEMPLATE],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


def test_variables_are_used_and_explained() -> None:
    text = TEMPLATE.read_text("utf-8")
    assert set(re.findall(r"\$\{?(IMGTOOL_\w+)", text)) == set(PIPELINE["variables"])
    page = (ROOT / "docs/ci.md").read_text("utf-8")
    assert [name for name in PIPELINE["variables"] if f"| `{name}` |" not in page] == []


def test_reports_are_what_the_scripts_write() -> None:
    for name, job in PIPELINE.items():
        for report in job.get("artifacts", {}).get("reports", {}).values() if name != "variables" else ():
            assert report in "".join(job["script"]), name


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("text", "code", "found"), [(CLEAN, 0, 0), (FAULTY, 1, 1)])
def test_lint(tmp_path: Path, shell: str, text: str, code: int, found: int) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    done = run("imgtool-lint", tmp_path, shell)
    assert done.returncode == code, done.stderr
    issues: list[Any] = json.loads((tmp_path / "gl-imgtool-lint.json").read_text("utf-8"))
    assert len(issues) == found


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("text", "code"), [(CLEAN, 0), (DEVEL, 1)])
def test_rewrite(tmp_path: Path, shell: str, text: str, code: int) -> None:
    for name in ("a.Dockerfile", "b.Dockerfile"):
        (tmp_path / name).write_text(text)
    done = run("imgtool-rewrite", tmp_path, shell, IMGTOOL_REWRITE="a.Dockerfile b.Dockerfile")
    assert done.returncode == code, done.stderr
    assert ("a.Dockerfile, b.Dockerfile would be rewritten" in done.stderr) == bool(code)


@pytest.mark.parametrize("shell", SHELLS)
def test_words_are_no_patterns_and_no_commands(tmp_path: Path, shell: str) -> None:
    (tmp_path / "Dockerfile").write_text(FAULTY)
    done = run("imgtool-lint", tmp_path, shell, IMGTOOL_LINT="* $(touch made) ;touch made")
    assert done.returncode == 2
    assert "*: no such file or folder" in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"IMGTOOL_IMAGES": "base.tar", "IMGTOOL_GATE_OPTIONS": "--max-size=1MB --max-layers=3"}, 0),
        (
            {
                "IMGTOOL_IMAGES": "head.tar",
                "IMGTOOL_BASELINE": "base.tar",
                "IMGTOOL_GATE_OPTIONS": "--max-growth=5%",
            },
            1,
        ),
        ({"IMGTOOL_GATE": "true"}, 1),
    ],
)
def test_gate(tmp_path: Path, shell: str, variables: dict[str, str], code: int) -> None:
    grown = [layer("a 100000"), layer("b 20000, a 100000")]
    (tmp_path / "base.tar").write_bytes(files(classic(grown[:1])))
    (tmp_path / "head.tar").write_bytes(files(classic(grown)))
    if "IMGTOOL_GATE" in variables:
        table = '[gate]\nmax-growth = "5%"\n[[gate.images]]\nname = "app"\nimage = "head.tar"\nbaseline = "base.tar"\n'
        (tmp_path / ".imgtool.toml").write_text(table)
    done = run("imgtool-gate", tmp_path, shell, **variables)
    assert done.returncode == code, done.stderr
    assert len(json.loads((tmp_path / "gl-imgtool-gate.json").read_text("utf-8"))) == code
    assert "<testsuite" in (tmp_path / "imgtool-gate.xml").read_text("utf-8")
    assert "imgtool" in (tmp_path / "metrics.txt").read_text("utf-8")
