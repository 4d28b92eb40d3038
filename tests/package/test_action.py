"""The action: held against its schema, audited, and its steps run for real."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from actions import BIN, ROOT, Job, action
from archives import classic, files, layer

CLEAN = 'FROM debian:bookworm\nUSER 65534\nCMD ["true"]\n'
FAULTY = "FROM debian:bookworm\nMAINTAINER somebody\n"
DEVEL = 'FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\nCMD ["true"]\n'

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="steps are bash")


def steps(kind: str) -> list[Any]:
    return [step for step in action()["runs"]["steps"] if kind in step]


@pytest.mark.parametrize(
    "words",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"),
        ("zizmor", "--offline", "--no-progress", "action.yml"),
    ],
    ids=lambda words: words[0],
)
def test_others_find_nothing(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [BIN / words[0], *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    for number, step in enumerate(steps("run")):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\n{step['run']}")
    done = subprocess.run(
        [BIN / "shellcheck", *sorted(tmp_path.glob("*.sh"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


def test_nothing_is_interpolated_into_scripts() -> None:
    assert not [step["name"] for step in steps("run") if "${{" in step["run"]]
    assert {step["shell"] for step in steps("run")} == {"bash"}


def test_other_actions_are_pinned() -> None:
    lines = [
        line
        for line in (ROOT / "action.yml").read_text("utf-8").splitlines()
        if "uses:" in line.split("#")[0]
    ]
    assert len(lines) == len(steps("uses"))
    assert all(re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line) for line in lines)


def test_inputs_and_outputs_are_used_and_explained() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    page = (ROOT / "docs/ci.md").read_text("utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action()["inputs"])
    identifiers = {step["id"] for step in action()["runs"]["steps"] if "id" in step}
    assert set(re.findall(r"steps\.([\w-]+)\.", text)) <= identifiers
    for name in (*action()["inputs"], *action()["outputs"]):
        assert f"| `{name}` |" in page, name


def test_only_the_comment_sees_the_token() -> None:
    with_token = [
        step["name"] for step in action()["runs"]["steps"] if "inputs.token" in str(step.get("env"))
    ]
    assert with_token == ["Comment"]


@needs_bash
@pytest.mark.parametrize(
    ("dockerfile", "inputs", "code", "said"),
    [
        (CLEAN, {}, 0, ""),
        (FAULTY, {}, 1, "::warning title=imgtool"),
        (FAULTY, {"fail-on": "never"}, 0, "::warning title=imgtool"),
        (FAULTY, {"fail-on": "error"}, 0, "::warning title=imgtool"),
        (FAULTY, {"lint": ""}, 0, ""),
        (FAULTY, {"lint": "elsewhere"}, 2, "elsewhere: no such file or folder"),
        (CLEAN, {"rewrite": "Dockerfile"}, 0, ""),
        (DEVEL, {"lint": "", "rewrite": "Dockerfile"}, 1, "Dockerfile would be rewritten"),
        # every part runs, whatever the one before it says; the worst code counts
        (DEVEL, {"rewrite": "Dockerfile"}, 1, "imgtool lint: exit code 1\nimgtool rewrite: exit code 1\n"),
        (DEVEL, {"rewrite": "Dockerfile\nelsewhere"}, 2, "imgtool rewrite: exit code 2"),
    ],
)
def test_steps(tmp_path: Path, dockerfile: str, inputs: dict[str, str], code: int, said: str) -> None:
    job = Job(tmp_path, inputs)
    (job.project / "Dockerfile").write_text(dockerfile)
    job.run()
    assert job.code == code, job.log
    assert said in job.log


@needs_bash
def test_findings_stand_on_the_summary_page(tmp_path: Path) -> None:
    job = Job(tmp_path, {"lint": "Dockerfile\n\na folder/Dockerfile\n"})
    (job.project / "a folder").mkdir()
    for name in ("Dockerfile", "a folder/Dockerfile"):
        (job.project / name).write_text(FAULTY)
    job.run()
    assert job.outputs["steps.lint.outputs.code"] == "1"
    assert all(name in job.summary for name in ("BK008", "a folder/Dockerfile"))


@needs_bash
@pytest.mark.parametrize("text", ['$(touch made)"; touch made; "', "`touch made`", "--fix", "*"])
def test_inputs_are_never_run(tmp_path: Path, text: str) -> None:
    names = ("lint", "rewrite", "images", "baseline", "dockerfile", "context", "comment-key", "gate-options")
    job = Job(tmp_path, dict.fromkeys(names, text))
    (job.project / "Dockerfile").write_text(FAULTY)
    job.run()
    assert job.code == 2
    assert [path.name for path in job.project.iterdir()] == ["Dockerfile"]
    assert (job.project / "Dockerfile").read_text() == FAULTY


@needs_bash
@pytest.mark.parametrize("version", ["1.0; touch made", "--upgrade", "git+https://example.com/x", "1 2"])
def test_a_version_is_a_version(tmp_path: Path, version: str) -> None:
    job = Job(tmp_path, {"version": version})
    job.step(next(step for step in steps("run") if step["id"] == "install"))
    assert job.code == 2
    assert "a release like" in job.log


@needs_bash
def test_no_module_of_the_checkout_is_run(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        {"version": "0.0.1"},
        environment={"PIP_NO_INDEX": "1"},
        outputs={"steps.python.outputs.python-path": sys.executable},
    )
    for name in ("venv", "pip"):
        (job.project / f"{name}.py").write_text("open('made', 'x')\nprint('of the checkout')\n")
    job.step(next(step for step in steps("run") if step["id"] == "install"))
    assert "of the checkout" not in job.log
    assert not (job.project / "made").exists()
    assert "No matching distribution" in job.log


@needs_bash
@pytest.mark.registry
def test_installs_itself(tmp_path: Path) -> None:
    job = Job(tmp_path, outputs={"steps.python.outputs.python-path": sys.executable})
    job.step(next(step for step in steps("run") if step["id"] == "install"))
    assert job.code == 0, job.log
    assert (Path(job.outputs["steps.install.outputs.bin"]) / "shellcheck").exists()


@needs_bash
@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"images": "base.tar", "gate-options": "--max-size=1MB"}, 0),
        ({"images": "head.tar", "baseline": "base.tar", "gate-options": "--max-growth=5%"}, 1),
        (
            {
                "images": "head.tar",
                "baseline": "base.tar",
                "gate-options": "--max-growth=200kB\n--max-size=1kB",
            },
            1,
        ),
        ({"images": "base.tar\nhead.tar", "gate-options": "--max-size=150kB"}, 1),
        ({"gate": "true"}, 1),
        ({"images": "base.tar"}, 2),
        ({"images": "nothing.tar", "gate-options": "--max-size=1MB"}, 3),
    ],
)
def test_gate(tmp_path: Path, inputs: dict[str, str], code: int) -> None:
    job = Job(tmp_path, {"lint": "", "comment-key": "nightly", **inputs})
    grown = [layer("a 100000"), layer("b 20000, a 100000")]
    (job.project / "base.tar").write_bytes(files(classic(grown[:1])))
    (job.project / "head.tar").write_bytes(files(classic(grown)))
    if "gate" in inputs:
        table = '[gate]\nmax-growth = "5%"\n[[gate.images]]\nname = "app"\nimage = "head.tar"\nbaseline = "base.tar"\n'
        (job.project / ".imgtool.toml").write_text(table)
    job.run()
    assert (job.code, job.outputs["steps.gate.outputs.code"]) == (code, str(code)), job.log
    if code != 2:
        report = Path(job.outputs["steps.gate.outputs.report"]).read_text("utf-8")
        assert report.startswith("<!-- imgtool-gate:nightly -->")
        assert report.splitlines()[1] in job.summary
    assert ("::error " in job.log) == (code in (1, 3))


@needs_bash
@pytest.mark.engine
def test_gate_builds_both(tmp_path: Path) -> None:
    inputs = {"lint": "", "dockerfile": "Dockerfile", "against-dockerfile": "base/Dockerfile"}
    options = "--max-growth=1kB\n--against-context=base\n--network=host"
    job = Job(tmp_path, {**inputs, "context": ".", "gate-options": options})
    for folder, size in ((job.project / "base", 1000), (job.project, 50_000)):
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text("FROM debian:bookworm\nCOPY data /data\n")
        (folder / "data").write_bytes(b"x" * size)
    job.run()
    assert job.code == 1, job.log
    assert ",file=Dockerfile,line=2::" in job.log
    assert Path(job.outputs["steps.gate.outputs.report"]).exists()


@needs_bash
def test_a_report_of_before_is_none_of_now(tmp_path: Path) -> None:
    job = Job(tmp_path, {"lint": "", "images": "base.tar"})
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary/imgtool-gate.md").write_text("<!-- imgtool-gate:imgtool -->")
    job.run()
    assert "steps.gate.outputs.report" not in job.outputs
